"""Clients as they are: most read to the end; some leave, read slowly or never, half-close, or drip their body."""

import asyncio
import socket
import time
from random import Random
from typing import Final

import h11

from .asks import Request
from .record import Exchange

CONNECT_FOR: Final = 20.0
"""Seconds for which a client tries to connect: a process that is being replaced does not listen for a moment."""
SMALL_BUFFER: Final = 4096
SIP: Final = 64
"""Bytes that a slow reader takes at a time."""
NEVER_READS_FOR: Final = 80.0
"""Seconds for which a client that never reads holds its connection: longer than a server waits for it."""


class Client:
    """Whoever asks the deployment at `port` of this machine."""

    def __init__(self, port: int, patience: float) -> None:
        """`patience`: seconds after which a request is given up that has not ended."""
        self._port = port
        self._patience = patience

    async def ask(self, request: Request, exchange: Exchange, chance: Random) -> Exchange:
        """Ask, in the manner that the exchange names, and note what comes."""
        reader, writer = await self._connect(exchange)
        if reader is None or writer is None:
            return exchange
        exchange.begun = time.monotonic()
        try:
            async with asyncio.timeout(self._patience + NEVER_READS_FOR * (exchange.manner == "never reads")):
                await _send(request, exchange, writer, chance)
                await _receive(request, exchange, reader, writer, chance)
        except TimeoutError:
            exchange.end = "too late"
        except OSError:
            exchange.end = "broken off"
        finally:
            exchange.ended = exchange.ended or time.monotonic()
            writer.transport.abort()
        return exchange

    async def _connect(
        self, exchange: Exchange
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | tuple[None, None]:
        tries_until = time.monotonic() + CONNECT_FOR
        small = exchange.manner in ("never reads", "reads slowly")
        while True:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            connection.setblocking(False)
            if small:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            try:
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
                return await asyncio.open_connection(sock=connection, limit=SMALL_BUFFER if small else 2**16)
            except OSError:
                connection.close()
                if time.monotonic() > tries_until:
                    exchange.end, exchange.ended = "no connection", time.monotonic()
                    return None, None
                await asyncio.sleep(0.2)


async def _send(request: Request, exchange: Exchange, writer: asyncio.StreamWriter, chance: Random) -> None:
    head = request.head("127.0.0.1", exchange.request_id)
    if exchange.manner != "drips its body":
        writer.write(head + request.body)
    else:
        writer.write(head)
        step = max(1, len(request.body) // 8)
        for begin in range(0, len(request.body), step):
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            writer.write(request.body[begin : begin + step])
            await writer.drain()
    await writer.drain()
    if exchange.manner == "half-closes":
        writer.write_eof()


async def _receive(
    request: Request,
    exchange: Exchange,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    chance: Random,
) -> None:
    leaves_after = _leaves_after(exchange, chance)
    if exchange.manner == "never reads":
        await _wait_unread(writer)
        exchange.end = "left"
        return
    if leaves_after == 0:
        await asyncio.sleep(chance.uniform(0.0, 2.0))
        exchange.end = "left"
        return
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**20)
    connection.send(
        h11.Request(method=request.method, target=request.path, headers=[("Host", "x"), ("Connection", "close")])
    )
    connection.send(h11.EndOfMessage())
    received = 0
    pieces: list[bytes] = []
    slow = exchange.manner == "reads slowly"
    while True:
        data = await reader.read(SIP if slow else 2**16)
        if slow and received < 8192:
            await asyncio.sleep(0.01)
        received += len(data)
        exchange.first_byte = exchange.first_byte or time.monotonic()
        if not _take(connection, data, exchange, pieces):
            break
        if leaves_after is not None and received >= leaves_after:
            exchange.end = "left"
            break
    exchange.body = b"".join(pieces)


def _take(connection: h11.Connection, data: bytes, exchange: Exchange, pieces: list[bytes]) -> bool:
    """Take what arrived. Return whether more is to come."""
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                exchange.status = event.status_code
                exchange.headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                exchange.end = "complete"
                return False
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return bool(data) or _broken_off(exchange)
            elif isinstance(event, h11.ConnectionClosed):
                return _broken_off(exchange)
    except h11.RemoteProtocolError:
        return _broken_off(exchange)


def _broken_off(exchange: Exchange) -> bool:
    exchange.end = "broken off"
    return False


def _leaves_after(exchange: Exchange, chance: Random) -> int | None:
    """After how many bytes the client leaves; None: it does not."""
    if exchange.manner != "leaves":
        return None
    return 0 if chance.random() < 0.3 else chance.randint(1, 3000)


async def _wait_unread(writer: asyncio.StreamWriter) -> None:
    """Hold the connection without reading it, until its time is over or the server has ended it."""
    transport = writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    transport.pause_reading()
    await asyncio.sleep(NEVER_READS_FOR)
