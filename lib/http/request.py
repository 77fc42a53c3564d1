"""An `httpx.Request` as it goes over the wire, and what of it decides how it is sent."""

import re
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final, NamedTuple

import httpx

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, 9.2.2

PART_SIZE: Final = 64 * 1024
"""Bytes of a request's body that are given to the socket at once: what asyncio holds before it asks to wait."""

LAST_CHUNK: Final = b"0\r\n\r\n"

ONCE: Final = {"repeat": False}
"""Extensions of a request that must not be sent twice though its method is idempotent, as one whose signature is good
for one call."""

_TOKEN: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE: Final = re.compile(rb"[\x00\n\v\f\r]")
_TARGET: Final = re.compile(rb"[\x21-\x7e]+")


class Origin(NamedTuple):
    """Where a connection leads to: requests with equal origins can share one."""

    scheme: str
    host: str
    port: int
    hostname: str
    """Whom the certificate has to name: as a rule, the host."""


def origin(request: httpx.Request) -> Origin:
    """Where the request goes. Raises `httpx.UnsupportedProtocol`."""
    scheme, host = request.url.scheme, request.url.raw_host.decode("ascii")
    if scheme not in DEFAULT_PORTS or not host:
        raise httpx.UnsupportedProtocol("The URL is not one of http or https, or names no host.")
    port = request.url.port or DEFAULT_PORTS[scheme]
    return Origin(scheme, host, port, request.extensions.get("sni_hostname") or host)


def timeout(request: httpx.Request, what: str) -> float | None:
    """Seconds for `what`: "connect", "read" or "write"; None: as long as it takes."""
    seconds: float | None = request.extensions.get("timeout", {}).get(what)
    return seconds


def is_repeatable(request: httpx.Request) -> bool:
    """May it be sent once more where the server may or may not have seen it (RFC 9112, 9.3.1)? A POST never is."""
    return (
        request.method in IDEMPOTENT_METHODS
        and isinstance(request.stream, httpx.ByteStream)
        and bool(request.extensions.get("repeat", True))
    )


def is_last(request: httpx.Request) -> bool:
    """Does it ask for the end of its connection?"""
    return any(name.lower() == b"connection" and b"close" in value.lower() for name, value in request.headers.raw)


def head(request: httpx.Request) -> bytes:
    """The head. Raises `httpx.LocalProtocolError` where a part could not be told from the next line."""
    method, target = request.method.encode(), request.url.raw_path
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("Not sent: the method or the target has a blank or a control character.")
    lines = [b"%b %b HTTP/1.1\r\n" % (method, target)]
    for name, value in request.headers.raw:
        if not _TOKEN.fullmatch(name) or _NOT_IN_VALUE.search(value):
            raise httpx.LocalProtocolError("Not sent: a header's name or value has a forbidden character.")
        lines.append(b"%b: %b\r\n" % (name, value))
    lines.append(b"\r\n")
    return b"".join(lines)


def small_body(request: httpx.Request) -> bytes | None:
    """The body, where it was given as bytes and is at most one part; else it goes in `parts`."""
    if isinstance(request.stream, httpx.ByteStream) and len(body := request.read()) <= PART_SIZE:
        return body
    return None


async def parts(request: httpx.Request) -> AsyncGenerator[bytes | memoryview]:
    """The body as it goes over the wire, in parts of `PART_SIZE` or a little more.

    Raises `httpx.LocalProtocolError` where it is longer or shorter than its Content-Length.
    """
    assert isinstance(request.stream, AsyncIterable)
    chunked = "transfer-encoding" in request.headers
    left = 0 if chunked else int(request.headers.get("content-length", 0))
    async for piece in request.stream:
        for start in range(0, len(piece), PART_SIZE):
            part = memoryview(piece)[start : start + PART_SIZE]
            if chunked:
                yield b"".join((b"%x\r\n" % len(part), part, b"\r\n"))
                continue
            left -= len(part)
            if left < 0:
                raise httpx.LocalProtocolError("Not sent to the end: the body is longer than its Content-Length.")
            yield part
    if chunked:
        yield LAST_CHUNK
    elif left:
        raise httpx.LocalProtocolError("Not sent to the end: the body is shorter than its Content-Length.")
