"""How long this invocation may still run, whichever platform it is on.

Each platform says it in its own way, and each way is believed only where that platform runs, since a client could
send the same header elsewhere:

- Vercel: `get_deadline()` of its runtime, which takes the header that says it out of the request.
- Lambda through Mangum: `scope["aws.context"]`, with `get_remaining_time_in_millis()`.
- Lambda through the Lambda Web Adapter: the header `x-amzn-lambda-context`, JSON with `deadline` in Unix milliseconds.
- Elsewhere: `GLM_MAX_DURATION`, or no limit.
"""

import asyncio
import math
import os
import sys
import time
from collections.abc import Coroutine, Mapping
from typing import Any

from starlette.types import Scope

from lib import lambda_adapter

GRACE = 5.0
"""Seconds kept back at the end, for the last words to the client and for deleting the conversation upstream."""

CLEAN_UP_TIMEOUT = 4.0
"""Seconds that cleaning up may take: less than `GRACE`, so that it fits."""


class Deadline:
    """The moment by which all waiting has to end."""

    def __init__(self, seconds: float = math.inf, *, grace: float = GRACE) -> None:
        """`seconds`: what the platform still gives; `grace` of them (a tenth of a short time) are kept back."""
        self.ends_at = time.monotonic() + seconds - min(grace, seconds / 10)

    @classmethod
    def of(cls, scope: Scope, max_duration: float | None, environ: Mapping[str, str] = os.environ) -> "Deadline":
        """The deadline of the request that `scope` describes. `max_duration`, in seconds, counts where nobody says."""
        seconds = _platform_seconds(scope, environ)
        if seconds is None:
            seconds = max_duration or math.inf
        return cls(seconds)

    def remaining(self) -> float:
        """Seconds left, 0 when there are none."""
        return max(0.0, self.ends_at - time.monotonic())

    def timeout(self, at_most: float = math.inf) -> asyncio.Timeout:
        """A context that ends with `TimeoutError` after `at_most` seconds, or at the deadline if that is earlier."""
        seconds = min(at_most, self.remaining())
        return asyncio.timeout(None if seconds == math.inf else seconds)


async def uninterrupted[T](work: Coroutine[Any, Any, T] | asyncio.Future[T], seconds: float = CLEAN_UP_TIMEOUT) -> T:
    """Wait for `work` to its end even if the caller is cancelled meanwhile, and return what it returns.

    What must not be left half done is done in this, since the client may leave at any time. The cancellation is
    passed on afterwards. After so many seconds `work` is cancelled; raises `TimeoutError`.
    """
    future = asyncio.ensure_future(work)
    ends_at = time.monotonic() + seconds
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        if time.monotonic() >= ends_at:
            future.cancel()
            raise cancelled or TimeoutError
        try:
            await asyncio.wait([future], timeout=ends_at - time.monotonic())
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        future.cancelled() or future.exception()  # Retrieved, so that asyncio does not complain of it.
        raise cancelled
    return future.result()


def _platform_seconds(scope: Scope, environ: Mapping[str, str]) -> float | None:
    context = scope.get("aws.context")
    if context is not None:
        return float(context.get_remaining_time_in_millis()) / 1000
    ends_at = _vercel_deadline() if environ.get("VERCEL") else _adapter_deadline(scope, environ)
    return None if ends_at is None else max(0.0, ends_at - time.time())


def _vercel_deadline() -> float | None:
    runtime = sys.modules.get("vercel_runtime.deadline")  # There on Vercel alone, and imported before this module.
    ends_at = runtime.get_deadline() if runtime is not None else None
    return None if ends_at is None else float(ends_at.timestamp())


def _adapter_deadline(scope: Scope, environ: Mapping[str, str]) -> float | None:
    try:
        return float(lambda_adapter.context(scope, environ)["deadline"]) / 1000
    except (KeyError, TypeError, ValueError):
        return None
