"""A stream of which nobody sees the pieces: Lambda passes a function's answer on as a whole, and only up to a size."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from lib.errors import Error
from lib.serving.wire import Encoder
from lib.types.events import Code, Event, Finish, Output, Reasoning, Text, ToolCallArguments, merged

JOINED_FOR: Final = 1.0
"""Seconds whose deltas become one. Each delta is sent in 200 bytes of wrapping, and a long answer has tens of thousands
of them; a stop sequence of the caller's is found up to this much later."""
SLICE: Final = 8192
"""Characters that are encoded at a time, so that an answer can end close to its limit."""
RESERVE: Final = 400_000
"""Bytes that are left for the last slices and for what ends the answer."""

_DELTAS: Final = (Text, Reasoning, ToolCallArguments, Code, Output)


class JoinedEncoder:
    """An encoder that joins deltas, and ends the answer with `length` before it has `most` bytes."""

    def __init__(self, encoder: Encoder, most: int) -> None:
        self.media_type = encoder.media_type
        self.text_copies = encoder.text_copies
        self.preamble = encoder.preamble
        self._encoder = encoder
        self._left = (most - RESERVE) // encoder.text_copies
        self._waiting: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._due = 0.0

    @property
    def finished(self) -> bool:
        return self._encoder.finished

    def heartbeat(self) -> bytes:
        return b""  # Nobody would see it.

    def feed(self, events: Sequence[Event]) -> bytes:
        self._waiting += events
        now = self._loop.time()
        if now < self._due and not any(isinstance(event, Finish) for event in events):
            return b""
        self._due = now + JOINED_FOR
        return self._rest()

    def finish(self) -> bytes:
        return self._rest() + self._encoder.finish()

    def fail(self, error: Error, request_id: str) -> bytes:
        return self._rest() + self._encoder.fail(error, request_id)

    def _rest(self) -> bytes:
        """What has come and was not sent yet."""
        waiting, self._waiting = self._waiting, []
        data: list[bytes] = []
        for batch in batches(waiting):
            data.append(self._encoder.feed(batch))
            self._left -= _payload_size(data[-1])
            if self._left < 0 and not self.finished:
                data.append(self._encoder.feed([Finish("length")]))
            if self.finished:
                break
        return b"".join(data)


def batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The same events with their deltas joined, in lists of about `SLICE` characters."""
    batch: list[Event] = []
    size = 0
    for event in merged(events):
        for piece in _slices(event):
            batch.append(piece)
            size += len(piece.text) if isinstance(piece, _DELTAS) else 0
            if size >= SLICE:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _slices(event: Event) -> Iterator[Event]:
    if isinstance(event, _DELTAS) and len(event.text) > SLICE:
        for start in range(0, len(event.text), SLICE):
            yield event._replace(text=event.text[start : start + SLICE])
    else:
        yield event


def _payload_size(text: bytes) -> int:
    """The bytes of `text` where Lambda carries it, as a string in JSON."""
    return len(text) + text.count(b'"') + text.count(b"\\") + text.count(b"\n")
