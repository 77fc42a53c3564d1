"""Asking again, where asking again may help and nothing can have been delivered."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from lib.errors import UpstreamUnavailable
from lib.invocation import context

RETRIES: Final = 2
"""How often a call is repeated: clients try again as well, so each repetition here counts four times."""
FIRST_WAIT: Final = 0.5
"""Seconds before the first repetition; each further wait is twice as long, and up to a half is taken off at random."""


async def retry[T](
    attempt: Callable[[], Awaitable[T]],
    on: type[Exception] | tuple[type[Exception], ...] = UpstreamUnavailable,
    retries: int = RETRIES,
) -> T:
    """What `attempt` returns, which is repeated while it raises `on`, but never past the deadline."""
    request = context.current()
    for turn in range(retries):
        try:
            return await attempt()
        except on:
            wait = FIRST_WAIT * 2**turn * random.uniform(0.5, 1.0)  # noqa: S311
            if wait >= request.deadline.remaining():
                raise
        request.retries += 1
        await asyncio.sleep(wait)
    return await attempt()
