"""A response of server-sent events that keeps its connection alive, and that ends in order or says why it does not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from lib.invocation import context
from lib.invocation.within_deadline import too_late
from lib.serving import limits
from lib.serving.failure import as_error
from lib.serving.joined import JoinedEncoder
from lib.serving.wire import Encoder, Wire
from lib.types.events import Event

HEAD_AFTER = 10.0
"""Seconds after the turn was had when the head goes out, content or not: most clients wait a minute for it, and until
then a failure can still get a status of its own."""
TAIL_SHARE = 0.25
"""The share of the grace, after the deadline at which the answer ends by itself, in which a client may read the end.
The rest is for cleaning up."""
FINAL_ERROR_TIMEOUT = 0.2
"""Seconds in which a client may take the error that says so, where cleaning up has used the time for that."""
WRITE_TIMEOUT = 60.0
"""Seconds in which a client has to take something of its stream. One that never reads would hold its account."""
PAUSE_BEFORE_ABORT = 0.1
"""Seconds between an error's event and the break of its stream. When a connection breaks, browsers throw away what the
page has not read yet: without these it would know that the answer broke off, and not why."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the stream back.
]


class EventStream:
    """An ASGI response made of an answer's events, as `encoder` words them.

    An `Error` before the first of them is raised, so that the response can still get its status. Later ones become the
    last event. The answer is complete when the encoder says so; that goes out before the answer is closed, so that
    nobody waits for what is cleaned up after it. `copies`: how often the stream holds each text, since the last events
    of some wires repeat it.
    """

    def __init__(self, answer: AsyncGenerator[list[Event]], encoder: Encoder, wire: Wire, *, copies: int = 1) -> None:
        self._answer = answer
        self._encoder = encoder
        self._copies = copies
        self._joined: JoinedEncoder | None = None
        """The encoder where nobody sees the pieces, nor needs a heartbeat."""
        self._wire = wire
        self._started = False
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()
        self._sending = asyncio.Lock()
        self._is_sending = False
        self._stalled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events. Closes the answer before the response ends, so that nothing is left to do afterwards."""
        request = context.current()
        task = asyncio.current_task()
        assert task is not None
        most = limits.stream_limit(scope)
        if most is not None:
            self._encoder = self._joined = JoinedEncoder(self._encoder, most, self._copies)
        heartbeat = asyncio.create_task(self._keep_alive(send, task)) if most is None else None
        last_moment = request.deadline.timeout(late_by=TAIL_SHARE * request.deadline.grace)
        try:
            async with last_moment, aclosing(self._answer) as answer:
                async for events in answer:
                    await self._write(self._encoder.add(events), send)
                    if self._encoder.finished:
                        break
                await self._write(self._rest(), send)
                await self._write(self._encoder.end(), send)
                request.answered = True
        except asyncio.CancelledError:
            if not self._stalled:
                raise
            request.error = "client_stalled"
            return
        except Exception as error:
            late = last_moment.expired()
            if late and self._is_sending:  # Nothing can be told to a client that does not read.
                return
            if not self._started and not late:
                raise
            known = too_late() if late else as_error(error)
            if request.answered:  # It happened in cleaning up afterwards, which is no matter of the client's.
                await self._end(send)
                return
            if not self._started:
                raise known from error
            request.error = known.code
            try:
                async with asyncio.timeout(FINAL_ERROR_TIMEOUT if late else None):
                    await self._write(self._rest(), send)
                    await self._write(self._wire.error_event(known, request.request_id), send)
            except TimeoutError:
                return
            if limits.may_break_off(scope):
                # Clients that skip events which they do not know would take a half answer for a whole one.
                request.broken_off = True
                await asyncio.sleep(PAUSE_BEFORE_ABORT)
                return
        finally:
            if heartbeat is not None:
                heartbeat.cancel()
        await self._end(send)

    async def _end(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _rest(self) -> bytes:
        return b"" if self._joined is None else self._joined.rest()

    async def _write(self, data: bytes, send: Send) -> None:
        if data:
            async with self._sending:
                if not self._started:
                    await self._start(send)
                await self._send(data, send)

    async def _start(self, send: Send) -> None:
        self._started = True
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if head := self._encoder.head:
            await self._send(head, send)

    async def _send(self, data: bytes, send: Send) -> None:
        self._last_sent = self._loop.time()
        self._is_sending = True
        await send({"type": "http.response.body", "body": data, "more_body": True})
        self._is_sending = False

    async def _keep_alive(self, send: Send, task: asyncio.Task[None]) -> None:
        """Send the head in time, then a heartbeat whenever nothing else was sent for a while."""
        await context.current().turn.wait(HEAD_AFTER)
        if not self._started:
            await self._write(self._wire.heartbeat, send)
        while True:
            silent_for = self._loop.time() - self._last_sent
            if self._is_sending and silent_for >= WRITE_TIMEOUT:
                self._stalled = True
                task.cancel()
                return
            if not self._is_sending and silent_for >= self._wire.heartbeat_interval:
                await self._write(self._wire.heartbeat, send)
                silent_for = 0.0
            await asyncio.sleep(max(0.1, self._wire.heartbeat_interval - silent_for))
