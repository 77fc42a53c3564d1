"""Server-sent events out of bytes in any cut, as far as the platform sends them: the data of each event. No I/O.

By https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, but that a CR alone ends
no line: the platform ends lines with LF, and what stands before it may make CR LF of that.
"""

from collections.abc import Iterator
from typing import Final

from lib.errors import UpstreamFailed

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024
"""An event that never ends must not fill the memory: the longest, a call's arguments sent whole, have a thousandth."""


class SSEDecoder:
    """Feed it what arrives; it gives the data of the events that are complete."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The data of each event that `piece` completes. Raises `UpstreamFailed` for one that is too long."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            line = b"".join([*self._line, part]) if self._line else part
            self._line, self._line_bytes = [], 0
            if line.endswith(b"\r"):
                line = line[:-1]
            if line:
                self._take(line)
            elif self._data:
                yield self._event()
        if rest:
            self._line.append(rest)
            self._line_bytes += len(rest)
        self._check(self._line_bytes + self._data_bytes)

    def end(self) -> Iterator[bytes]:
        """The data of an event that lacks its empty line at the end of the stream: it is read all the same."""
        yield from self.feed(b"\n\n")

    def _take(self, line: bytes) -> None:
        line = line.removeprefix(b"\xef\xbb\xbf")
        if line.startswith(b"data:"):
            data = line[5:].removeprefix(b" ")
            self._data.append(data)
            self._data_bytes += len(data)
            self._check(self._data_bytes)

    def _event(self) -> bytes:
        data = b"\n".join(self._data)
        self._data, self._data_bytes = [], 0
        return data

    def _check(self, size: int) -> None:
        if size > MAX_EVENT_BYTES:
            raise UpstreamFailed("The open platform sent an event that is too long to be read.")
