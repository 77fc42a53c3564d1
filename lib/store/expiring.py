"""A bounded dictionary whose entries expire."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

MAX_ENTRIES = 4096
"""Entries kept at most; the one unused for longest goes first. At 1 to 2 KB each (two tokens) that is 8 MB."""


class Expiring[V]:
    """Values under names, each for its time.

    `clock` gives the time in seconds. The default is the wall clock: a monotonic one may stand still while the
    platform has the instance frozen, and what should have expired meanwhile would live on.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, clock: Callable[[], float] = time.time) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, tuple[V, float]] = OrderedDict()

    def get(self, name: str) -> V | None:
        """The value under `name`, or None when there is none or it has expired."""
        value, ttl = self.look(name)
        if ttl > 0:
            self._entries.move_to_end(name)
        return value

    def look(self, name: str) -> tuple[V | None, float]:
        """The value under `name` and the seconds that it has left, or None and 0. Does not count as a use."""
        entry = self._entries.get(name)
        if entry is None:
            return None, 0.0
        value, expires = entry
        left = expires - self._clock()
        return (value, left) if left > 0 else (None, 0.0)

    def set(self, name: str, value: V, ttl: float) -> None:
        """Keep `value` under `name` for `ttl` seconds, in place of what was there."""
        self._entries[name] = (value, self._clock() + ttl)
        self._entries.move_to_end(name)
        if len(self._entries) > self._max_entries:
            self._make_room()

    def remove(self, name: str) -> None:
        """Forget what is under `name`, if anything is."""
        self._entries.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """The names of all values, some of which may have expired."""
        return iter(list(self._entries))

    def _make_room(self) -> None:
        now = self._clock()
        for name in [name for name, (_, expires) in self._entries.items() if expires <= now]:
            del self._entries[name]
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
