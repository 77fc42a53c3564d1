"""Turns: the service lets each account write one answer at a time, so requests wait, and are served as they came.

Within a process the order is that of coming. Between instances that share a store it is that of the line which each
account has there; the wall clocks of the instances decide, which differ by less than a hand-over takes.
"""

import asyncio
import math
from bisect import insort
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from lib.errors import AccountBusy
from lib.invocation.retry import TURN
from lib.store import Store
from lib.store.expiring import Expiring
from lib.store.line import Place
from lib.store.seal import turn_name

LEAST_PAUSE: Final = 0.1
FIRST_PAUSE: Final = 0.6
"""Seconds between an answer's end and the next question, between which the pause lies at first: the service frees an
account 0.1 to 0.5 s after the end. What it needs is learnt from what it refuses and takes."""
MOST_PAUSE: Final = 2.0
"""Seconds after which it is not its last answer that keeps an account busy."""
NEAR_ENOUGH: Final = 0.15
"""Seconds. Who knows an account's pause so well does not try shorter ones: each that is too short costs a refusal."""
REMEMBERED: Final = 600.0
"""Seconds for which an account's pause is remembered."""


class _Account:
    """When an account may be asked next, and how long it needs after an answer: more than `_low`, at most `_high` s."""

    def __init__(self) -> None:
        self.ready_at = self.freed = -math.inf
        self.learnt = False
        """Something was seen of how long it needs."""
        self._low, self._high = LEAST_PAUSE, FIRST_PAUSE

    @property
    def pause(self) -> float:
        known = self._high - self._low <= NEAR_ENOUGH
        return self._high if known else (self._low + self._high) / 2

    def free(self, now: float) -> None:
        self.freed, self.ready_at = now, now + self.pause

    def takes(self, asked: float) -> None:
        """It takes what it was asked at that moment."""
        if (waited := asked - self.freed) < self._high:
            self.learnt = True
            self._high, self._low = waited, min(self._low, waited)
        if self._low > FIRST_PAUSE:  # Perhaps it was slow but once.
            self._low *= 0.8

    def refuses(self, asked: float, now: float) -> float:
        """It does not; returns the seconds to wait now, 0 where it is not its last answer that keeps it busy."""
        waited = asked - self.freed
        if waited >= MOST_PAUSE:
            return 0.0
        self.learnt = True
        self._low = max(self._low, waited)
        if waited >= self._high:
            self._high = min(MOST_PAUSE, max(FIRST_PAUSE, 2 * waited))
        # Not as soon as may be, so that one refusal is all that a hand-over costs.
        return max(LEAST_PAUSE, self.freed + max(FIRST_PAUSE, self._high) - now)


class Turn:
    """An account whose turn a request has."""

    def __init__(self, account: str, known: _Account | None = None) -> None:
        self.account = account
        self._known = known or _Account()
        self._loop = asyncio.get_running_loop()
        self._asked = 0.0
        self._refusals = 0
        self._refused = False

    def ask(self) -> None:
        self._asked = self._loop.time()
        self._refused = False

    def taken(self) -> None:
        self._known.takes(self._asked)

    def refused(self) -> float:
        """It is busy; returns the seconds after which it may be asked again."""
        now = self._loop.time()
        seconds = self._known.refuses(self._asked, now) or TURN.wait(self._refusals)
        self._refusals, self._refused = self._refusals + 1, True
        self._known.ready_at = now + seconds
        return seconds

    def end(self) -> None:
        if not self._refused:
            self._known.free(self._loop.time())


class _Waiting:
    """A request that waits for the first of some accounts."""

    def __init__(self, accounts: Sequence[str], place: Place) -> None:
        self.accounts = accounts
        self.place = place
        self.moved = asyncio.Event()
        self.new = True
        """It has not waited yet."""


class Turns:
    """Lets one request at a time through to each account, in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.taken: set[str] = set()
        """Accounts that write an answer for this instance."""
        self._waiting: list[_Waiting] = []
        self._accounts: Expiring[_Account] = Expiring()

    @asynccontextmanager
    async def turn(self, accounts: Sequence[str], place: Place, until: float) -> AsyncIterator[Turn]:
        """The turn of one of `accounts`, the first that is free or becomes free, until the context ends.

        `place`: whoever has an earlier one goes first. Raises `AccountBusy` where `until`, by the loop's clock, none
        has become free, nor is in its pause.
        """
        async with AsyncExitStack() as lease:
            account = await self._wait(_Waiting(accounts, place), until, lease)
            turn = Turn(account, self._known(account))
            try:
                yield turn
            finally:
                await lease.aclose()
                turn.end()
                self.taken.discard(account)
                self._wake([account])

    async def _wait(self, waiting: _Waiting, until: float, lease: AsyncExitStack) -> str:
        loop = asyncio.get_running_loop()
        insort(self._waiting, waiting, key=lambda one: one.place)
        try:
            while True:
                waiting.moved.clear()
                ready, next_look = self._ready(waiting, loop.time())
                for account in ready:
                    if await self._lease(account, waiting.place, lease):
                        self.taken.add(account)
                        return account
                waiting.new, now = False, loop.time()
                if now >= until and (ready or next_look == math.inf):
                    raise AccountBusy.by_another_answer()
                if ready:  # Another instance has them.
                    next_look = min(next_look, now + self._store.poll_interval)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_look if now >= until else min(until, next_look)):
                        await waiting.moved.wait()
        finally:
            self._waiting.remove(waiting)
            self._wake(waiting.accounts)
            await self._store.leave_line(waiting.place)

    def _ready(self, waiting: _Waiting, now: float) -> tuple[list[str], float]:
        """The accounts that nobody has or comes first for, and when the next one has had its pause."""
        first_come: set[str] = set()
        for other in self._waiting:
            if other is waiting:
                break
            first_come.update(other.accounts)
        ready, next_at = [], math.inf
        for account in waiting.accounts:
            if account not in self.taken and account not in first_come:
                known = self._known(account)
                # Who did not have to wait asks at once where nobody knows better: perhaps no pause is needed at all.
                if known.ready_at <= now or (waiting.new and not known.learnt):
                    ready.append(account)
                else:
                    next_at = min(next_at, known.ready_at)
        return ready, next_at

    async def _lease(self, account: str, place: Place, lease: AsyncExitStack) -> bool:
        """Take the account among all instances."""
        if not self._store.shared:
            return True
        name, waited = turn_name(account), place.waits
        if not await self._store.in_line(name, place):
            return False
        if not await lease.enter_async_context(self._store.lease(name, 0.0)):
            await lease.aclose()
            place.waits = True
            return False
        if waited:  # Another instance has just given it up.
            known = self._known(account)
            known.free(asyncio.get_running_loop().time())
            await asyncio.sleep(known.pause)
        return True

    def _known(self, account: str) -> _Account:
        known = self._accounts.get(account) or _Account()
        self._accounts.set(account, known, REMEMBERED)
        return known

    def _wake(self, accounts: Collection[str]) -> None:
        for waiting in self._waiting:
            if not waiting.moved.is_set() and not set(accounts).isdisjoint(waiting.accounts):
                waiting.moved.set()
