"""A client that costs little: it notes when what came, and reads it when all is done."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lib.http.response_reader import ResponseReader


@dataclass
class Received:
    """One answer, as it came."""

    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """When, by `time.monotonic`, came which bytes of the body."""
    status: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    @property
    def text(self) -> str:
        """The text of the answer, streamed or whole. Raises ValueError where it is neither."""
        if not self.body.startswith(b"data:"):
            message: str = json.loads(self.body)["choices"][0]["message"]["content"]
            return message
        if not self.body.endswith(b"data: [DONE]\n\n"):
            raise ValueError(f"the stream has no end: {self.body[-300:]!r}")
        return "".join(contents(self.body))

    @property
    def arguments(self) -> str:
        """The arguments of the call that a streamed answer makes, as JSON."""
        return "".join(arguments(self.body))

    @property
    def first_text(self) -> tuple[float, str]:
        """When the first text came, and which."""
        body = b""
        for at, piece in self.pieces:
            body += piece
            if text := next(filter(None, contents(body[: body.rfind(b"\n\n") + 1])), None):
                return at, text
        raise ValueError("no text came")


def contents(events: bytes) -> Iterator[str]:
    """The contents of complete events."""
    for event in events.split(b"\n\n"):
        if event.startswith(b"data: {"):
            for choice in json.loads(event[6:])["choices"]:
                yield choice["delta"].get("content") or ""


def arguments(events: bytes) -> Iterator[str]:
    """The arguments of calls in complete events."""
    for event in events.split(b"\n\n"):
        if event.startswith(b"data: {"):
            for choice in json.loads(event[6:])["choices"]:
                for call in choice["delta"].get("tool_calls") or ():
                    yield call["function"]["arguments"]


class Exchange(asyncio.Protocol):
    """One request over a connection of its own."""

    def __init__(self, request: bytes) -> None:
        self.received = Received()
        self.done = asyncio.get_running_loop().create_future()
        self._request = request
        self._reader = ResponseReader("POST")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if body := self._reader.feed(data):
            self.received.pieces.append((time.monotonic(), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reader.complete and self._reader.head and exc is None:
            self.received.status = self._reader.head.status
        if not self.done.done():
            self.done.set_result(self.received)


async def ask(url: str, token: str, question: str, *, stream: bool = True, **fields: object) -> Received:
    """Ask the chat endpoint at `url`, with more `fields`. Raises ConnectionError where the answer is no answer."""
    place = urlsplit(url)
    body = {"model": "glm-5.3", "stream": stream, "messages": [{"role": "user", "content": question}], **fields}
    received = await send(place.hostname or "", place.port or 0, "POST", "/v1/chat/completions", token, body)
    if received.status != 200:
        raise ConnectionError(f"status {received.status}: {received.body[:300]!r}")
    return received


async def send(host: str, port: int, method: str, path: str, token: str, json_body: object = None) -> Received:
    body = b"" if json_body is None else json.dumps(json_body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    _, exchange = await loop.create_connection(lambda: Exchange(head.encode() + body), host, port)
    received: Received = await exchange.done
    return received
