"""A generation on its way to the client: pace, gate, cut, stop."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from .ending import Cut
from .events import stopped

if TYPE_CHECKING:
    from .call import Call
    from .conversations import Generation


class Stream:
    """The response that carries a generation's events, from where it stands."""

    def __init__(self, call: "Call", generation: "Generation") -> None:
        self._call = call
        self._generation = generation
        self._start = generation.position
        events = generation.events[self._start :]
        self._left = b""
        if isinstance(generation.ending, Cut):
            self._left = next(generation.envelope.events(events[generation.ending.after :]), b"")
            self._left = self._left[: generation.ending.partial]
            events = events[: generation.ending.after]
        self._count = len(events)
        self._chunks = generation.envelope.events(events)
        generation.halt = call.halt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, generation = self._call, self._generation
        call.watch()
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._play(send)
        how = call.halt.result() if call.halt.done() else ""
        if how == "gone":
            if not generation.answer.lingers:
                generation.end("cut")
            call.finish()
        elif how == "reset":
            generation.end("cut")
            await call.drop()
        elif how == "stopped":
            generation.end("stopped")
            at = generation.events[generation.position - 1] if generation.position else None
            for chunk in generation.envelope.events([stopped(generation.answer.pieces, at)]):
                await _send(send, chunk)
            await _send(send, b"", more=False)
        elif isinstance(generation.ending, Cut) and not generation.ending.clean:
            await call.drop()
        else:
            await _send(send, b"", more=False)

    async def _play(self, send: Send) -> None:
        call, generation, answer = self._call, self._generation, self._generation.answer
        loop = asyncio.get_running_loop()
        if not await call.pause(answer.before):
            return
        begun = loop.time()
        for number, (chunk, is_last, position) in enumerate(self._pieces()):
            if answer.delay and not await call.pause(begun + number * answer.delay - loop.time()):
                return
            if answer.gate is not None:
                await answer.gate.admit(call.halt)
            await asyncio.sleep(0)  # Let other streams, and a stop, have their turn.
            if call.halt.done():
                return
            if is_last:
                # Before it is sent: who has read the last event may ask the next question at once.
                generation.end("cut" if isinstance(generation.ending, Cut) else "finished")
                call.recorded.done = not isinstance(generation.ending, Cut)
            # Counted before it is sent: what a client has read has been counted.
            call.recorded.first_sent = call.recorded.first_sent or time.monotonic()
            call.recorded.events += 1
            if answer.gate is not None:
                answer.gate.passed()
            await _send(send, chunk)
            generation.position = position
            call.record.changed()
        if isinstance(generation.ending, Cut):
            generation.end("cut")

    def _pieces(self) -> Iterator[tuple[bytes, bool, int]]:
        """Yield what is sent in one go, whether it is the last, and how many events are out by then."""
        sizes = self._generation.answer.chunk_sizes
        if not sizes:
            for count, chunk in enumerate(self._chunks, 1):
                yield chunk, count == self._count and not self._left, self._start + count
            if self._left:
                yield self._left, True, self._start + self._count
            return
        chunks = list(self._chunks)
        ends = list(itertools.accumulate(map(len, chunks)))
        data = b"".join(chunks) + self._left
        for begin, end in _cuts(len(data), itertools.cycle(sizes)):
            yield data[begin:end], end == len(data), self._start + sum(1 for at in ends if at <= end)


def _cuts(length: int, sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    begin = 0
    for size in sizes:
        if begin >= length:
            return
        yield begin, min(begin + size, length)
        begin += size


async def _send(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})
