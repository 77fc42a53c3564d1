"""A proxy on 127.0.0.1: it forwards http, tunnels https, and remembers what it was asked for."""

import asyncio
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit


class Proxy:
    """Serves within `async with`. `refusal`: the status that it answers everything with."""

    def __init__(self, refusal: str = "") -> None:
        self.asked: list[str] = []
        """The first line of each request."""
        self.authorizations: list[str] = []
        self._refusal = refusal

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.place = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self.url = f"http://{self.place}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._pass_on(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, _, rest = head.partition("\r\n")
        self.asked.append(first)
        self.authorizations += [
            line.split(": ")[1] for line in rest.split("\r\n") if line.lower().startswith("proxy-authorization:")
        ]
        if self._refusal:
            writer.write(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        method, target, version = first.split(" ")
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there, back = await asyncio.open_connection(place.hostname, place.port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                # One request for each connection: the next one may go elsewhere.
                back.write(f"{method} {place.path or '/'} {version}\r\nConnection: close\r\n{rest}".encode())
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            target.write(data)
    target.close()
