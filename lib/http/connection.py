"""One connection of a client over which HTTP/1.1 is spoken, one request after another."""

import asyncio
import math
import select
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast

import httpx

from lib.http import request as wire
from lib.http.alarm import Alarm
from lib.http.request import Origin
from lib.http.response_reader import Head, ProtocolError, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_UNREAD: Final = 64 * 1024
"""Bytes of a body that may wait for their reader; then the server has to wait. One read more is taken in any case."""


class Connection(asyncio.BufferedProtocol):
    """Made by `loop.create_connection`. At most one task uses it at a time; nothing is done for it in the background.

    An error closes the connection and is raised to whoever waits, now or later, after what has arrived before it.
    """

    __slots__ = (
        "_alarm",
        "_buffer",
        "_error",
        "_idle_since",
        "_last_request",
        "_loop",
        "_on_lost",
        "_read_timeout",
        "_reader",
        "_reading_paused",
        "_sending",
        "_transport",
        "_unread",
        "_unread_size",
        "_waiter",
        "_writing_paused",
        "origin",
    )

    def __init__(self, origin: Origin, on_lost: "Callable[[Connection], None]", buffer: memoryview) -> None:
        """`on_lost`: called once, when the connection is closed, by whomever. `buffer`: what the socket is read into.

        The connection takes its bytes out of the buffer at once, so that on a loop that reads at once too, others can
        have the same one.
        """
        self.origin = origin
        self._buffer = buffer
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._error: httpx.TransportError | None = None
        self._reader: ResponseReader | None = None  # None: no request is under way
        self._last_request = False
        self._sending = False
        self._idle_since = 0.0

        self._unread: list[bytes] = []
        self._unread_size = 0
        self._reading_paused = False
        self._writing_paused = False

        self._waiter: asyncio.Future[None] | None = None
        self._alarm = Alarm()
        self._read_timeout: float | None = None

    async def exchange(self, request: httpx.Request) -> Head:
        """Send `request`, wait for the head of the response.

        An answer that refuses the request (300 and above) while its body is still being sent is taken at once; the
        rest is not sent. A failure, also of the stream that gives the body, leaves the connection for `close`.
        """
        self._read_timeout = wire.timeout(request, "read")
        self._last_request = wire.is_last(request)
        self._reader = reader = ResponseReader(request.method)
        self._sending = True
        try:
            await self._send(request)
        except httpx.NetworkError:
            # The server may have answered before it closed.
            if reader.head is None:
                raise
        self._sending = False
        while reader.head is None:
            await self._wait(self._read_timeout, httpx.ReadTimeout)
        return reader.head

    async def read(self) -> bytes:
        """What has arrived of the body since the last time, in one piece; waits if that is nothing. `b""`: the end."""
        assert self._reader is not None
        while not self._unread:
            if self._reader.complete:
                return b""
            await self._wait(self._read_timeout, httpx.ReadTimeout)
        data = self._unread[0] if len(self._unread) == 1 else b"".join(self._unread)
        self._forget_unread()
        return data

    @property
    def answered(self) -> bool:
        """Has a byte of the response been received?"""
        return self._reader is not None and self._reader.started

    def finish(self) -> bool:
        """The response is no longer wanted. Tell whether the connection can take another request."""
        reader, self._reader = self._reader, None
        self._forget_unread()
        self._idle_since = time.time()
        return (
            reader is not None
            and reader.reusable
            and self._error is None
            and not self._last_request
            and not self._transport.get_write_buffer_size()
        )

    @property
    def idle_time(self) -> float:
        """Seconds since `finish`, by the clock on the wall: others may stand still while the platform freezes us."""
        return time.time() - self._idle_since

    def is_alive(self) -> bool:
        """Tell whether an idle connection shows no sign of having been closed.

        The sign may still be in the kernel, where this has been frozen, so that is asked too.
        """
        if self._error is not None or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def close(self, error: httpx.TransportError, cause: BaseException | None = None) -> None:
        """Close at once. Whoever uses the connection gets `error`, or the one for which it is closed already.

        TLS's word of farewell is not sent: each of our messages says itself where it ends.
        """
        if self._error is None:
            self._error = error
            self._error.__cause__ = cause
        self._transport.abort()
        self._wake()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected, and TLS agreed upon."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._error is not None:
            return
        if self._reader is None:
            self.close(httpx.RemoteProtocolError("The server speaks without having been asked."))
            return
        try:
            body = self._reader.feed(self._buffer[:nbytes])
        except ProtocolError as error:
            self.close(httpx.RemoteProtocolError(f"Not understood: {error}."))
            return
        if body:
            self._unread.append(body)
            self._unread_size += len(body)
            if self._unread_size > MAX_UNREAD and not self._reading_paused:
                self._reading_paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will arrive; the loop closes the connection."""
        if self._reader is None:
            self.close(httpx.ReadError("The server closed the connection."))
            return
        try:
            self._reader.feed_eof()
        except ProtocolError as error:
            self.close(httpx.RemoteProtocolError(f"Not understood: {error}."))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        error = httpx.WriteError if self._sending else httpx.ReadError
        self.close(error(f"The connection was lost: {exc}."), exc)
        self._alarm.stop()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """The server takes less than we give it."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """The server has taken what it was given."""
        self._writing_paused = False
        self._wake()

    def _forget_unread(self) -> None:
        self._unread.clear()
        self._unread_size = 0
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    # Sending.

    async def _send(self, request: httpx.Request) -> None:
        timeout = wire.timeout(request, "write")
        head = wire.head(request)
        body = wire.small_body(request)
        if body is not None:
            await self._write(head + body, timeout)
            return
        async with aclosing(wire.parts(request)) as parts:
            async for part in parts:
                if not head:
                    await asyncio.sleep(0)  # Without a wait between them, an early answer would not be seen.
                await self._write(b"".join((head, part)), timeout)
                head = b""
                if self._refused:
                    self._last_request = True
                    return
        if head:
            await self._write(head, timeout)

    async def _write(self, data: bytes, timeout: float | None) -> None:
        if self._error is not None:
            raise self._error
        self._transport.write(data)
        while self._writing_paused and not self._refused:
            await self._wait(timeout, httpx.WriteTimeout)

    @property
    def _refused(self) -> bool:
        return self._reader is not None and self._reader.head is not None and self._reader.head.status >= 300

    # Waiting.

    async def _wait(self, timeout: float | None, expired: type[httpx.TimeoutException]) -> None:
        """Until something happens. Raises what the connection was closed for, `expired` after `timeout` seconds."""
        if self._error is not None:
            raise self._error
        waiter = self._waiter = self._loop.create_future()
        try:
            await self._alarm.wait(waiter, math.inf if timeout is None else timeout)
        except TimeoutError as error:
            if waiter.cancelled():  # Else something came in time, and the event loop was late.
                self.close(late := expired("Nothing came for as long as the time-out allows."), error)
                raise late from error
        except asyncio.CancelledError:
            self.close(httpx.ReadError("The request was cancelled."))
            raise
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
