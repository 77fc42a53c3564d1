"""How long this invocation may still run."""

import asyncio
import math
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

GRACE = 5.0
"""Seconds kept back at the end, for the last words to the client and for deleting the conversation upstream."""

CLEAN_UP_TIMEOUT = 4.0
"""Seconds that cleaning up may take: less than `GRACE`, so that it fits."""


_deadlines: "WeakSet[Deadline]" = WeakSet()
"""Of the running requests."""


@cache
def end_at_sigterm(seconds: float) -> None:
    """From now on, let a SIGTERM end the running requests, so many seconds before the process is killed.

    Call it from the running loop. Whoever handled the signal before does so after that.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def end_all() -> None:
        for deadline in list(_deadlines):
            deadline.end_within(seconds)

    def terminate(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end_all)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, terminate)


class Deadline:
    """The moment by which all waiting has to end, a little before the platform ends the invocation."""

    def __init__(self, seconds: float = math.inf, *, grace: float = GRACE) -> None:
        """`seconds`: what the platform still gives; `grace` of them (a tenth of a short time) are kept back."""
        self.came = time.time()
        """Unix time in seconds at which the request came."""
        self._cut_off = time.monotonic() + seconds
        self.grace = min(grace, seconds / 10)
        """Seconds between the deadline and the end of the invocation."""
        self.ends_at = self._cut_off - self.grace
        self._timeouts: WeakKeyDictionary[asyncio.Timeout, float] = WeakKeyDictionary()
        self.when_shortened: list[Callable[[], None]] = []
        """Called where it comes earlier than was said, for waits that do not go by `timeout`."""
        _deadlines.add(self)

    def remaining(self) -> float:
        """Seconds left, 0 when there are none."""
        return max(0.0, self.ends_at - time.monotonic())

    def timeout(self, at_most: float = math.inf, *, late_by: float = 0.0) -> asyncio.Timeout:
        """A context that ends with `TimeoutError` after `at_most` seconds, or at the deadline if that is earlier.

        `late_by`: so many seconds after the deadline.
        """
        seconds = min(at_most, self.remaining() + late_by)
        timeout = asyncio.timeout(None if seconds == math.inf else seconds)
        self._timeouts[timeout] = late_by
        return timeout

    def end_within(self, seconds: float) -> None:
        """The invocation ends in so many seconds, earlier than it was said: waiting ends at once."""
        now = time.monotonic()
        self._cut_off, self.ends_at, self.grace = min(self._cut_off, now + seconds), min(self.ends_at, now), seconds
        for timeout, late_by in list(self._timeouts.items()):
            end = asyncio.get_running_loop().time() + min(late_by, seconds / 2)
            if timeout.when() is None or timeout.when() > end:  # type: ignore[operator]
                with suppress(RuntimeError):  # It is not waited for any more.
                    timeout.reschedule(end)
        for end_wait in self.when_shortened:
            end_wait()

    def clean_up_seconds(self, at_most: float = CLEAN_UP_TIMEOUT) -> float:
        """How long cleaning up may take: `at_most` seconds, or most of what is left where that is less."""
        return min(at_most, max(0.0, self._cut_off - time.monotonic()) * 0.8)


async def uninterrupted[T](work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Wait for `work` to its end even if the caller is cancelled meanwhile, and return what it returns.

    What must not be left half done is done in this, since the client may leave at any time. The cancellation is
    passed on afterwards. After so many seconds `work` is cancelled; raises `TimeoutError`.
    """
    task = asyncio.ensure_future(work)
    try:
        await shielded_wait(task, seconds)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        raise TimeoutError
    return task.result()


async def shielded_wait(future: asyncio.Future[Any], seconds: float) -> None:
    """Wait for `future`, which others may wait for too, for so many seconds, even if the caller is cancelled meanwhile.

    The cancellation is passed on afterwards. Neither it nor the end of the time reaches `future`.
    """
    ends_at = time.monotonic() + seconds
    cancelled: asyncio.CancelledError | None = None
    while not future.done() and (left := ends_at - time.monotonic()) > 0:
        try:
            await asyncio.wait([future], timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if future.done() and not future.cancelled():
            future.exception()  # Retrieved, so that asyncio does not complain of it.
        raise cancelled
