"""Pictures made to measure: a video's first frame, and what a model takes. Pillow is imported only when needed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

WIDTH: Final = 1440
MAX_HEIGHT: Final = 960
"""What the service takes (protocol, "Videos"): pictures of this width, and at most this high."""

MAX_PIXELS: Final = 50_000_000
"""The largest picture that is decoded: what the larger cameras of phones make. It takes up to 800 MB of memory while
that is done. A few kilobytes can claim to be a picture of many gigabytes."""

FORMATS: Final = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""What is decoded. Pillow knows many more, most of them rare, some of which start other programs."""

_QUALITY: Final = 95
_SHARP_PIXELS: Final = 1_000_000
"""Pixels up to which a picture is written as PNG: some 3 MB at the most."""
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
"""One at a time, since several large pictures would not fit into a function's memory. And an executor of its own: in
the loop's, pictures that wait would keep every look-up of a host's address waiting."""


async def fit_in_turn(content: bytes) -> bytes:
    """The same as `fit`, in a thread, one picture after the other."""
    return await asyncio.get_running_loop().run_in_executor(_executor, fit, content)


def fit(content: bytes) -> bytes:
    """Make the picture in `content` a JPEG of `WIDTH`, cut above and below where it would be higher than `MAX_HEIGHT`.

    Slow: call it in a thread. Raises `ValueError`, which says why, for what is not a picture, or too large a one.
    """
    return _made(content, _frame)


async def bounded_in_turn(content: bytes, most_bytes: int, longest_side: int) -> bytes:
    """The same as `bounded`, in a thread, one picture after the other."""
    return await asyncio.get_running_loop().run_in_executor(_executor, bounded, content, most_bytes, longest_side)


def bounded(content: bytes, most_bytes: int, longest_side: int) -> bytes:
    """The picture in `content` as PNG or JPEG within these bounds; itself where it is that already.

    Slow: call it in a thread. Raises `ValueError`, which says why, for what is not a picture, or too large a one.
    """

    def make(picture: "Image") -> bytes:
        if picture.format in ("PNG", "JPEG") and max(picture.size) <= longest_side and len(content) <= most_bytes:
            return content
        side = longest_side
        while len(written := _drawn(picture, side)) > most_bytes:
            side = min(side, max(picture.size)) // 2
        return written

    return _made(content, make)


def _drawn(picture: "Image", longest_side: int) -> bytes:
    """Animations become their first picture. PNG keeps letters sharp; where that grows large, JPEG."""
    from PIL import ImageOps

    copy = ImageOps.exif_transpose(picture).convert("RGBA" if picture.has_transparency_data else "RGB")
    copy.thumbnail((longest_side, longest_side))
    written = BytesIO()
    if copy.width * copy.height <= _SHARP_PIXELS:
        copy.save(written, "PNG")
    else:
        copy.convert("RGB").save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def _made(content: bytes, make: "Callable[[Image], bytes]") -> bytes:
    """What `make` makes of the picture in `content`. Raises `ValueError` where there is none, or too large a one."""
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise _TooManyPixelsError
            return make(picture)
    except (_TooManyPixelsError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"has more than {MAX_PIXELS // 1_000_000} million pixels") from error
    except Exception as error:  # Broken pictures raise whatever a decoder stumbles over.
        raise ValueError(f"is not a picture that can be read ({', '.join(FORMATS)})") from error


class _TooManyPixelsError(Exception):
    pass


def _frame(picture: "Image") -> bytes:
    from PIL import Image, ImageOps

    picture.draft("RGB", (WIDTH, WIDTH))  # A JPEG can be decoded smaller than it is, though not below this.
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode not in ("L", "LA", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    scaled = picture.resize(*_cut(*picture.size))
    if scaled.has_transparency_data:
        scaled = Image.alpha_composite(Image.new("RGBA", scaled.size, "white"), scaled.convert("RGBA"))
    written = BytesIO()
    scaled.convert("RGB").save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def _cut(width: int, height: int) -> tuple[tuple[int, int], int, tuple[float, float, float, float]]:
    """How to resize: the size of the frame, the filter, and the part of the picture that is shown, its middle."""
    from PIL.Image import Resampling

    shown = min(float(height), width * MAX_HEIGHT / WIDTH)
    above = (height - shown) / 2
    size = WIDTH, max(1, round(shown * WIDTH / width))
    return size, Resampling.LANCZOS, (0.0, above, float(width), above + shown)
