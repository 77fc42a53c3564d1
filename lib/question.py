"""What a caller wants to know: the one vocabulary from wire to upstream."""

from dataclasses import dataclass, field
from typing import Literal

type Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document or a picture that belongs to a turn."""

    url: str
    """An http, https or data URL."""
    field: str
    """Where it stands in the request, for error messages: `messages[0].content[1].image_url.url`."""
    name: str | None = None
    """The file name that the caller gave."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Role
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The turns so far, the last of them to be answered, and how."""

    model: str
    """The name that the caller asked for; the upstream knows what it means."""
    turns: tuple[Turn, ...]
    conversation_id: str | None = None
    """The conversation to go on in; empty for a new one that is kept; None for one that leaves no trace."""
    effort: str | None = None
    """How hard to think: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`; None leaves it to the model."""
    search: bool | None = None
    """May the upstream search the web; None leaves it to the model."""
    drawing: "Drawing | None" = field(default=None)
    """Set where pictures are asked for."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How pictures are to look. The values are the upstream's own."""

    aspect_ratio: str = "1:1"
    style: str = "none"
    scene: str = "none"
