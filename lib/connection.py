"""One connection of a client over which HTTP/1.1 is spoken, one request after another."""

import asyncio
import math
import select
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import NamedTuple, cast

import httpx

from lib import http1
from lib.tls import Tls

MAX_UNREAD = 64 * 1024
"""Bytes of a body that may wait for their reader; then the server has to wait. One read more is taken in any case."""

WRITE_SIZE = 64 * 1024
"""Bytes of a request's body that are given to the socket at once: what asyncio holds before it asks to wait."""


class Origin(NamedTuple):
    """Where a connection leads to: requests with equal origins can share one."""

    scheme: str
    host: str
    port: int
    hostname: str
    """Whom the certificate has to name: the host, if the request's extension `sni_hostname` names no other."""


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
        self._error: httpx.TransportError | None = None
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
        self._expired: type[httpx.TimeoutException] = httpx.ReadTimeout

    async def start_tls(self, context: ssl.SSLContext, hostname: str) -> None:
        """Do the handshake. Raises `httpx.ConnectError` where it fails, `ValueError` where `hostname` is none."""
        self._tls = Tls(context, hostname)
        self.buffer_updated(0)
        while not self._tls.established:
            await self._wait(None, httpx.ConnectTimeout)

    async def exchange(self, request: httpx.Request) -> http1.Head:
        """Send `request`, wait for the head of the response.

        An answer that refuses the request (300 and above) while its body is still being sent is taken at once; the
        rest is not sent. A failure, also of the stream that gives the body, leaves the connection for `close`.
        """
        timeouts = request.extensions.get("timeout", {})
        self._read_timeout = timeouts.get("read")
        self._last_request = "close" in request.headers.get("connection", "").lower()
        self._reader = reader = http1.ResponseReader(request.method)
        self._sending = True
        try:
            await self._send(request, timeouts.get("write"))
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

        The sign may still be in the kernel, where this has been frozen, so that is asked too. (Not on Windows.)
        """
        if self._error is not None or self._transport.is_closing():
            return False
        if not hasattr(select, "poll"):
            return True
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
            self.close(httpx.RemoteProtocolError(f"Not understood: {error}."))
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will arrive; asyncio closes the connection."""
        if self._reader is None:
            self.close(httpx.ConnectError("The server closed the connection."))
            return
        try:
            self._reader.feed_eof()
        except http1.ProtocolError as error:
            self.close(httpx.RemoteProtocolError(f"Not understood: {error}."))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        error = httpx.WriteError if self._sending else httpx.ReadError
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
            kind = httpx.ReadError if tls.established else httpx.ConnectError
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

    async def _send(self, request: httpx.Request, timeout: float | None) -> None:
        try:
            head = http1.request_head(request.method, request.url.raw_path, request.headers.raw)
        except http1.ProtocolError as error:
            raise httpx.LocalProtocolError(f"Not sent: {error}.") from error
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
            raise httpx.WriteError(f"TLS failed: {error}") from error
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
        self._expires = math.inf
        if timeout is not None:
            self._expires = self._loop.time() + timeout
            self._expired = expired
            # The timer of an earlier wait is left as it is: it finds out when it rings. So a stream has one timer for
            # many waits.
            if self._timer is None or self._timer.when() > self._expires:
                self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close(httpx.ReadError("The request was cancelled."))
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


async def _parts(request: httpx.Request) -> AsyncGenerator[bytes | memoryview]:
    """The request's body as it goes over the wire, in parts of `WRITE_SIZE` or a little more.

    Raises `httpx.LocalProtocolError` where it is longer or shorter than its `Content-Length`.
    """
    assert isinstance(request.stream, httpx.AsyncByteStream)
    chunked = "transfer-encoding" in request.headers
    left = int(request.headers.get("content-length", 0))
    async for piece in request.stream:
        for start in range(0, len(piece), WRITE_SIZE):
            part = memoryview(piece)[start : start + WRITE_SIZE]
            if not chunked and (left := left - len(part)) < 0:
                raise httpx.LocalProtocolError("Not sent to the end: the body is longer than its Content-Length.")
            yield http1.chunk(part) if chunked else part
    if chunked:
        yield http1.LAST_CHUNK
    elif left:
        raise httpx.LocalProtocolError("Not sent to the end: the body is shorter than its Content-Length.")
