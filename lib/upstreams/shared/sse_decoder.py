"""Server-sent events of a service: bytes in, the data of each event out, no I/O.

The format is WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html), of which only `data` counts.
"""

from collections.abc import Iterator
from typing import Final

from lib.errors import UpstreamFailed

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024
"""An event that never ends must not fill the memory; the longest snapshots seen are a thousandth of this."""
MAX_LINES: Final = 10_000
"""Lines of one event: each takes more memory than its bytes. The service writes one."""

_BOM: Final = b"\xef\xbb\xbf"


class SseDecoder:
    """Decodes one stream, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._begun = False
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The data of each event that `piece` completes. Raises `UpstreamFailed` for one that is too long."""
        if not self._begun and piece:
            self._begun = True
            piece = piece.removeprefix(_BOM)
        if b"\n" not in piece:
            self._keep(piece)
            return
        lines = (b"".join([*self._pending, piece]) if self._pending else piece).split(b"\n")
        self._pending.clear()
        self._pending_bytes = 0
        self._keep(lines.pop())
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line[5:])
            elif self._data and line in (b"", b"\r"):
                yield self._take()

    def finish(self) -> Iterator[bytes]:
        """The data of a last event that lacks its blank line."""
        last = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        if last.startswith(b"data:"):
            self._add(last[5:])
        if self._data:
            yield self._take()

    def reset(self) -> None:
        """Forget an event that will not be completed."""
        self._pending.clear()
        self._pending_bytes = 0
        self._data.clear()
        self._data_bytes = 0

    def _take(self) -> bytes:
        data = b"\n".join(self._data) if len(self._data) > 1 else self._data[0]
        self._data.clear()
        self._data_bytes = 0
        return data

    def _add(self, data: bytes) -> None:
        data = data.removeprefix(b" ").removesuffix(b"\r")
        self._data.append(data)
        self._data_bytes += len(data)
        if self._data_bytes > MAX_EVENT_BYTES or len(self._data) > MAX_LINES:
            raise UpstreamFailed("The service sent an event that is too long to be read.")

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pending.append(piece)
            self._pending_bytes += len(piece)
            if self._pending_bytes > MAX_EVENT_BYTES:
                raise UpstreamFailed("The service sent an event that is too long to be read.")
