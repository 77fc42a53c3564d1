"""Servers whose behaviour a test writes out, and a client that talks to them over our transport."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from lib.http.pool import Pool
from lib.http.transport import Transport

SOON = 10.0
"""Seconds within which what must happen happens; nothing waits for them where all is well."""

SHORT = 0.15
"""A time-out that is waited for."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def head(self) -> bytes:
        """The head of the next request. Raises `IncompleteReadError` when the client has closed the connection."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """The next request: its head, and its body if that has a length."""
        head = await self.head()
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + (await self.reader.readexactly(int(lengths[0])) if lengths else b"")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self) -> None:
        """Until the client has closed the connection."""
        async with asyncio.timeout(SOON):
            try:
                while await self.reader.read(1 << 16):
                    pass
            except ConnectionError:
                pass

    def reset(self) -> None:
        """Break the connection off, as a process that dies does."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


type Behaviour = Callable[[Peer], Awaitable[None]]


class Server:
    """A server whose behaviour a test writes out. It serves each connection with `behaviour`, then closes it."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.errors: list[BaseException] = []
        self._behaviour, self._tls = behaviour, tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls, backlog=1024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self.errors == []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            await self._behaviour(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The client has closed the connection, or the test is over.
        except Exception as error:
            self.errors.append(error)
        finally:
            writer.close()


@asynccontextmanager
async def connected(
    tls: ssl.SSLContext | None = None, timeout: httpx.Timeout | float = SOON
) -> AsyncIterator[tuple[httpx.AsyncClient, Pool]]:
    """A client, and its pool to look into."""
    transport = Transport(tls)
    made = transport.pool
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
        yield client, made
    assert made._connections == set()
    assert made._idle == {}


@asynccontextmanager
async def session(behaviour: Behaviour) -> AsyncIterator[tuple[httpx.AsyncClient, Server]]:
    async with Server(behaviour) as server, connected() as (client, _):
        yield client, server


def answering(*answers: bytes) -> Behaviour:
    """Each request of a connection gets the next answer; then the connection is closed."""

    async def behave(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.send(answer)

    return behave


async def forever(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.send(OK)


LARGE = bytes(range(256)) * 20_000


async def pieces_of(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]
