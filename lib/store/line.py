"""The line before a lease: who waits for it, of all instances, in the order in which they came.

It is a value in the store, JSON: `{owner: [since, beat]}`. Whoever waits writes itself into it, over the stamp that it
has read, and changes its beat as long as it waits. One whose beat stands still has vanished: seen so by the clock of
whoever comes after it, since the clocks of instances differ.
"""

import json
import os
import time
from typing import Final

from lib.store.driver import Driver, Value
from lib.store.expiring import Expiring

BEAT: Final = 1.0
"""Seconds from one sign of life of a waiter to the next."""
VANISHED: Final = 4.0
"""Seconds without one, after which a waiter is passed over: it has missed three."""
LINE_TTL: Final = 60.0
"""Seconds for which a line is kept that nobody writes to any more."""
MAX_LINE: Final = 500
"""Waiters of one line, some 20 KB. Whoever comes later waits outside of it."""
WRITES: Final = 8
"""How often a write is tried again that another's came before."""

type _Line = dict[str, tuple[float, str]]


class Place:
    """When a request came, and the lines in which it stands."""

    def __init__(self, since: float | None = None) -> None:
        """`since`: the Unix time at which it came; now."""
        self.since = time.time() if since is None else since
        self.owner = os.urandom(8).hex()
        self.waits = False
        """It has asked in vain, and is to be known to the others."""
        self.stood_at: dict[str, float] = {}
        """When it last gave a sign of life, by the names of the lines."""

    def __lt__(self, other: "Place") -> bool:
        return (self.since, self.owner) < (other.since, other.owner)


class Lines:
    """The lines that one instance stands in, in the store behind `driver`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._beats: Expiring[tuple[str, float]] = Expiring(clock=time.monotonic)

    async def stand(self, name: str, place: Place) -> bool:
        """Does nobody come before `place`. Writes it down where it has to wait."""
        first = False
        for _ in range(WRITES):
            line, stamp = await self._read(name)
            line.pop(place.owner, None)
            now = time.monotonic()
            first = all((place.since, place.owner) < (since, owner) for owner, (since, _) in line.items())
            place.waits = place.waits or not first
            if not place.waits or now - place.stood_at.get(name, -BEAT) < BEAT or len(line) >= MAX_LINE:
                break
            line[place.owner] = (place.since, os.urandom(4).hex())
            if await self._write(name, line, stamp):
                place.stood_at[name] = now
                break
        return first

    async def leave(self, name: str, place: Place) -> None:
        """Take `place` out of the line."""
        place.stood_at.pop(name, None)
        for _ in range(WRITES):
            line, stamp = await self._read(name)
            if line.pop(place.owner, None) is None or await self._write(name, line, stamp):
                return

    async def _read(self, name: str) -> tuple[_Line, int]:
        """Who stands in line, as far as they are still there, and the stamp of what was read."""
        found = await self._driver.get(name)
        if found is None:
            return {}, 0
        now = time.monotonic()
        line: _Line = {}
        for owner, (since, beat) in _parsed(found[0].data).items():
            known = self._beats.get(owner)
            if known is None or known[0] != beat:
                known = (beat, now)
                self._beats.set(owner, known, LINE_TTL)
            if now - known[1] < VANISHED:
                line[owner] = (since, beat)
        return line, found[0].stamp

    async def _write(self, name: str, line: _Line, stamp: int) -> bool:
        # Of two who have read the same stamp, only the first is kept.
        return await self._driver.put(name, Value(json.dumps(line).encode(), stamp + 1), LINE_TTL)


def _parsed(data: bytes) -> _Line:
    try:
        return {str(owner): (float(since), str(beat)) for owner, (since, beat) in json.loads(data).items()}
    except (AttributeError, TypeError, ValueError):
        return {}  # It is none of ours.
