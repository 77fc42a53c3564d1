"""Ways to a store that fail: one that can be cut, for one instance alone, and one that never answers."""

import asyncio
import contextlib
import json
from typing import Self


class Relay:
    """Passes on what is sent to a port, until it is told to do worse."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = True
        self._writers: list[asyncio.StreamWriter] = []
        self._silent: set[asyncio.StreamWriter] = set()
        self._lose_reply = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusals: list[bytes] = []
        self.delay = 0.0
        """Seconds for which every reply is held back."""
        self.instead: bytes | None = None
        """What every request is answered with, in place of the server's reply."""
        self.requests = 0
        self.connections = 0
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._flowing.set()
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End all connections, and each new one at once."""
        self._open = False
        self.drop()

    def mend(self) -> None:
        self._open = True

    def drop(self) -> None:
        """End all connections; new ones work."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def silence(self) -> None:
        """Lose what is sent on the present connections, as a gateway does that has forgotten them; new ones work."""
        self._silent.update(self._writers)

    def stall(self) -> None:
        """Hold back what is sent until `go_on`, on all connections."""
        self._flowing.clear()

    def go_on(self) -> None:
        self._flowing.set()

    def lose_reply(self) -> None:
        """Let the next command through, and end the connection in place of the reply."""
        self._lose_reply = True

    def refuse(self, status: int, kind: str, times: int) -> None:
        """Answer the next HTTP requests like this, in place of the server."""
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "secret"}).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        self._refusals = [head.encode() + body] * times

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.close()
            return
        self.connections += 1
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:  # The server is away.
            writer.close()
            return
        self._writers += [writer, there_writer]
        await asyncio.gather(self._requests(reader, there_writer, writer), self._replies(there_reader, writer))

    async def _requests(
        self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                self.requests += 1
                if self.instead is not None:
                    back.write(self.instead)
                    continue
                if self._refusals:
                    await _rest_of_request(reader, data)
                    self.refused += 1
                    back.write(self._refusals.pop())
                    continue
                await self._flowing.wait()
                if there not in self._silent:
                    there.write(data)
        there.close()

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self._lose_reply:
                    self._lose_reply = False
                    break
                await self._flowing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if writer not in self._silent:
                    writer.write(data)
        writer.close()


async def _rest_of_request(reader: asyncio.StreamReader, begun: bytes) -> None:
    if b"\r\n\r\n" not in begun:
        begun += await reader.readuntil(b"\r\n\r\n")
    head, _, body = begun.lower().partition(b"\r\n\r\n")
    await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]) - len(body))


class BlackHole:
    """Accepts connections, reads and never answers."""

    def __init__(self) -> None:
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._swallow, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass
        writer.close()
