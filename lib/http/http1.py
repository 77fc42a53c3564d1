"""HTTP/1.1 as a client speaks it, without I/O: a request's head to bytes, a response's bytes to its head and body.

The rules are those of RFC 9112 (the numbers in the comments are its sections). Where the RFC leaves a choice, the
choice is that of h11, so that a server that works with plain httpx works here, and `tests/test_http1.py` compares the
two. Stricter: a field line that is folded (5.2) is refused, and after a response with both `Transfer-Encoding` and
`Content-Length` (6.3) the connection is not used again.

Why not h11 itself: 200 chunks that come one at a time take it four times as long (1.2 ms, and 0.3 ms here:
`docs/performance.md`), and importing it takes 5 ms of each cold start.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

MAX_HEAD = 64 * 1024
"""Bytes that a response's head may have, and its trailers: twice what common servers send at most, and no more than
an instance can bear a thousand times. Informational responses (103 with its links) count towards the head."""

MAX_CHUNK_LINE = 4 * 1024
"""Bytes that the line before a chunk may have. It is a number; extensions are rare, and nobody's business here."""

_BLANK_LINE = re.compile(rb"\n\r?\n")  # 2.2: a recipient may take a single LF as the end of a line.
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([^\x00\n\v\f\r]*))?")
_TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE = re.compile(rb"[\x00\n\v\f\r]")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_LENGTH = re.compile(rb"[0-9]{1,20}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\n\r]*)?\r\n")  # 7.1


class ProtocolError(Exception):
    """What was received, or is to be sent, is not HTTP/1.1. The message says what is wrong and quotes no content."""


class Head(NamedTuple):
    """The head of a final response."""

    version: bytes
    """As in the status line: `b"HTTP/1.1"`."""
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    """Names as they were written, in order."""

    def value(self, name: bytes) -> str:
        """The first field of a name, which is in lower case; an empty text where there is none."""
        found = next((value for field, value in self.headers if field.lower() == name), b"")
        return found.decode("latin-1")

    def values(self, name: bytes) -> list[bytes]:
        """The members of a comma-separated field, in lower case, empty ones too. `name` is in lower case."""
        lines = [value.lower() for field, value in self.headers if field.lower() == name]
        return [member.strip(b" \t") for line in lines for member in line.split(b",")]


class SizedBody:
    """A body whose length was told: `Content-Length`, or none."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.complete = length == 0
        self.excess = False
        """Was there more than the body? Then nobody knows what it is, and the connection is of no more use."""

    def feed(self, data: bytes) -> bytes:
        """Take what was received, give what of it belongs to the body."""
        if len(data) > self._left:
            self.excess = True
            data = data[: self._left]
        self._left -= len(data)
        self.complete = self._left == 0
        return data

    def feed_eof(self) -> None:
        """The connection was closed. Raises `ProtocolError` where the body was not complete."""
        if not self.complete:
            raise ProtocolError(f"the connection was closed {self._left} bytes before the end of the body")


class UnsizedBody:
    """A body that ends when the connection does."""

    def __init__(self) -> None:
        self.complete = False
        self.excess = True

    def feed(self, data: bytes) -> bytes:
        """Take what was received: all of it belongs to the body."""
        return data

    def feed_eof(self) -> None:
        """The connection was closed: so this is the end."""
        self.complete = True


class ChunkedBody:
    """A body in chunks (7.1). All chunks that are received at once come out as one piece."""

    def __init__(self) -> None:
        self.complete = False
        self.excess = False
        self._left = 0  # of the chunk at hand, with the CRLF after it
        self._held = b""  # what was cut off in the middle of a line
        self._trailers: _Block | None = None

    def feed(self, data: bytes) -> bytes:
        """Take what was received, give what of it belongs to the body. Raises `ProtocolError`."""
        if self._trailers is not None:
            self._feed_trailers(data)
            return b""
        if self._held:
            data = self._held + data
            self._held = b""
        pieces = []
        at, size = 0, len(data)
        while at < size:
            if not self._left:
                line = _CHUNK_LINE.match(data, at)
                if (line.end() if line else size) - at > MAX_CHUNK_LINE:
                    raise ProtocolError(f"the line before a chunk is longer than {MAX_CHUNK_LINE} bytes")
                if line is None:
                    self._held = data[at:]
                    if b"\n" in self._held:
                        raise ProtocolError("the line before a chunk does not tell its length")
                    break
                at = line.end()
                length = int(line[1], 16)
                if length == 0:
                    self._trailers = _Block(b"\n")
                    self._feed_trailers(data[at:])
                    break
                self._left = length + 2
            end = at + self._left
            if end > size:
                # Less than the chunk and its CRLF is here. Where the cut is in the CRLF, its CR waits for the LF.
                content_end = min(size, end - 2)
                pieces.append(data[at:content_end])
                self._held = data[content_end:]
                self._left = end - content_end
                break
            if not data.startswith(b"\r\n", end - 2):
                raise ProtocolError("a chunk does not end where its length says")
            pieces.append(data[at : end - 2])
            self._left = 0
            at = end
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _feed_trailers(self, data: bytes) -> None:
        # Trailers are read as strictly as a head, and then dropped: nobody asks for them.
        if self.complete:
            self.excess = self.excess or bool(data)
            return
        assert self._trailers is not None
        if block := self._trailers.feed(data):
            lines, rest = block
            _fields(lines[1:])
            self.complete = True
            self.excess = bool(rest)

    def feed_eof(self) -> None:
        """The connection was closed. Raises `ProtocolError` where the body was not complete."""
        if not self.complete:
            raise ProtocolError("the connection was closed before the last chunk")


class ResponseReader:
    """Reads one response, in whatever pieces it arrives."""

    def __init__(self, method: str) -> None:
        """`method`: that of the request; the answer to a HEAD has no body."""
        self._method = method
        self._block = _Block()
        self._room = MAX_HEAD
        self._body: SizedBody | UnsizedBody | ChunkedBody | None = None
        self._persistent = False
        self.head: Head | None = None
        """The head of the final response, once it is complete."""
        self.started = False
        """Has a byte of the response been received?"""

    @property
    def complete(self) -> bool:
        """Has the response been received to its end?"""
        return self._body is not None and self._body.complete

    @property
    def reusable(self) -> bool:
        """May the connection carry another request? True only after a complete response (9.3)."""
        return self._persistent and self.complete and self._body is not None and not self._body.excess

    def feed(self, data: bytes) -> bytes:
        """Take what was received, give what of it belongs to the body, in one piece. Raises `ProtocolError`."""
        if self._body is not None:
            return self._body.feed(data)
        self.started = True
        return self._feed_head(data)

    def _feed_head(self, data: bytes) -> bytes:
        while block := self._block.feed(data):
            lines, data = block
            head = _head(lines)
            if head.status >= 200:
                self.head = head
                self._body = _body(self._method, head)
                self._persistent = _persistent(head)
                return self._body.feed(data)
            if head.status == 101:
                raise ProtocolError("the server changed the protocol, which nobody asked for")
            self._block = _Block(room=self._block.room)
        return b""

    def feed_eof(self) -> None:
        """The connection was closed. Raises `ProtocolError` where the response was not complete."""
        if self._body is not None:
            self._body.feed_eof()
        elif self.started:
            raise ProtocolError("the connection was closed before the end of the response's head")
        else:
            raise ProtocolError("the connection was closed without a response")


def request_head(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head of a request. Raises `ProtocolError` where a part could not be told from the next line."""
    if not _TOKEN.fullmatch(method.encode()):
        raise ProtocolError("the request's method is not a token")
    if not _TARGET.fullmatch(target):
        raise ProtocolError("the request's target has a blank or a control character")
    lines = [b"%b %b HTTP/1.1\r\n" % (method.encode(), target)]
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or _NOT_IN_VALUE.search(value):
            raise ProtocolError("a name or value among the request's headers has a forbidden character")
        lines.append(b"%b: %b\r\n" % (name, value))
    lines.append(b"\r\n")
    return b"".join(lines)


