"""What a wire, a protocol that clients speak, has to say: of requests, of failures, and of an answer in its words."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from starlette.requests import HTTPConnection

from lib.errors import Error
from lib.types.events import Event
from lib.types.upstream import Model


class ListedModel(NamedTuple):
    """A name that may be asked for."""

    name: str
    owner: str
    """The upstream that knows it."""
    meaning: str = ""
    """The name that it is an alias of."""
    model: Model = Model("")
    """What is known of it."""
    is_usual: bool = True
    """Not one of the names of other makers' models that are taken where the deployer says nothing."""


class Wire(Protocol):
    heartbeat_interval: float
    """Seconds of silence in a stream after which `Encoder.heartbeat` goes out."""
    breaks_off: bool
    """After an error in mid-stream the connection is broken, since clients skip events that they do not know, and would
    take half an answer for a whole one."""
    request_id_headers: tuple[bytes, ...]
    """The headers, in small letters, in which its clients look for the request's id."""

    def is_client(self, request: HTTPConnection) -> bool:
        """Does a client of this wire ask, where the path does not say it."""

    def credentials(self, request: HTTPConnection) -> Sequence[str]:
        """What the client may have sent as its key, what this wire's clients use first."""

    def error_status(self, error: Error) -> int:
        """The HTTP status of `error`: its own, unless this wire's clients do the wrong thing with that one."""

    def error_body(self, error: Error, request_id: str) -> bytes:
        """The body of a response that says what went wrong."""

    def model(self, model: ListedModel) -> Mapping[str, Any]:
        """What is told of one model."""

    def models(self, models: Sequence[ListedModel]) -> Mapping[str, Any]:
        """The list of models, of which each wire shows those that its clients may want."""


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


def spoken(wires: Sequence[Wire], request: HTTPConnection) -> Wire:
    """The first of `wires` whose client asks; the last where none says so."""
    return next((wire for wire in wires[:-1] if wire.is_client(request)), wires[-1])
