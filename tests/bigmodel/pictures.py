"""`POST /images/generations`, and the pictures themselves."""

import itertools
import re
import time

from starlette.responses import JSONResponse, Response

from tests.upstream import media
from tests.upstream.call import Call, Reply

from . import checks, models
from .errors import Refusal, bad

_SIZE = re.compile(r"(\d+)x(\d+)")


class Pictures:
    """The endpoint, and how many were drawn."""

    def __init__(self) -> None:
        self.site = ""
        self.clear()

    def clear(self) -> None:
        self._numbers = itertools.count(1)

    async def draw(self, call: Call) -> Reply:
        body = call.json
        checks.known(
            body,
            {
                "model": checks.text,
                "prompt": checks.text,
                "quality": checks.one_of("hd", "standard"),
                "size": checks.text,
                "watermark_enabled": checks.flag,
                **checks.IDS,
            },
            {"quality", "size", "watermark_enabled", *checks.IDS},
        )
        if body["model"] not in models.IMAGES:
            raise Refusal(1211)
        if body["model"] == "glm-image" and body.get("quality") == "standard":
            raise bad("glm-image draws in hd alone", 1214)
        width, height = _size(body["model"], body.get("size") or "1024x1024")
        url = f"{self.site}/pictures/{next(self._numbers)}-{width}x{height}.png"
        return JSONResponse(
            {
                "created": int(time.time()),
                "data": [{"url": url}],
                "content_filter": [{"role": "assistant", "level": 3}],
            }
        )

    async def picture(self, call: Call) -> Reply:
        """A picture that was drawn; public."""
        number = int(call.path_params["name"].partition("-")[0])
        return Response(media.picture(number, kind="PNG"), media_type="image/png")


def _size(model: str, size: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(size)
    if found is None:
        raise bad("size is no size", 1214)
    width, height = int(found[1]), int(found[2])
    step, low, most = (32, 1024, 2**22) if model == "glm-image" else (16, 512, 2**21)
    if model == "glm-image" and size == "1024x1024":
        return width, height
    sides = (width, height)
    if any(side % step for side in sides):
        raise bad(f"a side that is no multiple of {step}", 1214)
    if min(sides) < low and not (model == "glm-image" and min(sides) == 960):
        raise bad("a side that is too short", 1214)
    if max(sides) > 2048 or width * height > most:
        raise bad("too many pixels", 1214)
    return width, height
