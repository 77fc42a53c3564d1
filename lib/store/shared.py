"""A store that all instances share, over the driver of Redis or DynamoDB.

Its being out of reach never fails a request. Whatever is written or read is also kept in this instance's memory, which
answers in its place; one warning is logged for each outage. When the store answers again it is handed what it may not
have, and of two values the newer one wins: a refresh token that only this instance learnt of during the outage is not
lost, and one that another instance wrote meanwhile is not overwritten. A Redis that came back empty is filled again in
the same way, by every instance that is at work: a mark that it lost tells them, even where none has seen it fail.

What is newer shows in the stamp of each value: when it was written, by its writer's clock, but always later than the
value that its writer knew. Whoever reads before writing is thus right even if the clocks of instances disagree.

What remains: an instance that vanishes during an outage takes with it what only it had learnt, and while the store is
away instances do not exclude each other.
"""

import asyncio
import logging
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Final

from lib.errors import Misconfigured
from lib.store import LEASE_TTL
from lib.store.driver import Driver, Refused, Value
from lib.store.expiring import Expiring
from lib.store.line import Lines, Place
from lib.store.memory import LocalLeases

OPERATION_TIMEOUT: Final = 2.0
"""Seconds for everything that one call needs: making a connection, signing in, asking, asking again."""
IDLE_LIMIT: Final = 60.0
"""Seconds after which an unused connection is not used again. While an instance is frozen, gateways forget its
connections without a word, and what is sent on one of them is only found lost when a time-out has passed."""
SKIP: Final = 5.0
"""Seconds for which the store is not asked after it failed, so that not each request pays for the time-out."""
MARK: Final = "glm:mark"
"""What lies here is any text, made anew whenever it is missing: another one than before says that all was lost."""
MARK_TTL: Final = 30 * 24 * 3600.0
"""Seconds. When it is over, each instance hands over what it knows once more, which does no harm."""
SETTLES: Final = 20.0
"""Seconds after an outage in which others may still hold what the store does not have: each hands it over with its
next request."""
LOOK_AT_MARK: Final = 15.0
"""Seconds from one look at the mark to the next, where the store is used: so long may others go without what was
lost, and one read in so long costs next to nothing."""
BATCH: Final = 16
"""Values handed over with one call after an outage, all at once: some 30 KB, well within the time-outs."""

_log = logging.getLogger("glm")


