"""Pictures: `POST /images/generations`. One picture for each order, and each costs money."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from lib.errors import ContentFiltered, Error, UpstreamUncertain
from lib.invocation import context
from lib.invocation.retry import ORDER, retry
from lib.invocation.within_deadline import within_deadline
from lib.types.images import DrawnImage, ImageRequest
from lib.upstreams.bigmodel import models, service

_DRAW: Final = "/images/generations"

DEFAULT: Final = "cogview-4"
"""The model where the caller names none of the platform's."""
_OLD_NAMES: Final = frozenset({"cogview-3", "cogview-3-plus"})
"""Names that the web service has; the platform has given these models up."""

LARGEST_RATIO: Final = 64
"""A size of no more than this is a ratio: nobody wants so small a picture."""

_QUALITIES: Final[Mapping[str, str]] = MappingProxyType(
    {"hd": "hd", "high": "hd", "standard": "standard", "medium": "standard", "low": "standard"}
)


class _Sizes:
    """What a model draws: sides between two bounds that are multiples of a step, and a number of pixels."""

    def __init__(self, step: int, low: int, high: int, pixels: int, usual: Sequence[tuple[int, int]]) -> None:
        self._step, self._low, self._high, self._pixels = step, low, high, pixels
        self._usual = usual

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The size nearest to the one that is asked for; of ratios and of extreme sizes the nearest usual one."""
        if (width, height) in self._usual:
            return width, height
        usual = min(self._usual, key=lambda size: abs(math.log(width * size[1] / (height * size[0]))))
        if max(width, height) <= LARGEST_RATIO:
            return usual
        scale = max(1.0, self._low / min(width, height))
        scale = min(scale, self._high / max(width, height), math.sqrt(self._pixels / (width * height)))
        fitted = [int(side * scale + 1e-6) // self._step * self._step for side in (width, height)]
        return (fitted[0], fitted[1]) if min(fitted) >= self._low else usual


_GLM_IMAGE: Final = _Sizes(
    32,
    1024,
    2048,
    2**22,
    ((1280, 1280), (1568, 1056), (1056, 1568), (1472, 1088), (1088, 1472), (1728, 960), (960, 1728)),
)
_COGVIEW: Final = _Sizes(
    16,
    512,
    2048,
    2**21,
    ((1024, 1024), (768, 1344), (864, 1152), (1344, 768), (1152, 864), (1440, 720), (720, 1440)),
)
"""Bounds, and the sizes that the platform recommends, the default first [documented]."""


async def draw(request: ImageRequest, key: str) -> list[DrawnImage]:
    """The pictures, each ordered once and all at once; fewer than are wanted where some orders fail.

    Raises what an order fails with where none is drawn: `ContentFiltered` for what the filter stops, and
    `UpstreamUncertain` before all where a picture may have cost money: it is not ordered with another key.
    """
    orders = [_order(request, key) for _ in range(request.n or 1)]
    results = await asyncio.gather(*orders, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, Error):
            raise failure
    drawn = [picture for result in results if isinstance(result, list) for picture in result]
    if drawn:
        return drawn
    raise next((failure for failure in failures if isinstance(failure, UpstreamUncertain)), failures[0])


async def _order(request: ImageRequest, key: str) -> list[DrawnImage]:
    """One order's picture. It is repeated only where the platform surely has not taken it."""
    platform = service.of_key(key)
    body = _body(request)
    context.current().answered_by = body["model"]
    async with within_deadline():
        told = await retry(lambda: platform.call("POST", _DRAW, key, body=body, order=True), ORDER)
    drawn = [picture for one in _listed(told.get("data")) if (picture := _picture(one))]
    if drawn:
        return drawn
    if told.get("content_filter"):
        raise ContentFiltered("The open platform's filter does not let this be drawn.", param="prompt")
    raise UpstreamUncertain("The open platform took the order, and gave no picture.")


def model(name: str) -> str:
    """The model that a name means: the platform's own and those of its families, else the default."""
    name = models.plain(name)
    ours = name in models.IMAGES or name.startswith(("cogview-", "glm-image"))
    return name if ours and name not in _OLD_NAMES else DEFAULT


def _body(request: ImageRequest) -> dict[str, Any]:
    name = model(request.model)
    body: dict[str, Any] = {"model": name, "prompt": request.prompt}
    if request.size is not None and min(request.size) > 0:
        sizes = _GLM_IMAGE if name.startswith("glm-image") else _COGVIEW
        width, height = sizes.fit(*request.size)
        body["size"] = f"{width}x{height}"
    quality = _QUALITIES.get(request.quality)
    if quality and not name.startswith("glm-image"):  # It draws in hd alone.
        body["quality"] = quality
    return body


def _listed(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


def _picture(one: Any) -> DrawnImage | None:
    url = one.get("url") if isinstance(one, dict) else one
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    prompt = one.get("revised_prompt") if isinstance(one, dict) else None
    return DrawnImage(url, prompt if isinstance(prompt, str) else "")
