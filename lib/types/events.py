"""An answer as a stream of events: the one vocabulary between upstream and wire.

An upstream yields lists of these in the order in which they are to be shown; each list holds what arrived together.
Texts are deltas to append, never repeats. The first list holds something but the `Start`: until then another key may be
asked. `Finish` comes once, last; an answer that ends without it has failed. `Usage` comes before it; the last counts.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple

type FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]


class TurnTaken(NamedTuple):
    """The account's turn is had: from now on the head of a stream may go out. Comes alone, before all else."""


class TurnLost(NamedTuple):
    """It is not had any more: the account was busy after all."""


class Start(NamedTuple):
    """The upstream has taken the request. Comes once, first."""

    conversation_id: str
    """Names the conversation, so that a later request can go on in it; empty where the upstream has none."""
    model: str = ""
    """The model that answers, in the upstream's own words; behind failover with the upstream's name and a slash."""


class Text(NamedTuple):
    """A delta of the answer itself."""

    text: str


class Reasoning(NamedTuple):
    """A delta of the reasoning before the answer."""

    text: str


class Code(NamedTuple):
    """A delta of a program that the upstream runs."""

    text: str
    block: str
    """Deltas of one program have the same block."""


class Output(NamedTuple):
    """A delta of what such a program printed."""

    text: str
    block: str


class Search(NamedTuple):
    """The upstream searches the web. The sources that it finds follow."""

    query: str


class Source(NamedTuple):
    """A page that the answer draws on. Each address comes once."""

    url: str
    title: str
    snippet: str = ""
    """What the page says, as plain text."""


class Citation(NamedTuple):
    """Here, in the text, the answer cites a source."""

    number: int
    """The source's place among the sources, from 1."""
    url: str
    title: str


class Draft(NamedTuple):
    """A call as the model wrote it, which nobody has checked: it stays between an upstream and `lib.toolcalls`."""

    id: str
    name: str
    arguments: str
    """A JSON object, as text, typed as far as that goes."""
    written: str
    """The text in which the call stands, as the model wrote it."""
    declared: bool = True
    """It names a tool that may be called."""


class ToolCallStart(NamedTuple):
    """The model calls one of the caller's tools. Calls come one after the other."""

    id: str
    name: str


class ToolCallArguments(NamedTuple):
    """A delta of the arguments of the call that began last: pieces of one JSON object."""

    text: str


class ToolCallEnd(NamedTuple):
    """The arguments are complete, and are a JSON object."""


class Image(NamedTuple):
    """A picture that the upstream drew. Each address comes once."""

    url: str
    number: int
    """The place in a set of pictures, from 0. Pictures that arrive together come in this order."""


class DrawingPrompt(NamedTuple):
    """The upstream's own wording of what it draws."""

    text: str


class Usage(NamedTuple):
    """Tokens, of the prompt as it was sent and of all that came back."""

    prompt_tokens: int
    completion_tokens: int
    """Of the answer and the reasoning."""
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt, those that the upstream had at hand."""
    estimated: bool = False


class Revision(NamedTuple):
    """The upstream has changed what it had said. A stream cannot take it back; a whole answer begins anew with this."""

    events: tuple["Event", ...]


class Finish(NamedTuple):
    """The answer is over, in order."""

    reason: FinishReason
    note: str = ""
    """What the upstream has to say about the end: the filter's words, to be shown after the text."""
    context_full: bool = False
    """With `length`: not the caller's limit ended it, but the model's own."""


type Event = (
    TurnTaken
    | TurnLost
    | Start
    | Text
    | Reasoning
    | Code
    | Output
    | Search
    | Source
    | Citation
    | Draft
    | ToolCallStart
    | ToolCallArguments
    | ToolCallEnd
    | Image
    | DrawingPrompt
    | Usage
    | Revision
    | Finish
)


def is_content(event: Event) -> bool:
    """Does an event show something: a white text alone is none."""
    if isinstance(event, (Text, Code, Output, Reasoning)):
        return bool(event.text.strip())
    return isinstance(event, (Image, ToolCallStart, Draft))


_DELTAS: Final = (Text, Reasoning, ToolCallArguments, Code, Output)


def merged(events: Sequence[Event]) -> Sequence[Event]:
    """The same events, neighbouring deltas of one text as one: what arrives together is often a hundred of them."""
    return events if len(events) < 2 else list(_merged(events))


def _merged(events: Sequence[Event]) -> Iterator[Event]:
    for _, neighbours in groupby(events, _text_of_delta):
        first, *more = neighbours
        if more and isinstance(first, _DELTAS):
            yield first._replace(text="".join([first.text, *(one.text for one in more if isinstance(one, _DELTAS))]))
        else:
            yield first
            yield from more


def _text_of_delta(event: Event) -> tuple[type[Event], str | None]:
    """What is the same in deltas of one text."""
    return type(event), getattr(event, "block", None)
