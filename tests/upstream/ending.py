"""How an answer of the service ends (protocol: "Endings")."""

from dataclasses import dataclass, field
from typing import Any, Literal

from .envelope import BUSY, BUSY_MESSAGE, CONTEXT_EXCEEDED, EXIT, INTERNAL, QUEUED, QUEUED_MESSAGE, TOO_OFTEN_MESSAGE

SLIDE_PAGE = "<!DOCTYPE html><html><head><title>滑动验证页面</title></head><body>请按住滑块，拖动到最右边</body></html>"
VISIT_PAGE = "<!DOCTYPE html><html><head><title>访问验证</title></head><body>请进行验证</body></html>"
FIREWALL_PAGE = "<!DOCTYPE html><html><body>The site is being maintained</body></html>"


@dataclass(frozen=True)
class Finish:
    """The answer is complete.

    `status`: the last event's; None: it has none. `repeats`: the last event repeats all parts. `tail`: bytes that
    follow its JSON in place of the blank line.
    """

    status: str | None = "finish"
    repeats: bool = True
    tail: bytes | None = None


@dataclass(frozen=True)
class Intervene:
    """The filter stopped the answer; its last part stays unfinished.

    `at`: its words are in the event's `last_error`, or in the last part's `error`. `form`: the error is an object, the
    words alone, or a list. `status`: the event's.
    """

    text: str = "这个话题我们换一个吧"
    at: Literal["event", "part"] = "event"
    form: Literal["object", "text", "list"] = "object"
    status: str = "intervene"

    def error(self) -> dict[str, Any]:
        return {"intervene_type": "risk", "intervene_text": self.text, "risk_level": "high"}

    def fields(self) -> dict[str, Any]:
        """Return what the event says beside its parts."""
        if self.at == "part":
            return {}
        forms = {"object": self.error(), "text": self.text, "list": [self.error()]}
        return {"last_error": forms[self.form]}


@dataclass(frozen=True)
class Error:
    """Generating failed; the last part stays unfinished. `field` is where the event says so."""

    code: int | str = EXIT
    message: str = "generator exit"
    field: Literal["error", "last_error"] = "error"


@dataclass(frozen=True)
class Cut:
    """The connection closes after `after` events and `partial` bytes of the next one, without an ending.

    `clean`: the HTTP body ends in order all the same. `resumes`: continue_stream takes it up again, and it then ends
    with `then`, which may be a `Cut` after more events. `anew`: it begins from the first event then. `loses`: so many
    events more were lost on their way; the service takes them for sent.
    """

    after: int
    partial: int = 0
    clean: bool = False
    resumes: bool = True
    then: "Ending" = field(default_factory=Finish)
    anew: bool = False
    loses: int = 0


@dataclass(frozen=True)
class Instead:
    """No events at all: this body, whole."""

    status: int = 200
    body: bytes | str = b""
    content_type: str = "text/event-stream"


type Ending = Finish | Intervene | Error | Cut | Instead

FINISH = Finish()
EMPTY = Instead()
HTML = Instead(
    200, b"<!DOCTYPE html><html><body>The site is being maintained.</body></html>", "text/html; charset=utf-8"
)
UNAVAILABLE = Instead(503, "<html><body>503 Service Temporarily Unavailable</body></html>", "text/html")

ERRORS = {
    "busy": Error(BUSY, BUSY_MESSAGE),
    "too_often": Error(BUSY, TOO_OFTEN_MESSAGE),
    "queued": Error(QUEUED, QUEUED_MESSAGE),
    "internal": Error(INTERNAL, "internal error"),
    "context_exceeded": Error(CONTEXT_EXCEEDED, "model response context exceeded"),
    "exit": Error(),
}
"""What the service says inside a stream, after its first events or in their place."""
