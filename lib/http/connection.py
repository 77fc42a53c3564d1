"""One connection of a client over which HTTP/1.1 is spoken, one request after another."""

import asyncio
import math
import select
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple, cast

from lib.http import http1, http_errors
from lib.http.tls import Tls

MAX_UNREAD = 64 * 1024
"""Bytes of a body that may wait for their reader; then the server has to wait. One read more is taken in any case."""

WRITE_SIZE = 64 * 1024
"""Bytes of a request's body that are given to the socket at once: what asyncio holds before it asks to wait."""

TIMER_SLACK = 0.01
"""Seconds by which a time-out may be late. A deadline is reckoned anew for each wait, and shall not move the timer."""


DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a connection leads to: requests with equal origins can share one."""

    scheme: str
    host: str
    port: int
    hostname: str
    """Whom the certificate has to name: as a rule, the host."""


class Timeouts(NamedTuple):
    """Seconds, or None for as long as it takes."""

    connect: float | None = None
    """For the connection to stand, TLS included."""
    read: float | None = None
    """For the server to say something, again and again."""
    write: float | None = None
    """For the server to take something, again and again."""


class Request(NamedTuple):
    """One request, as it goes over the wire."""

    origin: Origin
    method: str
    target: bytes
    """Path and query."""
    headers: Sequence[tuple[bytes, bytes]]
    """All of them, `Host` and those that say how long the body is, too."""
    body: bytes | AsyncIterable[bytes] = b""
    length: int | None = 0
    """How many bytes a body has that is not given as bytes; None: it goes in chunks."""
    timeouts: Timeouts = Timeouts()
    repeatable: bool = False
    """May it be sent once more where the server may or may not have seen it?"""
    last: bool = False
    """Is it the last of its connection?"""


class Connection(asyncio.BufferedProtocol):
    """Made by `loop.create_connection`. At most one task uses it at a time; nothing is done for it in the background.

    An error closes the connection and is raised to whoever waits, now or later, after what has arrived before it.
    """

    __slots__ = (
        "_buffer",
        "_error",
        "_expired",
        "_expires",
        "_idle_since",
        "_last_request",
        "_loop",
        "_on_lost",
        "_read_timeout",
        "_reader",
        "_reading_paused",
        "_sending",
        "_timer",
        "_tls",
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
        self._tls: Tls | None = None
        self._error: http_errors.TransportError | None = None
        self._reader: http1.ResponseReader | None = None  # None: no request is under way
        self._last_request = False
        self._sending = False
        self._idle_since = 0.0

        self._unread: list[bytes] = []
        self._unread_size = 0
        self._reading_paused = False
        self._writing_paused = False

        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._read_timeout: float | None = None
        self._expires = math.inf
        self._expired: type[http_errors.TimeoutException] = http_errors.ReadTimeout

    async def start_tls(self, context: ssl.SSLContext, hostname: str) -> None:
        """Do the handshake. Raises `ConnectError` where it fails, `ValueError` where `hostname` is none."""
        self._tls = Tls(context, hostname)
        self.buffer_updated(0)
        while not self._tls.established:
            await self._wait(None, http_errors.ConnectTimeout)

    async def exchange(self, request: Request) -> http1.Head:
        """Send `request`, wait for the head of the response.

        An answer that refuses the request (300 and above) while its body is still being sent is taken at once; the
        rest is not sent. A failure, also of the stream that gives the body, leaves the connection for `close`.
        """
        self._read_timeout = request.timeouts.read
        self._last_request = request.last
        self._reader = reader = http1.ResponseReader(request.method)
        self._sending = True
        try:
            await self._send(request, request.timeouts.write)
        except http_errors.NetworkError:
            # The server may have answered before it closed.
            if reader.head is None:
                raise
        self._sending = False
        while reader.head is None:
            await self._wait(self._read_timeout, http_errors.ReadTimeout)
        return reader.head

    async def read(self, at_most: float = math.inf) -> bytes:
        """What has arrived of the body since the last time, in one piece; waits if that is nothing. `b""`: the end.

        Raises `OutOfTime` after `at_most` seconds, if the server may be silent for longer.
        """
        assert self._reader is not None
        while not self._unread:
            if self._reader.complete:
                return b""
            if self._read_timeout is not None and self._read_timeout <= at_most:
                await self._wait(self._read_timeout, http_errors.ReadTimeout)
            else:
                await self._wait(None if at_most == math.inf else at_most, http_errors.OutOfTime)
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

        The sign may still be in the kernel, where this has been frozen, so that is asked too. (Not on Windows.)
        """
        if self._error is not None or self._transport.is_closing():
            return False
        if not hasattr(select, "poll"):
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def close(self, error: http_errors.TransportError, cause: BaseException | None = None) -> None:
        """Close at once. Whoever uses the connection gets `error`, or the one for which it is closed already.

        TLS's word of farewell is not sent: each of our messages says itself where it ends.
        """
        if self._error is None:
            self._error = error
            self._error.__cause__ = cause
        self._transport.abort()
        self._wake()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what arrives."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Something has arrived."""
        if self._error is not None:
            return
        try:
            if self._tls is None:
                self._receive(bytes(self._buffer[:nbytes]))
            else:
                self._receive_tls(self._tls, self._buffer[:nbytes])
        except http1.ProtocolError as error:
            self.close(http_errors.RemoteProtocolError(f"Not understood: {error}."))
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will arrive; asyncio closes the connection."""
        if self._reader is None:
            self.close(http_errors.ConnectError("The server closed the connection."))
            return
        try:
            self._reader.feed_eof()
        except http1.ProtocolError as error:
            self.close(http_errors.RemoteProtocolError(f"Not understood: {error}."))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        error = http_errors.WriteError if self._sending else http_errors.ReadError
        self.close(error(f"The connection was lost: {exc}."), exc)
        if self._timer is not None:
            self._timer.cancel()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """The server takes less than we give it."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """The server has taken what it was given."""
        self._writing_paused = False
        self._wake()

    # Receiving.

    def _receive_tls(self, tls: Tls, data: memoryview) -> None:
        try:
            for piece in tls.receive(data):
                self._receive(piece)
        except ssl.SSLError as error:
            self._transport.write(tls.to_send())  # An alert: it says what was wrong.
            kind = http_errors.ReadError if tls.established else http_errors.ConnectError
            self.close(kind(f"TLS failed: {error}"), error)
            return
        if answer := tls.to_send():
            self._transport.write(answer)
        if tls.ended:
            self.eof_received()

    def _receive(self, data: bytes) -> None:
        if self._reader is None:
            raise http1.ProtocolError("the server speaks without having been asked")
        if body := self._reader.feed(data):
            self._unread.append(body)
            self._unread_size += len(body)
            if self._unread_size > MAX_UNREAD and not self._reading_paused:
                self._reading_paused = True
                self._transport.pause_reading()

    def _forget_unread(self) -> None:
        self._unread.clear()
        self._unread_size = 0
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    # Sending.

    async def _send(self, request: Request, timeout: float | None) -> None:
        try:
            head = http1.request_head(request.method, request.target, request.headers)
        except http1.ProtocolError as error:
            raise http_errors.LocalProtocolError(f"Not sent: {error}.") from error
        if isinstance(request.body, bytes) and len(request.body) <= WRITE_SIZE:
            await self._write(head + request.body, timeout)
            return
        async with aclosing(_parts(request)) as parts:
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
        try:
            self._transport.write(self._tls.send(data) if self._tls else data)
        except ssl.SSLError as error:
            raise http_errors.WriteError(f"TLS failed: {error}") from error
        while self._writing_paused and not self._refused:
            await self._wait(timeout, http_errors.WriteTimeout)

    @property
    def _refused(self) -> bool:
        return self._reader is not None and self._reader.head is not None and self._reader.head.status >= 300

    # Waiting.

    async def _wait(self, timeout: float | None, expired: type[http_errors.TimeoutException]) -> None:
        """Until something happens. Raises what the connection was closed for, `expired` after `timeout` seconds."""
        if self._error is not None:
            raise self._error
        self._expires = math.inf
        if timeout is not None:
            self._expires = self._loop.time() + timeout
            self._expired = expired
            # The timer of an earlier wait is left as it is: it finds out when it rings. So a stream has one timer for
            # many waits.
            if self._timer is None or self._timer.when() > self._expires + TIMER_SLACK:
                self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close(http_errors.ReadError("The request was cancelled."))
            raise
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._expires, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done() or self._expires == math.inf:
            return
        if self._loop.time() < self._expires:
            self._set_timer()
        else:
            self.close(self._expired("Nothing came for as long as the time-out allows."))


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


async def _parts(request: Request) -> AsyncGenerator[bytes | memoryview]:
    """The request's body as it goes over the wire, in parts of `WRITE_SIZE` or a little more.

    Raises `LocalProtocolError` where it is longer or shorter than was told.
    """
    body, left = request.body, request.length
    if isinstance(body, bytes):
        left = len(body)
        body = _once(body)
    async for piece in body:
        for start in range(0, len(piece), WRITE_SIZE):
            part = memoryview(piece)[start : start + WRITE_SIZE]
            if left is not None and (left := left - len(part)) < 0:
                raise http_errors.LocalProtocolError("Not sent to the end: the body is longer than its Content-Length.")
            yield http1.chunk(part) if left is None else part
    if left is None:
        yield http1.LAST_CHUNK
    elif left:
        raise http_errors.LocalProtocolError("Not sent to the end: the body is shorter than its Content-Length.")
