"""An answer as a stream of events: the one vocabulary between upstream and wire.

An upstream yields lists of these in the order in which they are to be shown; each list holds what arrived together.
Texts are pieces to append, never repeats. `End` comes once, last; an answer that ends without it has failed.
"""

from dataclasses import dataclass
from typing import Literal

type FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Start:
    """The upstream has taken the question. Comes once, first."""

    conversation_id: str
    """Names the conversation, so that a later request can go on in it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of the reasoning before the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of a program that the upstream runs."""

    text: str
    block: str
    """Pieces of one program have the same block."""


@dataclass(frozen=True, slots=True)
class Output:
    """A piece of what such a program printed."""

    text: str
    block: str


@dataclass(frozen=True, slots=True)
class Source:
    """A page that the answer draws on. Each address comes once."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the upstream drew. Each address comes once."""

    url: str
    number: int
    """The place in a set of pictures, from 0. Pictures that arrive together come in this order."""


@dataclass(frozen=True, slots=True)
class DrawingPrompt:
    """The upstream's own wording of what it draws."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """The answer is over, in order."""

    reason: FinishReason
    note: str = ""
    """What the upstream has to say about the end: the filter's words, to be shown after the text."""


type Event = Start | Text | Thought | Code | Output | Source | Picture | DrawingPrompt | End
