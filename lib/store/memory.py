"""A store in this process's memory: the default, and what a shared store falls back to."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

MAX_ENTRIES = 4096
"""Values kept at most; the one unused for longest goes first. At 1 to 2 KB each (two tokens) that is 8 MB."""


class MemoryStore:
    """Values in a bounded dictionary, locks within the event loop. An instance that vanishes takes both along.

    `clock` gives the time in seconds. The default is the wall clock: a monotonic one may stand still while the
    platform has the instance frozen, and what should have expired meanwhile would live on.
    """

    shared = False

    def __init__(self, max_entries: int = MAX_ENTRIES, clock: Callable[[], float] = time.time) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._held: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Held]] = WeakKeyDictionary()

    async def get(self, name: str) -> bytes | None:
        """See `Store.get`."""
        value, ttl = self.peek(name)
        if ttl > 0:
            self._entries.move_to_end(name)
        else:
            self._entries.pop(name, None)
        return value

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        """See `Store.set`."""
        self._entries[name] = (value, self._clock() + ttl)
        self._entries.move_to_end(name)
        if len(self._entries) > self._max_entries:
            self._make_room()

    def peek(self, name: str) -> tuple[bytes | None, float]:
        """The value under `name` and the seconds that it has left, or None and 0. Does not count as a use."""
        value, expires = self._entries.get(name, (None, 0.0))
        left = expires - self._clock()
        return (value, left) if left > 0 else (None, 0.0)

    def names(self) -> Iterator[str]:
        """The names of all values kept, some of which may have expired."""
        return iter(self._entries)

    @asynccontextmanager
    async def lock(self, name: str, ttl: float, wait: float) -> AsyncIterator[bool]:
        """See `Store.lock`. Excludes within one event loop, which is all that runs in an instance at a time."""
        loop = asyncio.get_running_loop()
        held = self._held.setdefault(loop, {})
        deadline = loop.time() + wait
        while (other := held.get(name)) and (expires_in := other.expires - loop.time()) > 0:
            if (left := deadline - loop.time()) <= 0:
                yield False
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(other.released.wait(), min(left, expires_in))
        mine = held[name] = _Held(loop.time() + ttl)
        try:
            yield True
        finally:
            if held.get(name) is mine:
                del held[name]
            mine.released.set()

    async def aclose(self) -> None:
        """See `Store.aclose`. There is nothing to end."""

    def _make_room(self) -> None:
        now = self._clock()
        for name in [name for name, (_, expires) in self._entries.items() if expires <= now]:
            del self._entries[name]
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)


class _Held:
    """A lock's hold by one task: until when (the loop's time), and the event of its end."""

    __slots__ = ("expires", "released")

    def __init__(self, expires: float) -> None:
        self.expires = expires
        self.released = asyncio.Event()
