"""What the service is to answer: parts, dialect, ending, pace. Written by tests, read by `events` and `chat`."""

from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from . import events
from .ending import FINISH, Cut, Ending, Finish
from .gate import Gate
from .parts import Odd, Part, Text
from .piece import Dialect, Event, Piece, Statuses, Style


class Answer:
    """One answer of the service.

    What it says: `dialect`, "deltas" or "snapshots" (the whole text so far in every event, with all earlier parts where
    `carry`); `increase_push`, the flag in every event that names the dialect ("right", a lie, or None: there is none);
    `opening`: a first event without parts, which only names the conversation; `model`: the parts' (None: none is
    named); `statuses`: where parts say whether they are finished ("part" and "content" each alone, or "none"); not
    `finishes`: no event says that a part is finished; `twice`: each event comes twice; `bare`: events have none of the
    further fields that the service sends.

    How it arrives: `before`: seconds until the first event; `delay`: seconds from one event to the next. `gate` holds
    events until the test lets them go. `crlf`: lines end with CR LF. `chunk_sizes`: the bytes of all events are cut
    into pieces of these sizes, over and over; delay and gate then count pieces. `content_type` (None: there is none),
    `gzip`: as the response's head says. `lingers`: the service goes on generating when the client has closed the
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
        increase_push: bool | Literal["right"] | None = "right",
        model: str | None = "moe_53f",
        statuses: Statuses = "both",
        finishes: bool = True,
        twice: bool = False,
        bare: bool = False,
        content_type: str | None = "text/event-stream",
        gzip: bool = False,
    ) -> None:
        self.parts = parts
        self.ending = ending
        self.before = before
        self.delay = delay
        self.gate = gate
        self.opening = opening
        self.crlf = crlf
        self.chunk_sizes = chunk_sizes
        self.lingers = lingers
        self.twice = twice
        self.content_type = content_type
        self.gzip = gzip
        flag = dialect == "deltas" if increase_push == "right" else increase_push
        self.style = Style(dialect, carry, flag, bare, model, statuses, finishes)

    @cached_property
    def pieces(self) -> list[Piece]:
        return [piece for part in self.parts for piece in part.pieces()]

    @cached_property
    def events(self) -> list[Event]:
        """Return all events but the last; rendered once, however often the answer is given."""
        rendered = events.render(self.pieces, self.style)
        if not isinstance(self._last_ending, Finish) and self.pieces and self.pieces[-1].key and self.style.finishes:
            rendered.pop()  # The event that would have finished the last part.
        if self.opening:
            rendered.insert(0, events.opening(self.style))
        if self.twice:
            return [again for one in rendered for again in (one, replace(one, pause=0.0))]
        return rendered

    @cached_property
    def last_event(self) -> Event:
        """Return the event that says how it ended."""
        return events.last(self.pieces, self._last_ending, self.style)

    @property
    def seconds(self) -> float:
        """How long it takes from the first word to the last, where nobody holds it."""
        return self.before + len(self.events) * self.delay + sum(one.pause for one in self.events)

    @property
    def _last_ending(self) -> Ending:
        ending = self.ending
        while isinstance(ending, Cut):
            ending = ending.then
        return ending


def deltas(count: int, **options: Any) -> Answer:
    """`count` deltas of a text; for the options, `delay` for one, see `Answer`."""
    return Answer(Text(*(f"delta {number} " for number in range(count))), **options)


def growing(count: int = 2000, size: int = 12_000_000, **options: Any) -> Answer:
    """`count` events of snapshots, about `size` bytes in all."""
    step = "字" * max(1, 2 * size // (count * count * 3))
    return Answer(Text(*(step for _ in range(count))), dialect="snapshots", **options)


def tiny_parts(count: int = 100, **options: Any) -> Answer:
    """A text in `count` parts of a few characters, as an agent's turn can have."""
    return Answer(*(Text(f"{number} ") for number in range(count)), **options)


def empty_events(count: int, **options: Any) -> Answer:
    """`count` events that say nothing, then a word."""
    return Answer(*([Odd()] * count), Text("word"), **options)
