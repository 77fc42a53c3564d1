"""What a caller wants to know: the one vocabulary from wire to upstream."""

from typing import Literal, NamedTuple

type Role = Literal["system", "user", "assistant", "tool"]


class Attachment(NamedTuple):
    """A document or a picture that belongs to a turn."""

    url: str
    """An http, https or data URL."""
    field: str
    """Where it stands in the request, for error messages: `messages[0].content[1].image_url.url`."""
    name: str | None = None
    """The file name that the caller gave."""


class Turn(NamedTuple):
    """One message of a conversation."""

    role: Role
    text: str
    attachments: tuple[Attachment, ...] = ()


class Question(NamedTuple):
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
    drawing: "Drawing | None" = None
    """Set where pictures are asked for."""


class Drawing(NamedTuple):
    """How pictures are to look. The values are the upstream's own."""

    aspect_ratio: str = "1:1"
    style: str = "none"
    scene: str = "none"
