"""Connections over HTTP/1.1, kept for the next request: made for many long, slow streams.

Figures are in `docs/performance.md`:

- What has arrived is handed on at once, in one piece; a wait makes no task and, as a rule, no timer.
- A request costs the same whether ten or a thousand others are under way, and a connection with TLS a ninth of the
  memory that asyncio's takes.
- Nothing is imported that asyncio has not imported already, and the list of certificate authorities is read with the
  first https connection, while that is being made.

Left out, since nobody here needs them: HTTP/2, proxies (`HTTPS_PROXY` and its like have no effect), upgrades, and a
limit on the number of connections. asyncio only, and one event loop for each pool: that of its first request.
`lib.http.transport` lets httpx's clients use it.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable

from lib.http.connection import Connection, Origin, Request
from lib.http.http1 import Head
from lib.http.http_errors import ConnectError, ConnectTimeout, NetworkError, ReadError, RemoteProtocolError
from lib.http.tls import default_context

KEEP_ALIVE = 12.0
"""Seconds that a connection is kept for the next request. Less than the 15 that load balancers of Alibaba Cloud, in
front of many Chinese services, allow by default, so that we close first."""

MAX_IDLE = 100
"""Connections that are kept, of all origins together; each takes some 40 KB with TLS."""

READ_SIZE = 64 * 1024
"""Bytes that one read of a socket brings at most. The reads of all connections go into one buffer of this size: asyncio
would take 256 KB of fresh memory for each, which costs more than all that is done with the 300 bytes that come."""

HAPPY_EYEBALLS_DELAY = 0.25
"""Seconds that one of a host's addresses has before the next is tried beside it, as RFC 8305 advises. It takes two
tasks, so it is left out where the host is an address."""


class Response:
    """A response whose head has arrived. Iterate over it for the body as it arrives, or `read` it."""

    def __init__(self, head: Head, connection: Connection, release: Callable[[Connection], None]) -> None:
        self.head = head
        self._connection: Connection | None = connection
        self._release = release

    async def read(self, at_most: float = math.inf) -> bytes:
        """What has arrived of the body since the last time, in one piece; waits if that is nothing. `b""`: the end.

        Raises `TransportError`; that is `OutOfTime` where nothing has come in `at_most` seconds.
        """
        if self._connection is None:
            return b""
        data = await self._connection.read(at_most)
        if not data:
            self.close()
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    def close(self) -> None:
        """Nothing more is wanted of it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._release(connection)


class Pool:
    """Connections to any number of origins.

    A connection that was kept is used again, the newest first, if it shows no sign of having been closed. The server
    may still be closing it at that very moment. A request that fails so, before any byte of a response, is sent once
    more over a fresh connection if it is `repeatable`.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        """`ssl_context`: for https, instead of `lib.http.tls.default_context()`."""
        self._ssl_context = ssl_context
        self._connections: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._buffer: memoryview | None = None

    async def send(self, request: Request) -> Response:
        """Send `request`, wait for the head of the response. Raises `TransportError`.

        A response that was read to its end, or whose end has arrived, leaves its connection to the next request.
        Closing it earlier closes the connection, and so does whatever goes wrong, being cancelled too.
        """
        self._bind()
        if connection := self._take(request.origin):
            try:
                return await self._exchange(connection, request)
            except (NetworkError, RemoteProtocolError):
                if connection.answered or not request.repeatable:
                    raise
        return await self._exchange(await self._connect(request), request)

    async def aclose(self) -> None:
        """Close all connections. Whoever still reads from one gets `ReadError`."""
        self._closed = True
        for connection in list(self._connections):
            connection.close(ReadError("The pool was closed."))
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        await asyncio.sleep(0)  # In the loop's next round the sockets are closed.

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            # Only such a loop is known to read and hand over in one go; on others each connection has a buffer.
            if isinstance(loop, asyncio.SelectorEventLoop):
                self._buffer = memoryview(bytearray(READ_SIZE))
        elif self._loop is not loop:
            raise RuntimeError("A pool belongs to the event loop of its first request.")

    async def _exchange(self, connection: Connection, request: Request) -> Response:
        try:
            head = await connection.exchange(request)
        except BaseException:
            connection.close(ReadError("The request failed."))
            raise
        return Response(head, connection, self._release)

    async def _connect(self, request: Request) -> Connection:
        origin = request.origin
        loop = asyncio.get_running_loop()
        buffer = self._buffer or memoryview(bytearray(READ_SIZE))
        connection: Connection | None = None
        try:
            async with asyncio.timeout(request.timeouts.connect):
                if origin.scheme == "https" and self._ssl_context is None:
                    # In a thread: it reads a file for 15 ms, during which the network can be at work.
                    reading = loop.run_in_executor(None, default_context)
                _, connection = await loop.create_connection(
                    lambda: Connection(origin, self._lost, buffer),
                    origin.host,
                    origin.port,
                    happy_eyeballs_delay=None if _is_address(origin.host) else HAPPY_EYEBALLS_DELAY,
                )
                self._connections.add(connection)
                if self._closed:
                    raise OSError("the pool was closed")
                if origin.scheme == "https":
                    self._ssl_context = self._ssl_context or await reading
                    await connection.start_tls(self._ssl_context, origin.hostname)
        except BaseException as error:
            if connection is not None:
                connection.close(ConnectError("The connection was not made."))
            if isinstance(error, TimeoutError):
                raise ConnectTimeout("Not connected within the time-out.") from error
            if isinstance(error, OSError | ValueError):
                raise ConnectError(f"Not connected: {error}") from error
            raise
        return connection

    # The connections that wait for a request.

    def _take(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.is_alive() and connection.idle_time < KEEP_ALIVE:
                return connection
            connection.close(ReadError("The connection was idle for too long, or closed by the server."))
        return None

    def _release(self, connection: Connection) -> None:
        reusable = connection.finish()
        if not reusable or self._closed or sum(map(len, self._idle.values())) >= MAX_IDLE:
            connection.close(ReadError("The connection is not used again."))
            return
        self._idle.setdefault(connection.origin, []).append(connection)
        self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep_timer is None:
            self._sweep_timer = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long; come again while anything is idle."""
        self._sweep_timer = None
        for connection in [connection for idle in self._idle.values() for connection in idle]:
            if connection.idle_time >= KEEP_ALIVE:
                connection.close(ReadError("The connection was idle for too long."))
            else:
                self._sweep_later()

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        idle = self._idle.get(connection.origin, [])
        if connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(connection.origin, None)


def _is_address(host: str) -> bool:
    return ":" in host or host[-1].isdigit()  # No top-level domain ends with a digit.
