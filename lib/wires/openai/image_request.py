"""`POST /v1/images/generations`: what clients send."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field

from lib.errors import BadRequest
from lib.types import images
from lib.wires.shared.request import Model, ModelName
from lib.wires.shared.size import parse_size

MAX_IMAGES: Final = 4
"""The web service draws so many at a time; the platform is paid for each."""
MAX_WORD_LENGTH: Final = 100
"""Longest `style` or `scene`: the service's own are a word or two."""

_OPENAI_STYLES: Final = ("vivid", "natural")
"""Many clients send one of these by default. To the service they mean nothing."""
_BASE64_MODELS: Final = ("gpt-image-", "chatgpt-image-")
"""OpenAI's models that answer in base64 unless told otherwise: their callers read nothing else."""

_Word = Annotated[str, Field(max_length=MAX_WORD_LENGTH)]


class ImageRequest(Model):
    """The body. Other fields of OpenAI's, such as `background`, have no effect."""

    prompt: Annotated[str, Field(min_length=1)]
    model: ModelName | None = None
    """An agent's id; any other name means the service's own drawing agent."""
    n: Annotated[int, Field(ge=1, le=MAX_IMAGES)] | None = None
    """How many pictures; where it is absent, as many as one drawing gives: four of the web service's, one of the
    platform's."""
    size: str | None = None
    """Width and height in pixels, such as `1024x1792`, a ratio, such as `16:9`, or `auto`. The service draws the
    nearest ratio, in a size of its own."""
    response_format: Literal["url", "b64_json"] | None = None
    quality: _Word | None = None
    style: _Word | None = None
    scene: _Word | None = None
    """In the service's own words."""
    stream: bool | None = None
    image: Any = None
    """A picture to start from, which the service does not take."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what the service cannot do."""
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty.", param="prompt")
        if self.stream:
            raise BadRequest("stream can only be false: the service shows no unfinished pictures.", param="stream")
        if self.image:
            raise BadRequest("image is not taken: the service draws from words alone.", param="image")
        return self

    @property
    def wants_content(self) -> bool:
        """Are the pictures themselves wanted, not their addresses."""
        if self.response_format is None:
            return (self.model or "").lower().startswith(_BASE64_MODELS)
        return self.response_format == "b64_json"

    def image_request(self) -> images.ImageRequest:
        """What the caller wants to see. Raises `BadRequest` for a size that is none."""
        return images.ImageRequest(
            prompt=self.prompt,
            model=self.model or "",
            size=parse_size(self.size),
            quality=self.quality or "",
            style="" if self.style in _OPENAI_STYLES else self.style or "",
            scene=self.scene or "",
            n=self.n,
        )
