"""A response of server-sent events that keeps its connection alive, and that ends in order or says why it does not."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from lib.invocation import context
from lib.invocation.within_deadline import too_late
from lib.serving.failure import as_error
from lib.serving.joined import JoinedEncoder
from lib.serving.platforms import platform_of
from lib.serving.wire import Encoder, Wire
from lib.types.events import Event, TurnLost, TurnTaken

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

LAST = "glm.last"
"""In a body's message: with it the client has the whole of its answer, though the response may not have ended yet."""

_HEADERS = [
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the stream back.
]


class EventStream:
    """An ASGI response made of an answer's events, as `encoder` words them.

    The head goes out with the first content, or `HEAD_AFTER` seconds after an account's turn was had. An `Error` before
    is raised, so that the response can still get its status; later ones become the last event. The answer is complete
    when the encoder says so; that goes out before the answer is closed, so that nobody waits for what is cleaned up
    after it.
    """

    def __init__(self, answer: AsyncGenerator[list[Event]], encoder: Encoder, wire: Wire) -> None:
        self._answer = answer
        self._encoder = encoder
        self._wire = wire
        self._started = False
        self._complete = False
        self._stalled = False
        self._loop = asyncio.get_running_loop()
        self._turn_since = math.inf
        self._turn = asyncio.Event()
        self._last_sent = self._loop.time()
        self._sending = asyncio.Lock()
        self._is_sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events. Closes the answer before the response ends, so that nothing is left to do afterwards."""
        request = context.current()
        task = asyncio.current_task()
        assert task is not None
        most = platform_of(scope).stream_limit
        if most is not None:
            self._encoder = JoinedEncoder(self._encoder, most)
        watchdog = asyncio.create_task(self._watch(send, task)) if most is None else None
        last_moment = request.deadline.timeout(late_by=TAIL_SHARE * request.deadline.grace)
        try:
            async with last_moment, aclosing(self._answer) as answer:
                async for events in answer:
                    if events and isinstance(events[0], TurnTaken | TurnLost):
                        self._note_turn(taken=isinstance(events[0], TurnTaken))
                        continue
                    await self._write(self._encoder.feed(events), send)
                    if self._encoder.finished:
                        break
                await self._write(self._encoder.finish(), send, last=True)
                self._complete = True
        except asyncio.CancelledError:
            if not self._stalled:
                raise
            request.error = "client_stalled"
        except Exception as error:
            if not self._complete:  # Else it happened in cleaning up afterwards, which is no matter of the client's.
                self._complete = await self._fail(error, scope, send, late=last_moment.expired())
        finally:
            if watchdog is not None:
                watchdog.cancel()
        if self._complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _fail(self, error: Exception, scope: Scope, send: Send, *, late: bool) -> bool:
        """Tell of `error` in the stream, or raise it where there is none yet. Is the response to end in order?

        `late`: it is the time that is over.
        """
        if late and self._is_sending:  # Nothing can be told to a client that does not read.
            return False
        known = too_late() if late else as_error(error)
        if not self._started:
            raise known from error
        request = context.current()
        request.error = known.code
        breaks_off = self._wire.breaks_off and platform_of(scope).may_break_off
        try:
            async with asyncio.timeout(FINAL_ERROR_TIMEOUT if late else None):
                await self._write(self._encoder.fail(known, request.request_id), send, last=breaks_off)
        except TimeoutError:
            return False
        if breaks_off:
            await asyncio.sleep(PAUSE_BEFORE_ABORT)
        return not breaks_off

    def _note_turn(self, *, taken: bool) -> None:
        self._turn_since = self._loop.time() if taken else math.inf
        if taken:
            self._turn.set()
        else:
            self._turn.clear()

    async def _write(self, data: bytes, send: Send, *, last: bool = False) -> None:
        """Send the head where it has not gone out, and `data`; `last`: nothing follows that the client waits for."""
        if not data and not last:
            return
        async with self._sending:
            if not self._started:
                self._started = True
                headers = [(b"content-type", self._encoder.media_type.encode()), *_HEADERS]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                if preamble := self._encoder.preamble():
                    await self._send(preamble, send)
            await self._send(data, send, last=last)

    async def _send(self, data: bytes, send: Send, *, last: bool = False) -> None:
        self._last_sent = self._loop.time()
        self._is_sending = True
        await send({"type": "http.response.body", "body": data, "more_body": True, LAST: last})
        self._is_sending = False

    async def _watch(self, send: Send, task: asyncio.Task[None]) -> None:
        """Send the head in time, then a heartbeat whenever nothing else was sent for a while. Gives up who stalls."""
        while not self._started:
            await self._turn.wait()
            if (left := self._turn_since + HEAD_AFTER - self._loop.time()) > 0:
                await asyncio.sleep(left)
            elif not self._started:
                await self._write(self._encoder.heartbeat(), send)
        while True:
            silent_for = self._loop.time() - self._last_sent
            if self._is_sending and silent_for >= WRITE_TIMEOUT:
                self._stalled = True
                task.cancel()
                return
            if not self._is_sending and silent_for >= self._wire.heartbeat_interval:
                await self._write(self._encoder.heartbeat(), send)
                silent_for = 0.0
            await asyncio.sleep(max(0.1, self._wire.heartbeat_interval - silent_for))
