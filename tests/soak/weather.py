"""Faults that begin at a time and last: of the service, of single accounts, of the store, of the processes."""

import asyncio
import time
from dataclasses import replace
from typing import Final

from tests.upstream import Account, StandIn

from .door import Door
from .faults import BY_NAME
from .fleet import Fleet
from .record import Record
from .schedule import Event
from .stores import Store

CLOCK_AHEAD: Final = 65.0
CLOCK_TOLERANCE: Final = 30.0
"""Seconds by which a timestamp may be wrong where the clock is off by a minute."""
USUAL_TOLERANCE: Final = 300.0
BUSY_AFTER: Final = 2.0


class Weather:
    """Makes the schedule's events happen."""

    def __init__(
        self, service: StandIn, door: Door, accounts: list[Account], store: Store | None, fleet: Fleet, record: Record
    ) -> None:
        self._service = service
        self._door = door
        self._accounts = accounts
        self._store = store
        self._fleet = fleet
        self._record = record
        self._replacing = asyncio.Lock()
        self._doors = asyncio.Lock()
        self._looks = 0

    async def bring(self, event: Event) -> None:
        """Let it happen, and end."""
        family = BY_NAME[event.kind].family
        if family == "store":
            assert self._store is not None
            await self._store.suffer(event.kind, event.seconds)
        elif family == "process":
            await self._process(event)
        else:
            await getattr(self, "_" + event.kind.replace(" ", "_"))(event)

    async def _process(self, event: Event) -> None:
        # The first is left alone where there are several: its memory is what is watched for hours.
        several = len(self._fleet.instances) > 1
        index = 1 + event.target % (len(self._fleet.instances) - 1) if several else 0
        self._record.fired[event.kind] += 1
        if event.kind == "SIGKILL":
            async with self._replacing:
                await self._fleet.kill(index)
        else:
            async with self._replacing:
                ending = asyncio.create_task(self._fleet.terminate(index))
                await asyncio.wait([ending], timeout=5.0)
            await ending

    def _account(self, event: Event) -> Account:
        return self._accounts[event.target % len(self._accounts)]

    def _refuses(self, who: str, event: Event) -> None:
        since = time.monotonic()
        self._record.refusing.append((who, since, since + event.seconds))

    async def _hang_at_connect(self, event: Event) -> None:
        async with self._doors:
            self._door.shut()
            ends_at, most = time.monotonic() + event.seconds, 0
            self._record.unreachable.append((time.monotonic(), ends_at + event.seconds))
            while time.monotonic() < ends_at + (0 if most else event.seconds):
                await asyncio.sleep(0.2)
                most = max(most, self._door.waiting())
            self._door.open()
            self._record.fired[event.kind] += 1 if most else 0

    async def _verification_page(self, event: Event) -> None:
        self._refuses("*", replace(event, seconds=4 * event.seconds))
        self._looks += 1
        self._service.risk_control.begin(look=("slide", "visit", "40012")[self._looks % 3])
        for _ in range(4):  # Until somebody has met it.
            await asyncio.sleep(event.seconds)
            if self._service.risk_control.asked:
                break
        self._record.fired[event.kind] += 1 if self._service.risk_control.asked else 0
        self._service.risk_control.lift()

    async def _clock_off_by_a_minute(self, event: Event) -> None:
        stale = self._service.service.gatekeeper.stale
        self._service.change(clock_ahead=CLOCK_AHEAD, clock_tolerance=CLOCK_TOLERANCE)
        await asyncio.sleep(event.seconds)
        self._service.change(clock_ahead=0.0)
        await asyncio.sleep(event.seconds)
        self._service.change(clock_tolerance=USUAL_TOLERANCE)
        self._record.fired[event.kind] += 1 if self._service.service.gatekeeper.stale > stale else 0

    async def _access_revoked(self, event: Event) -> None:
        for account in self._accounts[event.target % 3 :: 3]:
            account.revoke_access()
        self._record.fired[event.kind] += 1

    async def _stays_busy(self, event: Event) -> None:
        account = self._account(event)
        refused = account.refused_busy
        account.change(busy_after=BUSY_AFTER)
        ends_at = time.monotonic() + event.seconds
        while time.monotonic() < ends_at + (0 if account.refused_busy > refused else event.seconds):
            account.free_at = time.monotonic() + BUSY_AFTER
            await asyncio.sleep(0.2)
        account.change(busy_after=0.0)
        self._record.fired[event.kind] += 1 if account.refused_busy > refused else 0

    async def _banned(self, event: Event) -> None:
        account = self._account(event)
        self._refuses(account.uid, event)
        account.change(blocked=True)
        await asyncio.sleep(event.seconds)
        account.change(blocked=False)
        self._record.fired[event.kind] += 1
