"""Real pictures and a real video, small."""

import colorsys
import functools
import io
from pathlib import Path

from PIL import Image

# One second of blue, H.264, 96 x 64.
VIDEO = (Path(__file__).parent / "clip.mp4").read_bytes()


@functools.cache
def picture(number: int, width: int = 96, height: int = 96, kind: str = "JPEG") -> bytes:
    """Return a picture in a colour of its own for each number."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.19 % 1.0, 0.6, 0.8)
    colour = (round(red * 255), round(green * 255), round(blue * 255))
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, kind)
    return written.getvalue()
