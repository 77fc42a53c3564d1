"""Work for the running request that has to end before its deadline."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lib.errors import DeadlineExceeded
from lib.invocation import context


@asynccontextmanager
async def within_deadline() -> AsyncIterator[None]:
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


def too_late() -> DeadlineExceeded:
    """What a client is told whose answer was not there in time."""
    return DeadlineExceeded("The service did not answer in the time that this deployment has.")