def chunk(data: bytes | memoryview) -> bytes:
    """`data`, which is not empty, as a chunk of a request's body."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


LAST_CHUNK = b"0\r\n\r\n"


class _Block:
    """Collects lines up to and with a blank one. No byte is looked at twice, however small the pieces are."""

    def __init__(self, before: bytes = b"", room: int = MAX_HEAD) -> None:
        """`before`: what is taken as read; `b"\\n"` lets the block be empty. `room`: bytes that it may have."""
        self._data = bytearray(before)
        self.room = room

    def feed(self, data: bytes) -> tuple[list[bytes], bytes] | None:
        """Take what was received. Give, when the blank line is there, the lines without their ends, and the rest."""
        searched = max(0, len(self._data) - 2)
        self._data += data
        end = _BLANK_LINE.search(self._data, searched)
        size = end.end() if end else len(self._data)
        if size > self.room:
            raise ProtocolError(f"a head or trailer is larger than {MAX_HEAD} bytes")
        if end is None:
            return None
        self.room -= size
        lines = bytes(self._data[: end.start()]).split(b"\n")
        rest = bytes(self._data[size:])
        self._data.clear()
        return [line.removesuffix(b"\r") for line in lines], rest


def _head(lines: list[bytes]) -> Head:
    status_line = _STATUS_LINE.fullmatch(lines[0])
    if status_line is None:
        raise ProtocolError("the first line of the response is not a status line of HTTP/1")
    minor, status, reason = status_line.groups()
    return Head(b"HTTP/1." + minor, int(status), reason or b"", _fields(lines[1:]))


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        # A folded line begins with a blank, so that its name is not a token: folding hides where a field ends.
        if not colon or not _TOKEN.fullmatch(name) or _NOT_IN_VALUE.search(value):
            raise ProtocolError("a line of the response's head is not a header")
        fields.append((name, value.strip(b" \t")))
    return fields


def _body(method: str, head: Head) -> SizedBody | UnsizedBody | ChunkedBody:
    encodings, lengths = head.values(b"transfer-encoding"), head.values(b"content-length")
    # A false statement is refused even where it does not count: the head is not what the server meant.
    if encodings not in ([], [b"chunked"]):
        raise ProtocolError("the response has a Transfer-Encoding other than chunked")
    if len(set(lengths)) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise ProtocolError("the response's Content-Length is not one number")
    # 6.3, in its order.
    if method == "HEAD" or head.status in (204, 304):
        return SizedBody(0)
    if encodings:
        return ChunkedBody()
    if lengths:
        return SizedBody(int(lengths[0]))
    return UnsizedBody()


def _persistent(head: Head) -> bool:
    # Servers of HTTP/1.0 that say keep-alive are taken at their older word: they close.
    both_lengths = head.values(b"transfer-encoding") and head.values(b"content-length")
    return head.version != b"HTTP/1.0" and b"close" not in head.values(b"connection") and not both_lengths
