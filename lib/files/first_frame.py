"""The first frame of a video, cut from any picture. Pillow is imported here and nowhere else, and only when needed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-frame")
"""One at a time, since several large pictures would not fit into a function's memory. And an executor of its own: in
the loop's, pictures that wait would keep every look-up of a host's address waiting."""


async def fit_in_turn(content: bytes) -> bytes:
    """The same as `fit`, in a thread, one picture after the other."""
    return await asyncio.get_running_loop().run_in_executor(_executor, fit, content)


def fit(content: bytes) -> bytes:
    """Make the picture in `content` a JPEG of `WIDTH`, cut above and below where it would be higher than `MAX_HEIGHT`.

    Slow: call it in a thread. Raises `ValueError`, which says why, for what is not a picture, or too large a one.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise _TooManyPixelsError
            return _frame(picture)
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
