"""A stream of which nobody sees the pieces: Lambda passes a function's answer on as a whole, and only up to a size."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from lib.serving import limits
from lib.serving.wire import Encoder
from lib.types.events import Code, Event, Finish, Output, Reasoning, Text, ToolCallArguments

JOINED_FOR: Final = 1.0
"""Seconds whose deltas become one. Each delta is sent in 200 bytes of wrapping, and a long answer has tens of thousands
of them; a stop sequence of the caller's is found up to this much later."""
SLICE: Final = 8192
"""Characters that are encoded at a time, so that an answer can end close to its limit."""
RESERVE: Final = 400_000
"""Bytes that are left for the last slices and for what ends the answer."""

_DELTAS: Final = (Text, Reasoning, ToolCallArguments, Code, Output)


class JoinedEncoder:
    """An encoder that joins deltas, and that ends the answer with `length` before it is too large.

    `most` is the largest body in bytes, and `copies` how often it holds each text.
    """

    def __init__(self, encoder: Encoder, most: int, copies: int) -> None:
        self._encoder = encoder
        self._left = (most - RESERVE) // copies
        self._waiting: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._due = 0.0

    @property
    def head(self) -> bytes:
        """See `Encoder.head`."""
        return self._encoder.head

    @property
    def finished(self) -> bool:
        """See `Encoder.finished`."""
        return self._encoder.finished

    def add(self, events: Sequence[Event]) -> bytes:
        """See `Encoder.add`: nothing, until enough has come."""
        self._waiting += events
        now = self._loop.time()
        if now < self._due and not any(isinstance(event, Finish) for event in events):
            return b""
        self._due = now + JOINED_FOR
        return self.rest()

    def rest(self) -> bytes:
        """What has come and was not sent yet."""
        waiting, self._waiting = self._waiting, []
        data: list[bytes] = []
        for batch in batches(waiting):
            data.append(self._encoder.add(batch))
            self._left -= limits.payload_size(data[-1])
            if self._left < 0 and not self.finished:
                data.append(self._encoder.add([Finish("length")]))
            if self.finished:
                break
        return b"".join(data)

    def end(self) -> bytes:
        """See `Encoder.end`."""
        return self._encoder.end()


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The same events with their deltas joined, in lists of about `SLICE` characters."""
    batch: list[Event] = []
    size = 0
    for event in joined(events):
        for piece in _slices(event):
            batch.append(piece)
            size += len(piece.text) if isinstance(piece, _DELTAS) else 0
            if size >= SLICE:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def joined(events: Iterable[Event]) -> Iterator[Event]:
    """The same events, neighbours that continue each other as one."""
    for _, neighbours in groupby(events, _continues):
        run = list(neighbours)
        if isinstance(run[0], _DELTAS):
            yield run[0]._replace(text="".join([event.text for event in run if isinstance(event, _DELTAS)]))
        else:
            yield from run


def _continues(event: Event) -> tuple[type[Event], str | None]:
    """What is the same in events that continue each other."""
    return type(event), getattr(event, "block", None)


def _slices(event: Event) -> Iterator[Event]:
    if isinstance(event, _DELTAS) and len(event.text) > SLICE:
        for start in range(0, len(event.text), SLICE):
            yield event._replace(text=event.text[start : start + SLICE])
    else:
        yield event
