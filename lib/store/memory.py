"""A store in this process's memory: the default. An instance that vanishes takes along what it knew."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from weakref import WeakValueDictionary

from lib.store.expiring import MAX_ENTRIES, Expiring
from lib.store.line import Place


class MemoryStore:
    """Values in a bounded dictionary, leases within the event loop."""

    shared = False
    away = False
    poll_interval = 0.0

    def __init__(self, max_entries: int = MAX_ENTRIES, clock: Callable[[], float] = time.time) -> None:
        self._values: Expiring[bytes] = Expiring(max_entries, clock)
        self._leases = LocalLeases()

    async def get(self, name: str) -> bytes | None:
        return self._values.get(name)

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        self._values.set(name, value, ttl)

    def lease(self, name: str, wait: float, ttl: float = 0.0) -> AbstractAsyncContextManager[bool]:
        return self._leases.lease(name, wait, ttl)

    async def in_line(self, name: str, place: Place) -> bool:
        """See `Store.in_line`. Whoever shares this memory knows the order by itself."""
        return True

    async def leave_line(self, place: Place) -> None:
        pass

    async def aclose(self) -> None:
        """See `Store.aclose`. There is nothing to end."""


class LocalLeases:
    """Leases among the tasks of one event loop, in the order in which they are asked for.

    They need no time to live: a task's block always ends, however the task does.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # Those held or waited for.

    @asynccontextmanager
    async def lease(self, name: str, wait: float, ttl: float = 0.0) -> AsyncIterator[bool]:
        """See `Store.lease`; `ttl` means nothing here."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        held = await _acquired(lock, wait)
        try:
            yield held
        finally:
            if held:
                lock.release()


async def _acquired(lock: asyncio.Lock, wait: float) -> bool:
    try:
        async with asyncio.timeout(None if wait == math.inf else wait):
            return await lock.acquire()
    except TimeoutError:
        return False
