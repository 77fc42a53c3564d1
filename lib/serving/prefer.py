"""`Prefer: wait=N` (RFC 7240, section 4.3): a client that would rather wait up to N seconds than ask again."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable

from lib.errors import Error
from lib.invocation import context

INTERVAL = 2.0
"""Seconds from one look to the next while a client waits: what takes minutes is known soon enough, and the upstream is
not asked more often than its own page asks."""

_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[;,])', re.IGNORECASE)


def wait(headers: Iterable[str]) -> int | None:
    """The seconds that the Prefer `headers` ask to wait; None where they do not. What cannot be read is no preference.

    Of several the first counts, as the RFC says.
    """
    asked = _WAIT.search(",".join(headers))
    return int(asked[1]) if asked else None


async def wait_until[T](done: Callable[[T], bool], state: T, look: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The state that is `done`, or the newest one after so many seconds or at the deadline, whichever is earlier.

    Begins with `state` and looks again and again. A look that fails ends the waiting, not the request: what is known
    already, a new job's id above all, is worth more, and who asks again will be told.
    """
    try:
        async with context.current().deadline.timeout(seconds):
            while not done(state):
                await asyncio.sleep(INTERVAL)
                state = await look()
    except (TimeoutError, Error):
        pass
    return state
