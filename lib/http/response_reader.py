"""The answer to one request, read from whatever pieces it arrives in. No I/O; llhttp (`httptools`) does the parsing.

llhttp is the parser of Node.js. What is ours is what it leaves to its users: where a body ends that only the end of
the connection ends, that an answer to HEAD has none, how long a head may be, and that nothing which comes after an
answer is ever taken for another one. The numbers in the comments are sections of RFC 9112.
"""

from typing import Final, NamedTuple

import httptools

MAX_WITHOUT_CONTENT: Final = 64 * 1024
"""Bytes that may arrive without any of a body among them: heads, informational ones too, trailers, and what stands
around chunks. Twice what common servers send at most, and no more than an instance can bear a thousand times."""


class ProtocolError(Exception):
    """What was received is not HTTP/1.1. The message says what is wrong and quotes no content."""


class Head(NamedTuple):
    """The head of a final response."""

    version: bytes
    """As in the status line: `b"HTTP/1.1"`."""
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    """Names as they were written, in order."""

    def values(self, name: bytes) -> list[bytes]:
        """The members of a comma-separated field, in lower case, empty ones too. `name` is in lower case."""
        lines = [value.lower() for field, value in self.headers if field.lower() == name]
        return [member.strip(b" \t") for line in lines for member in line.split(b",")]


class ResponseReader:
    def __init__(self, method: str) -> None:
        """`method`: that of the request; the answer to a HEAD has no body."""
        self.head: Head | None = None
        """The head of the final response, once it is complete."""
        self.started = False
        """Has a byte of the response been received?"""
        self.complete = False
        """Has the response been received to its end?"""
        self._method = method
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._content: list[bytes] = []
        self._room = MAX_WITHOUT_CONTENT
        self._persistent = False
        self._ends_with_connection = False
        self._excess = False
        self._parser = httptools.HttpResponseParser(self)
        # What other clients take too, and what cannot be misread: a line that ends with LF alone (2.2), blanks after a
        # chunk's length (7.1.1), and a length beside chunks, after which the connection is not used again (6.3).
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True, lenient_chunked_length=True
        )

    @property
    def reusable(self) -> bool:
        """May the connection carry another request? Only after a complete response with nothing behind it (9.3)."""
        return self.complete and self._persistent and not self._excess

    def feed(self, data: bytes | memoryview) -> bytes:
        """Take what was received, give what of it belongs to the body, in one piece. Raises `ProtocolError`."""
        self.started = True
        if self.complete:
            self._excess = self._excess or bool(data)
            return b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise ProtocolError(str(error.__context__ or error)) from error
            self._excess = True
        content = self._content
        if not content:
            self._room -= len(data)
            if self._room < 0:
                raise ProtocolError(f"more than {MAX_WITHOUT_CONTENT} bytes came without content")
            return b""
        self._room = MAX_WITHOUT_CONTENT
        self._content = []
        return content[0] if len(content) == 1 else b"".join(content)

    def feed_eof(self) -> None:
        """The connection was closed. Raises `ProtocolError` where the response was not complete."""
        if self.head is not None and self._ends_with_connection:
            self.complete = True
        if self.complete:
            return
        if self.head is not None:
            raise ProtocolError("the connection was closed before the end of the body")
        if self.started:
            raise ProtocolError("the connection was closed before the end of the response's head")
        raise ProtocolError("the connection was closed without a response")

    # What llhttp calls.

    def on_message_begin(self) -> None:
        if self.complete:
            raise ProtocolError("more came than the response")

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody asks for."""
        if self.head is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        version, status = self._parser.get_http_version(), self._parser.get_status_code()
        if not version.startswith("1."):
            raise ProtocolError("the response is not one of HTTP/1")
        if status < 100 or status == 101:
            raise ProtocolError("the response has a status that nobody asked for")
        if status >= 200:
            headers = [(name, value.rstrip(b" \t")) for name, value in self._headers]
            head = Head(f"HTTP/{version}".encode(), status, self._reason, headers)
            self._frame(head)
            self.head = head

    def on_body(self, content: bytes) -> None:
        if self.complete:
            raise ProtocolError("more came than the response")
        self._content.append(content)

    def on_message_complete(self) -> None:
        """The end of a response, an informational one too."""
        if self.head is None:
            self._headers, self._reason = [], b""
        else:
            self.complete = True

    def _frame(self, head: Head) -> None:
        """Decide where the response ends (6.3), and whether another may follow it (9.3)."""
        lengths = head.values(b"content-length")
        # As it was sent: llhttp takes "chunked" and a tab for another encoding.
        encodings = [
            value.rstrip(b" ").lower() for name, value in self._headers if name.lower() == b"transfer-encoding"
        ]
        if encodings not in ([], [b"chunked"]):
            raise ProtocolError("the response has a Transfer-Encoding other than chunked")
        # Servers of HTTP/1.0 that say keep-alive are taken at their older word: they close.
        both_lengths = encodings and lengths
        self._persistent = self._parser.should_keep_alive() and head.version == b"HTTP/1.1" and not both_lengths
        if self._method == "HEAD":
            # llhttp cannot be told, and would take a part of what comes next for a body.
            self.complete, self._persistent = True, False
        elif not encodings and not lengths:
            self._ends_with_connection = True
