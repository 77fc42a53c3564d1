"""What a wire, a protocol that clients speak, has to say: of requests, of failures, and of an answer in its words."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request

from lib.errors import Error
from lib.types.events import Event


class Wire(Protocol):
    """A protocol that clients speak."""

    heartbeat_interval: float
    """Seconds of silence in a stream after which `Encoder.heartbeat` goes out."""
    breaks_off: bool
    """After an error in mid-stream the connection is broken, since clients skip events that they do not know, and would
    take half an answer for a whole one."""
    request_id_headers: tuple[bytes, ...]
    """The headers, in small letters, in which its clients look for the request's id."""

    def credentials(self, request: Request) -> Sequence[str]:
        """What the client may have sent as its key, what this wire's clients use first."""

    def error_status(self, error: Error) -> int:
        """The HTTP status of `error`: its own, unless this wire's clients do the wrong thing with that one."""

    def error_body(self, error: Error, request_id: str) -> bytes:
        """The body of a response that says what went wrong."""


class Encoder(Protocol):
    """Turns one answer's events into a stream of the wire's."""

    media_type: str
    text_copies: int
    """How often the stream holds each text: the last events of some wires repeat it."""

    @property
    def finished(self) -> bool:
        """Is the answer complete: nothing that comes after is shown."""

    def preamble(self) -> bytes:
        """What goes out with the response's head, before any content; may be empty."""

    def heartbeat(self) -> bytes:
        """What goes out when the stream has been silent for a while, in a form that clients count."""

    def feed(self, events: Sequence[Event]) -> bytes:
        """What the client is to be sent of what arrived together; may be empty."""

    def finish(self) -> bytes:
        """What ends the stream. Raises `UpstreamFailed` where the answer is not finished."""

    def fail(self, error: Error, request_id: str) -> bytes:
        """What ends the stream where it fails, and says why."""


class WholeAnswer(Protocol):
    """Gathers one answer's events into a body of the wire's: `lib.wires.shared.collect` feeds it."""

    @property
    def finished(self) -> bool:
        """Is the answer complete: nothing that comes after is shown."""

    def feed(self, events: Sequence[Event]) -> object:
        """Take what arrived together."""

    def whole(self) -> Mapping[str, Any]:
        """The body. Raises `UpstreamFailed` where the answer is not finished."""
