"""`POST /v1/videos/generations`: what clients send, those of the old server and Zhipu's own.

What only Zhipu's open platform knows (`quality`, `size`, `duration`, `fps`, `with_audio` …) has no effect.
"""

from typing import Annotated, Any, Final, Literal, Self

from lib.accounts.job_id import MAX_CALLER_BYTES
from lib.errors import BadRequest
from lib.types.old_chat import Attachment, Drawing, Question, Turn
from lib.types.old_videos import VideoOrder
from lib.wires.openai.request import MAX_NAME_LENGTH
from lib.wires.openai.schema import Before, Model, Within

MODEL: Final = "cogvideox"
"""The model that makes a video, whatever other name is asked for."""
MODEL_WITH_PICTURE: Final = "cogvideox-pro"
"""The one that draws a picture first, and begins the video with it."""

_FRAME_RATIO: Final = "4:3"
"""Of the ratios that the service draws for sure, the nearest to a frame's 3:2."""


def _one(value: Any) -> Any:
    """Zhipu's client may send a list of pictures, or an object; the service takes one picture."""
    if isinstance(value, list):
        if len(value) > 1:
            raise ValueError("The service takes one picture.")
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url", value)
    return value or None


def _unless_empty(value: Any) -> Any:
    return None if value == "" else value


_Style = Literal["卡通3D", "黑白老照片", "油画", "电影感"]
_Atmosphere = Literal["温馨和谐", "生动活泼", "紧张刺激", "凄凉寂寞"]
_Motion = Literal["水平", "垂直", "推近", "拉远"]


class VideoRequest(Model):
    """The body."""

    prompt: Annotated[str, Within(min_length=1)]
    model: Annotated[str, Within(max_length=MAX_NAME_LENGTH)] | None = None
    image_url: Annotated[str | None, Before(_one, str | list[str] | dict[str, str] | None)] = None
    """The picture to begin with: an http, https or data URL, or base64 alone. `cogvideox-pro` draws its own instead, as
    on the old server."""
    video_style: Annotated[_Style | None, Before(_unless_empty, _Style | None)] = None
    emotional_atmosphere: Annotated[_Atmosphere | None, Before(_unless_empty, _Atmosphere | None)] = None
    mirror_mode: Annotated[_Motion | None, Before(_unless_empty, _Motion | None)] = None
    audio_id: str | None = None
    """A sound track, as `<key>-<audio id>`."""
    conversation_id: str | None = None
    request_id: str | None = None
    """The client's own name of the job; it comes back in every answer."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty.", param="prompt")
        key, _, audio_id = (self.audio_id or "").partition("-")
        if self.audio_id and not (key and audio_id):
            raise BadRequest("The field audio_id is not of the form <key>-<audio id>.", param="audio_id")
        texts = {"audio_id": self.audio_id or "", "request_id": self.request_id or ""}
        if sum(len(text.encode()) for text in texts.values()) > MAX_CALLER_BYTES:
            raise BadRequest(
                f"audio_id and request_id may have {MAX_CALLER_BYTES} bytes together: the job's id holds both.",
                param=max(texts, key=lambda name: len(texts[name])),
            )
        return self

    @property
    def made_by(self) -> str:
        """The model that makes the video."""
        return MODEL_WITH_PICTURE if self.model == MODEL_WITH_PICTURE else MODEL

    def drawing(self) -> Question | None:
        """The picture that is to be drawn first, where one is."""
        if self.made_by != MODEL_WITH_PICTURE:
            return None
        return Question(model="", turns=(Turn("user", self.prompt),), drawing=Drawing(_FRAME_RATIO))

    def order(self) -> VideoOrder:
        """What the caller wants to see."""
        return VideoOrder(
            prompt=self.prompt,
            first_frame=Attachment(_url(self.image_url), "image_url") if self.image_url else None,
            style=self.video_style or "",
            atmosphere=self.emotional_atmosphere or "",
            motion=self.mirror_mode or "",
            conversation_id=self.conversation_id or "",
        )


def _url(picture: str) -> str:
    is_url = "://" in picture or picture.lstrip()[:5].lower() == "data:"
    return picture if is_url else f"data:;base64,{picture}"
