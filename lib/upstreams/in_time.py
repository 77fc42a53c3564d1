"""Work for the running request that has to end before its deadline."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lib.runtime import context
from lib.runtime.failure import too_late


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Raise `DeadlineExceeded` where the work would not end in time, and note for the log how long it took."""
    request = context.current()
    started = time.perf_counter()
    try:
        async with request.deadline.timeout():
            yield
    except TimeoutError as error:
        raise too_late() from error
    finally:
        request.upstream_seconds += time.perf_counter() - started
