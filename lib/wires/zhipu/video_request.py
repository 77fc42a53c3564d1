"""`POST /v1/videos/generations`: what clients send, those of the old server and Zhipu's own."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types import videos
from lib.types.chat import FilePart
from lib.types.images import ImageRequest
from lib.wires.shared.data_url import as_url
from lib.wires.shared.request import Model, ModelName
from lib.wires.shared.size import parse_size

MODEL: Final = "cogvideox"
"""The model of an order that names none."""
MODEL_WITH_IMAGE: Final = "cogvideox-pro"
"""The one that draws a picture first, and begins the video with it."""
MAX_FRAMES: Final = 2
"""Pictures of an order: the first frame, and the last one."""
MAX_WORD_LENGTH: Final = 100
"""Longest style, atmosphere or motion: the service's own are a word or two."""

_DRAWN_RATIO: Final = (4, 3)
"""Of the ratios that the service draws for sure, the nearest to a frame's 3:2."""


def _links(value: Any) -> Any:
    """Clients send a picture as a text, an object, or a list of either."""
    items = value if isinstance(value, list) else [value]
    return [item.get("url", item) if isinstance(item, dict) else item for item in items if item]


_Word = Annotated[str | None, Field(max_length=MAX_WORD_LENGTH), BeforeValidator(lambda value: value or None)]
_Images = Annotated[
    list[str],
    Field(max_length=MAX_FRAMES),
    BeforeValidator(_links, json_schema_input_type=str | list[str] | dict[str, str] | None),
]


class VideoRequest(Model):
    prompt: str = ""
    model: ModelName | None = None
    image_url: _Images = Field(default_factory=list)
    """Pictures to begin and end with: http, https or data URLs, or base64 alone. `cogvideox-pro` draws its own instead,
    as on the old server."""
    video_style: _Word = None
    emotional_atmosphere: _Word = None
    mirror_mode: _Word = None
    """In the service's own words."""
    audio_id: str | None = None
    """A sound track, as the service names it."""
    conversation_id: str | None = None
    request_id: str | None = None
    """The client's own name of the job; it comes back in every answer."""
    size: str | None = None
    duration: Annotated[int | None, Field(ge=1, le=60)] = None
    """Seconds."""
    fps: Annotated[int | None, Field(ge=1, le=120)] = None
    with_audio: bool | None = None
    quality: Literal["speed", "quality"] | None = None
    style: str | None = None
    aspect_ratio: str | None = None
    movement_amplitude: str | None = None
    """Of Vidu's models alone, in their own words."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty.", param="prompt")
        return self

    def drawing(self) -> ImageRequest | None:
        """The picture that is to be drawn first, where one is."""
        if self.model != MODEL_WITH_IMAGE:
            return None
        return ImageRequest(prompt=self.prompt, size=_DRAWN_RATIO)

    def video_request(self) -> videos.VideoRequest:
        several = len(self.image_url) > 1
        return videos.VideoRequest(
            prompt=self.prompt,
            model=self.model or MODEL,
            frames=tuple(
                FilePart(as_url(url), f"image_url[{place}]" if several else "image_url", is_image=True)
                for place, url in enumerate(self.image_url)
            ),
            style=self.video_style or "",
            vendor=self.model_dump(include={"style", "aspect_ratio", "movement_amplitude"}, exclude_none=True),
            atmosphere=self.emotional_atmosphere or "",
            motion=self.mirror_mode or "",
            sound=self.audio_id or "",
            conversation_id=self.conversation_id or "",
            size=parse_size(self.size),
            duration=self.duration,
            fps=self.fps,
            with_audio=self.with_audio,
            quality=self.quality,
        )
