"""The way to a stand-in, which can be shut: whoever then connects gets no answer, as behind a dead router."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_SYN_SENT: Final = "02"


class Door:
    """Passes connections on to a port, from `__aenter__` on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._fillers: list[socket.socket] = []
        self._accepting: asyncio.Task[None] | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end_accepting()
        for pipe in list(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        self._drop_fillers()
        self._listener.close()

    def open(self) -> None:
        """Let all in who wait and who come."""
        self._drop_fillers()
        self._listener.listen(1024)
        self._accepting = asyncio.create_task(self._accept())

    def shut(self) -> None:
        """From now on the kernel drops who tries to connect: its queue is filled, and nobody takes from it."""
        self._end_accepting()
        self._listener.listen(0)
        for _ in range(4):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(("127.0.0.1", self.port))
            self._fillers.append(filler)

    def waiting(self) -> int:
        """How many connections to it are being tried just now, beside those that fill the queue."""
        wanted = f"0100007F:{self.port:04X}"
        own = {f"0100007F:{filler.getsockname()[1]:04X}" for filler in self._fillers}
        lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        return sum(line[2] == wanted and line[3] == _SYN_SENT and line[1] not in own for line in lines)

    def _end_accepting(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None

    def _drop_fillers(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pipe = asyncio.create_task(self._pass_on(connection))
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)

    async def _pass_on(self, connection: socket.socket) -> None:
        with suppress(OSError):
            here = await asyncio.open_connection(sock=connection)
            there = await asyncio.open_connection("127.0.0.1", self._to)
            try:
                await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))
            finally:
                here[1].transport.abort() if not here[1].is_closing() else None
                there[1].transport.abort() if not there[1].is_closing() else None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes. However one side ends, the other is told: no side is left half open."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()
