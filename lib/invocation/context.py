"""One request on its way through the house: its deadline, and what the log says of it in the end."""

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from lib.invocation.deadline import Deadline


class Invocation:
    """The deadline of one request, and facts for the log. The rooms add theirs; nothing is decided by them."""

    def __init__(self, request_id: str = "") -> None:
        self.request_id = request_id
        self.deadline = Deadline()
        self.started = time.perf_counter()
        self.retries = 0
        """How often the upstream was asked again."""
        self.access_label: str | None = None
        """The deployer's name for the access key that was presented."""
        self.model: str | None = None
        self.answered_by: str | None = None
        """The model that answered, in the upstream's words."""
        self.streamed: bool | None = None
        self.tokens: int | None = None
        """Of the answer, estimated or counted."""
        self.tried: list[dict[str, str]] = []
        """The accounts that were asked, by fingerprint and never by token, and what came of it."""
        self.upstream: str | None = None
        """Which upstream served it."""
        self.error: str | None = None
        """The code of what went wrong."""
        self.upstream_seconds = 0.0
        """Time spent waiting for the upstream's first words."""


_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(invocation: Invocation) -> None:
    """Make `invocation` the one that `current` returns in this task."""
    _current.set(invocation)


def current() -> Invocation:
    """The request that is being served; a blank one, without a deadline, outside of any."""
    return _current.get() or Invocation()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Callable[[], Any], Any]] = WeakKeyDictionary()


def shared[T](make: Callable[[], T]) -> T:
    """What `make` returns, made once for the running event loop: connections, queues and what is remembered.

    A loop's things end with it, since connections cannot be used from another.
    """
    made = _shared.setdefault(asyncio.get_running_loop(), {})
    if make not in made:
        made[make] = make()
    found: T = made[make]
    return found
