"""`POST /v1/images/generations`: what clients get."""

import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from lib.types.images import DrawnImage
from lib.wires.shared.encoding import encode


def whole(pictures: Sequence[DrawnImage], contents: Sequence[bytes | None] | None = None) -> bytes:
    """The body: where the pictures are, or the `contents` where given; one that could not be had is left out."""
    if contents is None:
        images = [_image(picture, "url", picture.url) for picture in pictures]
    else:
        images = [
            _image(picture, "b64_json", b64encode(content).decode())
            for picture, content in zip(pictures, contents, strict=True)
            if content is not None
        ]
    return encode({"created": int(time.time()), "data": images})


def _image(picture: DrawnImage, kind: str, value: str) -> dict[str, Any]:
    return {kind: value, **({"revised_prompt": picture.prompt} if picture.prompt else {})}