class SharedStore:
    """The store that `driver` reaches. `clock` gives the time in seconds since 1970."""

    shared = True

    def __init__(self, driver: Driver, clock: Callable[[], float] = time.time) -> None:
        self._driver = driver
        self._clock = clock
        self._used_at = 0.0
        self._copies: Expiring[Value] = Expiring(clock=clock)
        self._unsent: set[str] = set()  # Names whose copy may be newer than what the store has.
        self._unreleased: Expiring[str] = Expiring(clock=clock)  # Owners of leases that were given up in an outage.
        self._leases = LocalLeases()
        self._lines = Lines(driver)
        self._down = False
        self._settled_at = 0.0
        self._ask_again_at = 0.0
        self._mark: bytes | None = None
        self._mark_seen_at = clock()

    @property
    def away(self) -> bool:
        return self._down or time.monotonic() < self._settled_at

    async def get(self, name: str) -> bytes | None:
        kept = self._copies.get(name)
        try:
            found = await self._ask(lambda: self._driver.get(_value_name(name)))
            if kept is not None and (found is None or found[0].stamp < kept.stamp):
                # The store has lost it: emptied, short of room, or replaced by a replica that was behind.
                await self._ask(lambda: self._hand_over(name))
                return kept.data
        except _Away:
            return kept and kept.data
        if found is None:
            return None
        value, ttl = found
        self._copies.set(name, value, ttl)
        return value.data

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        """See `Store.set`.

        The store is asked even when it has just failed: this is rare, and a refresh token that is lost cannot be had
        again.
        """
        known, _ = self._copies.look(name)
        stamp = max(int(self._clock() * 1000), known.stamp + 1 if known else 0)
        self._copies.set(name, Value(value, stamp), ttl)
        try:
            await self._ask(lambda: self._driver.put(_value_name(name), Value(value, stamp), ttl), insist=True)
        except _Away:
            self._unsent.add(name)

    @asynccontextmanager
    async def lease(self, name: str, wait: float, ttl: float = LEASE_TTL) -> AsyncIterator[bool]:
        """See `Store.lease`. This instance's tasks queue among themselves first, so that only one of them polls."""
        deadline = time.monotonic() + wait
        async with self._leases.lease(name, wait) as first:
            if not first:
                yield False
                return
            name, owner = _lease_name(name), secrets.token_hex(16)
            try:
                held = await self._take(name, owner, ttl, deadline)
            except BaseException:
                await self._release(name, owner, ttl)  # Who leaves while it asks may have been given it.
                raise
            if not held:
                yield False
                return
            renewing = asyncio.create_task(self._renew(name, owner, ttl))
            try:
                yield True
            finally:
                renewing.cancel()
                await asyncio.wait([renewing])  # A renewal that comes after the release would be a lease again.
                await self._release(name, owner, ttl)

    @property
    def poll_interval(self) -> float:
        return self._driver.poll_interval

    async def in_line(self, name: str, place: Place) -> bool:
        try:
            return await self._ask(lambda: self._lines.stand(_line_name(name), place))
        except _Away:
            return True

    async def leave_line(self, place: Place) -> None:
        with suppress(_Away, Misconfigured):  # Who cannot say so has left all the same, as its place shows in a moment.
            for name in list(place.stood_at):
                await self._ask(lambda name=name: self._lines.leave(name, place))  # type: ignore[misc]

    async def aclose(self) -> None:
        await self._driver.aclose()

    async def _take(self, name: str, owner: str, ttl: float, deadline: float) -> bool:
        while True:
            try:
                if await self._ask(lambda: self._driver.take(name, owner, ttl)):
                    return True
            except _Away:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, self._driver.poll_interval * random.uniform(0.5, 1.5)))  # noqa: S311

    async def _renew(self, name: str, owner: str, ttl: float) -> None:
        while True:
            await asyncio.sleep(ttl / 3)
            try:
                if not await self._ask(lambda: self._driver.take(name, owner, ttl)):
                    return  # Another took it for abandoned. What is being done in its name cannot be undone.
            except (_Away, Misconfigured):
                pass

    async def _release(self, name: str, owner: str, ttl: float) -> None:
        try:
            await self._ask(lambda: self._driver.release(name, owner))
        except _Away:
            self._unreleased.set(name, owner, ttl)
        except Misconfigured:
            pass  # Whoever took the lease was told.

    async def _ask[T](self, command: Callable[[], Awaitable[T]], *, insist: bool = False) -> T:
        """The store's reply to `command`. Takes `OPERATION_TIMEOUT` at most; raises `_Away` while it is out of reach.

        A command once begun is finished, also when the caller is cancelled: cut short, it would cost the connection,
        and perhaps a write.
        """
        if self._down:
            if time.monotonic() < self._ask_again_at and not insist:
                raise _Away
            self._ask_again_at = time.monotonic() + SKIP  # This one tries; nobody else waits for what comes of it.
        return await _finished(asyncio.ensure_future(self._send(command)))

    async def _send[T](self, command: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(OPERATION_TIMEOUT):
                await self._drop_idle_connections()
                await self._look_at_mark()
                await self._catch_up()
                reply = await command()
        except Misconfigured:
            raise
        except Exception as error:  # Whatever goes wrong with the store, it must not cost the request.
            self._failed(error)
            raise _Away from error
        if self._down:
            self._down = False
            self._settled_at = time.monotonic() + SETTLES
            _log.info("The token store answers again.")
        return reply

    async def _drop_idle_connections(self) -> None:
        idle, self._used_at = self._clock() - self._used_at, self._clock()
        if idle > IDLE_LIMIT:
            await self._driver.aclose()

    async def _look_at_mark(self) -> None:
        """Find out whether the store has been emptied: then it is to have all that this instance knows."""
        if self._clock() - self._mark_seen_at < LOOK_AT_MARK or not any(self._copies):
            return
        found = await self._driver.get(MARK)
        mark = found[0].data if found is not None else secrets.token_bytes(8)
        if found is None:
            await self._driver.put(MARK, Value(mark, int(self._clock() * 1000)), MARK_TTL)
        if mark != self._mark:
            self._unsent.update(self._copies)
            if self._mark is not None:
                self._settled_at = time.monotonic() + SETTLES
        self._mark, self._mark_seen_at = mark, self._clock()

    async def _catch_up(self) -> None:
        """Tell the store a batch of what it missed."""
        names = list(islice(self._unsent, BATCH))
        if names:
            await asyncio.gather(*map(self._hand_over, names))
        for name in self._unreleased:
            owner, _ = self._unreleased.look(name)
            if owner is not None:
                await self._driver.release(name, owner)
            self._unreleased.remove(name)

    async def _hand_over(self, name: str) -> None:
        kept, ttl = self._copies.look(name)
        if kept is not None:
            await self._driver.put(_value_name(name), kept, ttl)
        self._unsent.discard(name)

    def _failed(self, error: Exception) -> None:
        self._ask_again_at = time.monotonic() + SKIP
        if self._down:
            return
        self._down = True
        self._unsent.update(self._copies)
        # Only the error's kind: its text may quote the command, and with it names and values.
        kind = error.kind if isinstance(error, Refused) else type(error).__name__
        _log.warning("The token store cannot be used (%s). Until it can, this instance relies on its own memory.", kind)


class _Away(Exception):
    """The store is out of reach."""


async def _finished[T](task: asyncio.Future[T]) -> T:
    """What `task` returns. A cancellation is passed on when it has ended."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # Retrieved, so that asyncio does not complain of it.
        raise cancelled
    return task.result()


def _value_name(name: str) -> str:
    return f"glm:{name}"


def _line_name(name: str) -> str:
    return f"glm:line:{name}"


def _lease_name(name: str) -> str:
    return f"glm:lease:{name}"
