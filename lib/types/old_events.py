"""An answer as a stream of events: the one vocabulary between upstream and wire.

An upstream yields lists of these in the order in which they are to be shown; each list holds what arrived together.
Texts are pieces to append, never repeats. `End` comes once, last; an answer that ends without it has failed.
"""

from typing import Literal, NamedTuple

type FinishReason = Literal["stop", "length", "content_filter"]


class Start(NamedTuple):
    """The upstream has taken the question. Comes once, first."""

    conversation_id: str
    """Names the conversation, so that a later request can go on in it."""


class Text(NamedTuple):
    """A piece of the answer itself."""

    text: str


class Thought(NamedTuple):
    """A piece of the reasoning before the answer."""

    text: str


class Code(NamedTuple):
    """A piece of a program that the upstream runs."""

    text: str
    block: str
    """Pieces of one program have the same block."""


class Output(NamedTuple):
    """A piece of what such a program printed."""

    text: str
    block: str


class Source(NamedTuple):
    """A page that the answer draws on. Each address comes once."""

    url: str
    title: str


class Picture(NamedTuple):
    """A picture that the upstream drew. Each address comes once."""

    url: str
    number: int
    """The place in a set of pictures, from 0. Pictures that arrive together come in this order."""


class DrawingPrompt(NamedTuple):
    """The upstream's own wording of what it draws."""

    text: str


class End(NamedTuple):
    """The answer is over, in order."""

    reason: FinishReason
    note: str = ""
    """What the upstream has to say about the end: the filter's words, to be shown after the text."""


type Event = Start | Text | Thought | Code | Output | Source | Picture | DrawingPrompt | End
