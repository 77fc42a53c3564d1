"""One request on its way through the house: what every room may know of it, and what the log says of it in the end."""

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from lib.invocation.deadline import Deadline


class Turn:
    """Whether an account's turn is had, and since when: only then may the head of a stream go out."""

    def __init__(self) -> None:
        self._had = asyncio.Event()
        self._since = 0.0

    def begin(self) -> None:
        """The turn is had."""
        self._since = asyncio.get_running_loop().time()
        self._had.set()

    def end(self) -> None:
        """It is not had any more: the account was busy after all."""
        self._had.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until the turn has been had for so many seconds."""
        loop = asyncio.get_running_loop()
        while True:
            await self._had.wait()
            left = self._since + seconds - loop.time()
            if left <= 0:
                return
            await asyncio.sleep(left)


class Invocation:
    """The facts of one request. The rooms add theirs; `lib.serving.app` writes them down."""

    def __init__(self, request_id: str = "") -> None:
        self.request_id = request_id
        self.deadline = Deadline()
        self.started = time.perf_counter()
        self.turn = Turn()
        self.answered = False
        """The client has been given the whole of its answer, though the response may not have ended yet."""
        self.broken_off = False
        """The response ends without its last chunk, to show that it is not whole."""
        self.others = 0
        """How many accounts may still be asked beside the one that is."""
        self.asked_again = False
        """The service failed before it did anything, and was asked once more, or another account was."""
        self.retries = 0
        """How often the upstream was asked again."""
        self.model: str | None = None
        self.answered_by: str | None = None
        """The model that answered, in the upstream's words."""
        self.streamed: bool | None = None
        self.tokens: int | None = None
        """Of the answer, estimated or counted."""
        self.tried: list[dict[str, str]] = []
        """The accounts that were asked, by fingerprint and never by token, and what came of it."""
        self.kept: dict[object, Any] = {}
        """What rooms keep for this request's further tries, such as files that were handed over."""
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
