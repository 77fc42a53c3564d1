"""The size of a picture or a video as clients write it: pixels, or a ratio."""

import re
from typing import Final

from lib.errors import BadRequest

_SIZE: Final = re.compile(r"\s*(\d{1,5})\s*[xX×*:]\s*(\d{1,5})\s*")


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Width and height of `1024x1792` or `16:9`; None where the caller leaves it open. Raises `BadRequest`."""
    if text is None or text.strip().lower() in ("", "auto"):
        return None
    found = _SIZE.fullmatch(text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not width or not height:
        raise BadRequest("The size is not one like 1024x1024, and not auto.", param="size")
    return width, height
