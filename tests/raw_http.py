"""HTTP as bytes: for requests that no well-meaning client sends."""

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0


@dataclass(frozen=True)
class RawAnswer:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def compose(
    method: str,
    target: str | bytes,
    headers: Sequence[tuple[str, str | bytes]] = (),
    body: bytes = b"",
) -> bytes:
    """A request. Nothing is checked or escaped; text is written as UTF-8. Host and Connection are added if absent."""
    named = {name.lower() for name, _ in headers}
    defaults: list[tuple[str, str | bytes]] = [("Host", "127.0.0.1"), ("Connection", "close")]
    fields = [*(field for field in defaults if field[0].lower() not in named), *headers]
    if body or method == "POST":
        fields.append(("Content-Length", str(len(body))))
    lines = [b" ".join((method.encode(), _bytes(target), b"HTTP/1.1"))]
    lines += [name.encode() + b": " + _bytes(value) for name, value in fields]
    return b"\r\n".join([*lines, b"", body])


def exchange(url: str, request: bytes) -> RawAnswer:
    """Send `request` and read what is answered. Raises `ConnectionError` where the server just closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), TIMEOUT) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)  # The server may answer before it has read all, and read no more.
        with HTTPResponse(connection, method="HEAD" if request.startswith(b"HEAD ") else None) as response:
            response.begin()
            return RawAnswer(response.status, response.msg, response.read())


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
