"""What the service is to answer: parts, dialect, ending, pace. Written by tests, read by `events` and `chat`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from . import events
from .ending import FINISH, Cut, Ending, Finish
from .events import Event, Piece
from .gate import Gate

type Dialect = Literal["deltas", "snapshots"]


class Part:
    """Something in an answer."""

    def pieces(self) -> list[Piece]:
        """Return the wire's parts that this is made of."""
        raise NotImplementedError


class Deltas(Part):
    """A part that arrives in deltas.

    `snapshot` is what the service says the part was when it is finished: the deltas joined, unless a test wants the
    service to say more than it has sent.
    """

    type: ClassVar[str]
    key: ClassVar[str]
    role: ClassVar[str] = "assistant"

    def __init__(self, *deltas: str, snapshot: str | None = None) -> None:
        self.deltas = deltas
        self.snapshot = "".join(deltas) if snapshot is None else snapshot

    def pieces(self) -> list[Piece]:
        return [Piece(deltas=self.deltas, snapshot=self.snapshot, type=self.type, key=self.key, role=self.role)]


class Text(Deltas):
    """The answer's words."""

    type = key = "text"


class Think(Deltas):
    """Reasoning."""

    type = key = "think"


class Code(Deltas):
    """Python that the service's interpreter runs."""

    type = key = "code"


class Output(Deltas):
    """What the interpreter printed."""

    type, key, role = "execution_output", "content", "tool"


@dataclass(frozen=True)
class Source:
    """A page that a search found."""

    title: str
    url: str
    snippet: str = ""


class Search(Part):
    """A search in today's form: the tool call, then its result."""

    def __init__(self, query: str, *sources: Source) -> None:
        self.query = query
        self.sources = sources

    def pieces(self) -> list[Piece]:
        call = {"id": "call_1", "name": "search", "arguments": json.dumps({"query": self.query}, ensure_ascii=False)}
        results = [{"url": source.url, "title": source.title, "snippet": source.snippet} for source in self.sources]
        return [
            Piece(content=[{"type": "tool_calls", "tool_calls": call}]),
            Piece(
                content=[{"type": "tool_result", "content": ""}],
                meta_data={"tool_result_extra": {"search_results": results}},
                role="tool",
            ),
        ]


class Quote(Part):
    """A search's result in the older form."""

    def __init__(self, *sources: Source) -> None:
        self.sources = sources

    def pieces(self) -> list[Piece]:
        found = [
            {"type": "webpage", "title": source.title, "url": source.url, "text": source.snippet}
            for source in self.sources
        ]
        return [Piece(content=[{"type": "quote_result"}], meta_data={"metadata_list": found}, role="tool")]


class Pictures(Part):
    """Drawn pictures, one event each, in this `order` of their numbers, then the end mark.

    `prompt` is the polished drawing prompt that stands as `code` beside each picture.
    """

    def __init__(self, *order: int, prompt: str = "") -> None:
        self.order = order or (2, 0, 3, 1)
        self.prompt = prompt

    def pieces(self) -> list[Piece]:
        code = [{"type": "code", "code": self.prompt}] if self.prompt else []
        drawn = [
            Piece(content=[*code, {"type": "image", "image": [{"image_url": events.PICTURE_URL.format(number)}]}])
            for number in self.order
        ]
        return [*drawn, Piece(content=[{"type": "one_to_more_finish"}])]


class MarkdownPictures(Part):
    """Drawn pictures in the older form: Markdown in a text."""

    def __init__(self, *order: int) -> None:
        self.order = order or (0, 1, 2, 3)

    def pieces(self) -> list[Piece]:
        lines = tuple(f"![picture]({events.PICTURE_URL.format(number)})\n" for number in self.order)
        return [Piece(deltas=lines, snapshot="".join(lines), type="text", key="text")]


class Unknown(Part):
    """Content of any type with any fields: `Unknown("browser_result")`, `Unknown("hologram", depth=3)`."""

    def __init__(self, type: str, **fields: Any) -> None:  # noqa: A002  The wire's word.
        self.content = {"type": type, **fields}

    def pieces(self) -> list[Piece]:
        return [Piece(content=[self.content])]


class Raw(Part):
    """Bytes in the place of an event: a comment, half an event, anything."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def pieces(self) -> list[Piece]:
        return [Piece(raw=self.data)]


class Answer:
    """One answer of the service.

    `dialect`: "deltas" (2026) or "snapshots" (2024-2025: the whole text so far in every event, with all earlier parts
    where `carry`). `opening`: a first event without parts, which only names the conversation. `before`: seconds until
    the first event; `delay`: seconds from one event to the next. `gate` holds events until the test lets them go.
    `crlf`: lines end with CR LF. `chunk_sizes`: the bytes of all events are cut into pieces of these sizes, over and
    over; delay and gate then count pieces. `lingers`: the service goes on generating when the client has closed the
    connection, until it is told to stop.
    """

    def __init__(
        self,
        *parts: Part,
        dialect: Dialect = "deltas",
        ending: Ending = FINISH,
        before: float = 0.0,
        delay: float = 0.0,
        gate: Gate | None = None,
        carry: bool = True,
        opening: bool = False,
        crlf: bool = False,
        chunk_sizes: tuple[int, ...] = (),
        lingers: bool = False,
    ) -> None:
        self.parts = parts
        self.dialect = dialect
        self.ending = ending
        self.before = before
        self.delay = delay
        self.gate = gate
        self.carry = carry
        self.opening = opening
        self.crlf = crlf
        self.chunk_sizes = chunk_sizes
        self.lingers = lingers

    @cached_property
    def pieces(self) -> list[Piece]:
        return [piece for part in self.parts for piece in part.pieces()]

    @cached_property
    def events(self) -> list[Event]:
        """Return all events but the last; rendered once, however often the answer is given."""
        rendered = (
            events.deltas(self.pieces) if self.dialect == "deltas" else events.snapshots(self.pieces, carry=self.carry)
        )
        if self.opening:
            rendered.insert(0, events.opening())
        if not isinstance(self._last_ending, Finish) and self.pieces and self.pieces[-1].key:
            rendered.pop()  # The event that would have finished the last part.
        return rendered

    @cached_property
    def last_event(self) -> Event:
        """Return the event that says how it ended."""
        return events.last(self.pieces, self._last_ending)

    @property
    def _last_ending(self) -> Ending:
        ending = self.ending
        while isinstance(ending, Cut):
            ending = ending.then
        return ending


def deltas(count: int, *, delay: float = 0.0, before: float = 0.0) -> Answer:
    """`count` deltas of a text, `delay` seconds apart."""
    return Answer(Text(*(f"delta {number} " for number in range(count))), delay=delay, before=before)


def growing(count: int = 2000, size: int = 12_000_000) -> Answer:
    """`count` events of the older dialect, about `size` bytes in all."""
    step = "字" * max(1, 2 * size // (count * count * 3))
    return Answer(Text(*(step for _ in range(count))), dialect="snapshots")


def from_json(described: Mapping[str, Any]) -> Answer:
    """Read what another process may order: a preset or deltas, dialect and pace.

    {"preset": "deltas" | "growing", ...its arguments}, or {"think": [...]?, "text": [...], "dialect"?, "delay"?,
    "before"?}.
    """
    options = dict(described)
    match options.pop("preset", None):
        case "deltas":
            return deltas(**options)
        case "growing":
            return growing(**options)
    think, text = options.pop("think", ()), options.pop("text", ())
    parts: list[Part] = [Think(*think)] if think else []
    return Answer(*parts, Text(*text), **options)
