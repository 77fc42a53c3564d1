"""`POST /v1/images/generations`: what clients send."""

import math
import re
from typing import Annotated, Final, Literal, Self

from lib.errors import BadRequest
from lib.types.old_chat import Drawing, Question, Turn
from lib.wires.openai.request import MAX_NAME_LENGTH
from lib.wires.openai.schema import Model, Within

MAX_PICTURES: Final = 4
"""The service draws so many at a time."""
MAX_WORD_LENGTH: Final = 100
"""Longest `style` or `scene`: the service's own are a word or two."""

_SURE_RATIOS: Final = ((1, 1), (3, 4), (4, 3), (9, 16), (16, 9))
_GUESSED_RATIOS: Final = ((2, 3), (3, 2))
"""What the service draws (protocol, "Pictures"). Nobody has been seen asking for the guessed ones; without them, the
nearest of the others is asked for."""
_RATIOS: Final = _SURE_RATIOS + _GUESSED_RATIOS

_SIZE: Final = re.compile(r"\s*(\d{1,5})\s*[xX×*:]\s*(\d{1,5})\s*")
_OPENAI_STYLES: Final = ("vivid", "natural")
"""Many clients send one of these by default. To the service they mean nothing."""


_Word = Annotated[str, Within(max_length=MAX_WORD_LENGTH)]


class ImageRequest(Model):
    """The body. Other fields of OpenAI's, such as `quality` or `background`, have no effect."""

    prompt: Annotated[str, Within(min_length=1)]
    model: Annotated[str, Within(max_length=MAX_NAME_LENGTH)] | None = None
    """An agent's id; any other name means the service's own drawing agent."""
    n: Annotated[int, Within(ge=1, le=MAX_PICTURES)] | None = None
    """How many of the pictures that are drawn to return; all of them where it is absent."""
    size: str | None = None
    """Width and height in pixels, such as `1024x1792`, a ratio, such as `16:9`, or `auto`. The service draws the
    nearest ratio, in a size of its own."""
    response_format: Literal["url", "b64_json"] | None = None
    style: _Word | None = None
    scene: _Word | None = None
    """In the service's own words."""
    stream: bool | None = None

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what the service cannot do."""
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty.", param="prompt")
        if self.stream:
            raise BadRequest("The service shows no unfinished pictures: stream can only be false.", param="stream")
        return self

    def question(self) -> Question:
        """What the caller wants to see. Raises `BadRequest` for a size that is none."""
        style = "none" if self.style in _OPENAI_STYLES else self.style or "none"
        return Question(
            model=self.model or "",
            turns=(Turn("user", self.prompt),),
            drawing=Drawing(aspect_ratio(self.size), style, self.scene or "none"),
        )


def aspect_ratio(size: str | None) -> str:
    """The ratio that the service draws and that is nearest to `size`. Raises `BadRequest` for what is no size."""
    if size is None or size.strip().lower() in ("", "auto"):
        return "1:1"
    found = _SIZE.fullmatch(size)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not width or not height:
        raise BadRequest("The size is not one like 1024x1024, and not auto.", param="size")
    # By proportion: 2:1 is as far from 1:1 as 1:2 is.
    nearest = min(_RATIOS, key=lambda ratio: abs(math.log(width * ratio[1] / (height * ratio[0]))))
    return f"{nearest[0]}:{nearest[1]}"
