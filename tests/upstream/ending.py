"""How an answer of the service ends (protocol: "Endings")."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Finish:
    """The answer is complete."""


@dataclass(frozen=True)
class Intervene:
    """The filter stopped the answer; its last part stays unfinished."""

    text: str = "这个话题我们换一个吧"


@dataclass(frozen=True)
class Error:
    """Generating failed; the last part stays unfinished. `field` is where the event says so."""

    code: int = 10024
    message: str = "generator exit"
    field: Literal["error", "last_error"] = "error"


@dataclass(frozen=True)
class Cut:
    """The connection closes after `after` events and `partial` bytes of the next one, without an ending.

    `clean`: the HTTP body ends in order all the same. `resumes`: continue_stream takes it up again, and it then ends
    with `then`, which may be a `Cut` after more events.
    """

    after: int
    partial: int = 0
    clean: bool = False
    resumes: bool = True
    then: "Ending" = field(default_factory=Finish)


@dataclass(frozen=True)
class Instead:
    """No events at all: this body, whole."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/event-stream"


type Ending = Finish | Intervene | Error | Cut | Instead

FINISH = Finish()
EMPTY = Instead()
HTML = Instead(200, b"<!DOCTYPE html><html><body>405 - security check</body></html>", "text/html; charset=utf-8")
UNAVAILABLE = Instead(503, b"<html><body>503 Service Temporarily Unavailable</body></html>", "text/html")
