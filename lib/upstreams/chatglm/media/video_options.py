"""How a video is to be made, in the service's words (protocol, "Videos": `base_parameter_extra` [sure])."""

import math
from typing import Any, Final

from lib.errors import BadRequest
from lib.types.videos import VideoRequest

_STYLES: Final = ("卡通3D", "黑白老照片", "油画", "电影感")
_ATMOSPHERES: Final = ("温馨和谐", "生动活泼", "紧张刺激", "凄凉寂寞")
_MOTIONS: Final = ("水平", "垂直", "推近", "拉远")

_RATIOS: Final = ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4))
"""Width and height; the service's own page offers these [guess]."""
_RESOLUTIONS: Final = ((2160, 1), (1080, 0), (720, 2))
"""The shorter side in pixels from which a resolution is meant, and the service's number for it: 4K, 1080P, 720p."""
_LONG: Final = 8
"""Seconds from which ten are meant and not five, which is all that the service makes."""
_SMOOTH: Final = 45
"""Frames a second from which sixty are meant and not thirty."""


def check_words(request: VideoRequest) -> None:
    """Raise `BadRequest` for a word that the service does not know, or more pictures than it takes."""
    words = (
        ("video_style", request.style, _STYLES),
        ("emotional_atmosphere", request.atmosphere, _ATMOSPHERES),
        ("mirror_mode", request.motion, _MOTIONS),
    )
    for field, word, known in words:
        if word and word not in known:
            raise BadRequest(f"The field {field} is wrong: it is one of {', '.join(known)}.", param=field)
    track, _, audio_id = request.sound.partition("-")
    if request.sound and not (track and audio_id):
        raise BadRequest("The field audio_id is not of the form <key>-<audio id>.", param="audio_id")
    if len(request.frames) > 1:
        raise BadRequest("The service takes one picture.", param="image_url")


def base_parameters(request: VideoRequest) -> dict[str, Any] | None:
    """The parameters; None where the caller leaves everything to the service."""
    asked = (request.size, request.duration, request.fps, request.with_audio, request.quality)
    if all(one is None for one in asked):
        return None
    width, height = _ratio(request.size)
    return {
        "generation_pattern": 2 if request.quality == "quality" else 1,
        "resolution": _resolution(request.size),
        "fps": 1 if (request.fps or 0) >= _SMOOTH else 0,
        "duration": 2 if (request.duration or 0) >= _LONG else 1,
        "generation_ai_audio": int(bool(request.with_audio)),
        "generation_ratio_width": width,
        "generation_ratio_height": height,
        "activity_type": 0,
        "label_watermark": 0,
        "generation_type": "reference_img" if request.frames else "",
        "prompt": request.prompt,
    }


def _ratio(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        return _RATIOS[0]
    width, height = size
    return min(_RATIOS, key=lambda ratio: abs(math.log(width * ratio[1] / (height * ratio[0]))))


def _resolution(size: tuple[int, int] | None) -> int:
    """1080P, unless the caller asks for pixels: a ratio such as 16:9 says nothing of them."""
    shorter = min(size or (0, 0))
    if shorter < 100:  # A ratio.
        return 0
    return next((number for least, number in _RESOLUTIONS if shorter >= least), 2)
