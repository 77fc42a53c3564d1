"""What every wire has to say for itself: how it words a failure, and what keeps its silent streams alive."""

from collections.abc import Sequence
from typing import Protocol

from lib.errors import Error
from lib.types.events import Event


class Wire(Protocol):
    """A protocol that clients speak."""

    heartbeat: bytes
    """What goes out when a stream has been silent for a while: a comment, or an event that means nothing."""
    heartbeat_interval: float
    """Seconds of silence after which it does."""
    request_id_headers: tuple[bytes, ...]
    """The headers, in small letters, in which its clients look for the request's id."""

    def error_status(self, error: Error) -> int:
        """The HTTP status of `error`: its own, unless this wire's clients do the wrong thing with that one."""

    def error_body(self, error: Error, request_id: str) -> bytes:
        """The body of a response that says what went wrong."""

    def error_event(self, error: Error, request_id: str) -> bytes:
        """The last event of a stream that says what went wrong, with its own framing."""


class Encoder(Protocol):
    """Turns one answer's events into the wire's."""

    @property
    def head(self) -> bytes:
        """What goes out with the response's head, before any content; may be empty."""

    @property
    def finished(self) -> bool:
        """Is the answer complete: nothing that comes after is shown."""

    def add(self, events: Sequence[Event]) -> bytes:
        """What the client is to be sent of what arrived together; may be empty."""

    def end(self) -> bytes:
        """What ends the stream. Raises `UpstreamFailed` where the answer is not finished."""
