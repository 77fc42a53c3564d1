"""One request on its way through the house: what every room may know of it, and what the log says of it in the end."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from lib.deadline import Deadline


@dataclass(slots=True)
class Invocation:
    """The facts of one request. The rooms add theirs; `lib.function` writes them down."""

    request_id: str = ""
    deadline: Deadline = field(default_factory=Deadline)
    started: float = field(default_factory=time.perf_counter)
    answered: bool = False
    """The client has been given the whole of its answer, though the response may not have ended yet."""
    retries: int = 0
    """How often the upstream was asked again."""
    accounts_tried: int = 0
    account: str | None = None
    """A short fingerprint of the account that served the request: never the token."""
    upstream: str | None = None
    """Which upstream served it."""
    upstream_seconds: float = 0.0
    """Time spent waiting for the upstream's first words."""


_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(invocation: Invocation) -> None:
    """Make `invocation` the one that `current` returns in this task."""
    _current.set(invocation)


def current() -> Invocation:
    """The request that is being served; a blank one, without a deadline, outside of any."""
    return _current.get() or Invocation()
