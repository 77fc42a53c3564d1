"""Connections over HTTP/1.1, kept for the next request: made for many long, slow streams.

Figures are in `docs/performance.md`:

- What has arrived is handed on at once, in one piece; a wait makes no task and, as a rule, no timer.
- A request costs the same whether ten or a thousand others are under way.
- The list of certificate authorities is read with the first https connection, while that is being made.

Left out, since nobody here needs them: HTTP/2, upgrades, and a limit on the number of connections. Proxies are
httpx's own (`lib.http.clients`). asyncio's loops and uvloop only, and one event loop for each pool: that of its first
request.
"""

import asyncio
import ssl
from typing import Final

import httpx

from lib.http.connection import Connection
from lib.http.dial import dial
from lib.http.request import Origin, is_repeatable, origin, timeout
from lib.http.response_reader import Head
from lib.http.tls import default_context

KEEP_ALIVE: Final = 12.0
"""Seconds that a connection is kept for the next request. Less than the 15 that load balancers of Alibaba Cloud, in
front of many Chinese services, allow by default, so that we close first."""

MAX_IDLE: Final = 100
"""Connections that are kept, of all origins together; each takes some 60 KB with TLS."""

READ_SIZE: Final = 64 * 1024
"""Bytes that one read of a socket brings at most. The reads of all connections go into one buffer of this size: asyncio
would take 256 KB of fresh memory for each, which costs more than all that is done with the 300 bytes that come."""


class Pool:
    """Connections to any number of origins.

    A connection that was kept is used again, the newest first, if it shows no sign of having been closed. The server
    may still be closing it at that very moment. A request that fails so, before any byte of a response, is sent once
    more over a fresh connection if it `is_repeatable`.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        """`ssl_context`: for https, instead of `lib.http.tls.default_context()`."""
        self._ssl_context = ssl_context
        self._connections: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._none_left = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._buffer = memoryview(bytearray(READ_SIZE))

    async def send(self, request: httpx.Request) -> tuple[Head, Connection]:
        """Send `request`, wait for the head of the response. Raises `httpx.TransportError`.

        The body is read from the connection, which then has to be released. Whatever goes wrong closes the connection,
        and so does being cancelled.
        """
        self._bind()
        if connection := self._take(origin(request)):
            try:
                return await self._exchange(connection, request), connection
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if connection.answered or not is_repeatable(request):
                    raise
        connection = await self._connect(request)
        return await self._exchange(connection, request), connection

    def release(self, connection: Connection) -> None:
        """Nothing more is wanted of a response. Where its end has arrived, its connection is kept, else closed."""
        reusable = connection.finish()
        if not reusable or self._closed or sum(map(len, self._idle.values())) >= MAX_IDLE:
            connection.close(httpx.ReadError("The connection is not used again."))
            return
        self._idle.setdefault(connection.origin, []).append(connection)
        self._sweep_later()

    async def aclose(self) -> None:
        """Close all connections. Whoever still reads from one gets `httpx.ReadError`."""
        self._closed = True
        for connection in list(self._connections):
            connection.close(httpx.ReadError("The pool was closed."))
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        if self._connections:
            await self._none_left.wait()

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("A pool belongs to the event loop of its first request.")

    async def _exchange(self, connection: Connection, request: httpx.Request) -> Head:
        try:
            return await connection.exchange(request)
        except BaseException:
            connection.close(httpx.ReadError("The request failed."))
            raise

    async def _connect(self, request: httpx.Request) -> Connection:
        if self._closed:
            raise httpx.ConnectError("Not connected: the pool was closed.")
        try:
            async with asyncio.timeout(timeout(request, "connect")):
                connection = await self._open(origin(request))
        except TimeoutError as error:
            raise httpx.ConnectTimeout("Not connected within the time-out.") from error
        except (OSError, ValueError) as error:
            raise httpx.ConnectError(f"Not connected: {error}") from error
        self._connections.add(connection)
        if self._closed:
            connection.close(httpx.ConnectError("The pool was closed while the connection was made."))
        return connection

    async def _open(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        buffer = self._buffer
        if origin.scheme == "http":
            socket = await dial(origin.host, origin.port)
            _, connection = await loop.create_connection(lambda: Connection(origin, self._lost, buffer), sock=socket)
            return connection
        _check_name(origin.hostname)
        # In a thread: it reads a file for 15 ms, during which the network can be at work.
        reading = None if self._ssl_context else loop.run_in_executor(None, default_context)
        socket = await dial(origin.host, origin.port)
        try:
            self._ssl_context = await reading if reading else self._ssl_context
        except BaseException:
            socket.close()
            raise
        _, connection = await loop.create_connection(
            lambda: Connection(origin, self._lost, buffer),
            sock=socket,
            ssl=self._ssl_context,
            server_hostname=origin.hostname,
        )
        return connection

    # The connections that wait for a request.

    def _take(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.is_alive() and connection.idle_time < KEEP_ALIVE:
                return connection
            connection.close(httpx.ReadError("The connection was idle for too long, or closed by the server."))
        return None

    def _sweep_later(self) -> None:
        if self._sweep_timer is None:
            self._sweep_timer = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long; come again while anything is idle."""
        self._sweep_timer = None
        for connection in [connection for idle in self._idle.values() for connection in idle]:
            if connection.idle_time >= KEEP_ALIVE:
                connection.close(httpx.ReadError("The connection was idle for too long."))
            else:
                self._sweep_later()

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._closed and not self._connections:
            self._none_left.set()
        idle = self._idle.get(connection.origin, [])
        if connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(connection.origin, None)


def _check_name(hostname: str) -> None:
    """Raise `ValueError` for a name that is none. TLS would refuse it too, but by then a loop loses the socket."""
    if hostname.startswith("."):
        raise ValueError("a host's name does not begin with a dot")
    hostname.encode("idna")
