"""A generation on its way to the client: pace, gate, cut, stop."""

import asyncio
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from .ending import Cut
from .events import stopped

if TYPE_CHECKING:
    from .call import Call
    from .conversations import Generation
    from .piece import Event


class Stream:
    """The response that carries a generation's events, from where it stands."""

    def __init__(self, call: "Call", generation: "Generation") -> None:
        self._call = call
        self._generation = generation
        self._start = generation.position
        events = generation.events[self._start :]
        self._left = b""
        self._squeeze = zlib.compressobj(wbits=31) if generation.answer.gzip else None
        if isinstance(generation.ending, Cut):
            self._left = next(generation.envelope.events(events[generation.ending.after :]), b"")
            self._left = self._left[: generation.ending.partial]
            events = events[: generation.ending.after]
        self._count = len(events)
        self._events: list[Event] = events
        self._chunks = generation.envelope.events(events)
        generation.halt = call.halt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, generation = self._call, self._generation
        call.watch()
        headers = [(b"cache-control", b"no-cache")]
        if generation.answer.content_type is not None:
            headers.append((b"content-type", generation.answer.content_type.encode()))
        if self._squeeze is not None:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._play(send)
        how = call.halt.result() if call.halt.done() else ""
        if how == "gone":
            generation.conversation.active_at = time.monotonic()
            if not generation.answer.lingers:
                generation.end("cut")
            call.finish()
        elif how == "reset":
            generation.end("cut")
            await call.drop()
        elif how == "stopped":
            generation.end("stopped")
            at = generation.events[generation.position - 1] if generation.position else None
            for chunk in generation.envelope.events([stopped(generation.answer.pieces, at, generation.answer.style)]):
                await self._send(send, chunk)
            await self._send(send, b"", more=False)
        elif isinstance(generation.ending, Cut) and not generation.ending.clean:
            await call.drop()
        else:
            await self._send(send, b"", more=False)

    def go_on_unseen(self) -> None:
        """Generate to the end though nothing is sent: the answer is lost on its way."""
        generation, record = self._generation, self._call.record

        def end() -> None:
            generation.end("finished")
            record.changed()

        asyncio.get_running_loop().call_later(generation.answer.seconds, end)

    async def _play(self, send: Send) -> None:
        call, generation, answer = self._call, self._generation, self._generation.answer
        loop = asyncio.get_running_loop()
        if not await call.pause(answer.before):
            return
        begun = loop.time()
        for number, (chunk, is_last, position, pause) in enumerate(self._pieces()):
            if pause and not await call.pause(pause):
                return
            begun += pause
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
            await self._send(send, chunk)
            generation.position = position
            call.record.changed()
        if isinstance(generation.ending, Cut):
            generation.position += generation.ending.loses
            generation.end("cut")

    def _pieces(self) -> Iterator[tuple[bytes, bool, int, float]]:
        """Yield what is sent in one go, whether it is the last, how many events are out by then, and the pause before.

        Bytes that are cut anywhere come without pauses.
        """
        sizes = self._generation.answer.chunk_sizes
        if not sizes:
            for count, (one, chunk) in enumerate(zip(self._events, self._chunks, strict=True), 1):
                yield chunk, count == self._count and not self._left, self._start + count, one.pause
            if self._left:
                yield self._left, True, self._start + self._count, 0.0
            return
        chunks = list(self._chunks)
        ends = list(itertools.accumulate(map(len, chunks)))
        data = b"".join(chunks) + self._left
        for begin, end in _cuts(len(data), itertools.cycle(sizes)):
            yield data[begin:end], end == len(data), self._start + sum(1 for at in ends if at <= end), 0.0

    async def _send(self, send: Send, data: bytes, *, more: bool = True) -> None:
        if self._squeeze is not None:
            data = self._squeeze.compress(data) + self._squeeze.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
        await send({"type": "http.response.body", "body": data, "more_body": more})


def _cuts(length: int, sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    begin = 0
    for size in sizes:
        if begin >= length:
            return
        yield begin, min(begin + size, length)
        begin += size
