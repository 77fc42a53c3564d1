"""`POST /v1/images/generations`: what clients get."""

import json
import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from lib.types.old_images import DrawnPicture


def whole(pictures: Sequence[DrawnPicture], contents: Sequence[bytes] | None = None) -> bytes:
    """The body: where the pictures are, or what is in them where `contents` are given."""
    if contents is None:
        images = [_image(picture, "url", picture.url) for picture in pictures]
    else:
        images = [
            _image(picture, "b64_json", b64encode(content).decode())
            for picture, content in zip(pictures, contents, strict=True)
        ]
    return json.dumps({"created": int(time.time()), "data": images}, ensure_ascii=False).encode(errors="replace")


def _image(picture: DrawnPicture, kind: str, value: str) -> dict[str, Any]:
    return {kind: value, **({"revised_prompt": picture.prompt} if picture.prompt else {})}
