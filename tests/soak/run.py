"""Runs a plan: everything is started, the schedule is kept, and what came of it is held to the promises."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bigmodel import Platform
from tests.upstream import Account, StandIn

from . import asks, promises, stores
from .clients import Client
from .door import Door
from .faults import BY_NAME
from .fleet import Fleet
from .model import Model
from .plan import DRAIN, Plan
from .record import Record
from .report import told as told_of
from .schedule import PLATFORM_KEYS, Ask, Schedule, draw
from .session import Session
from .stores import Store
from .verdict import LOST_TOKEN, Verdict
from .watch import Watch
from .weather import Weather

KEPT: Final = 3000
"""How many requests the stand-ins remember: more than come between two looks."""
ACCESS_LIFETIME: Final = 300
"""Seconds for which an access token is good, so that each account is renewed many times an hour."""
LAST_WAITS: Final = (5.0, 20.0, 0.0)
"""Seconds for which whoever asks last, and is not answered, waits before it asks again."""
AFTER_RISK_CONTROL: Final = 31.0
"""Seconds after its end for which an instance leaves the service alone."""


@dataclass
class World:
    """Everything of a run that is there while it lasts."""

    record: Record
    service: StandIn
    platform: Platform
    accounts: list[Account]
    keys: dict[str, str]
    fleet: Fleet
    store: Store | None
    door: Door


async def run(plan: Plan, tell: Callable[[str], None] = lambda line: None) -> tuple[Schedule, Record]:
    """Run it. Whatever is broken is in the record."""
    schedule, record = draw(plan), Record()
    record.shares_nothing = plan.store == "memory"
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        ends = any(BY_NAME[event.kind].family == "process" for event in schedule.events)
        async with _world(plan, record, Path(folder), ends=ends) as world:
            await _keep(plan, schedule, world, tell)
    return schedule, record


@asynccontextmanager
async def _world(plan: Plan, record: Record, folder: Path, *, ends: bool) -> AsyncIterator[World]:
    with StandIn(keep=KEPT) as service, Platform() as platform:
        # What shares nothing cannot hand on a rotated token when it ends.
        rotation = "lenient" if plan.store == "memory" and ends else "strict"
        options = {"rotation": rotation, "generations": 2, "access_lifetime": ACCESS_LIFETIME}
        accounts = [service.account(**options) for _ in range(plan.accounts)]
        keys = {f"a{index}": account.refresh_token for index, account in enumerate(accounts)}
        keys |= {f"k{index}": platform.key() for index in range(PLATFORM_KEYS)}
        port = int(service.url.rpartition(":")[2])
        async with Door(port) as door, stores.opened(plan.store, record) as store:
            environ = {
                "GLM_CHATGLM_URL": door.url,
                "GLM_PLATFORM_URL": platform.url,
                "GLM_ALLOW_PRIVATE_URLS": "1",
                "GLM_MAX_DURATION": str(plan.max_duration),
                "SOAK_BROKEN": plan.broken,
                **(store.environ if store else {}),
            }
            fleet = Fleet(plan.processes, environ, folder, record)
            try:
                await fleet.start()
                yield World(record, service, platform, accounts, keys, fleet, store, door)
            finally:
                await fleet.stop()


async def _keep(plan: Plan, schedule: Schedule, world: World, tell: Callable[[str], None]) -> None:
    record = world.record
    model = Model(world.service, world.platform, record)
    uids = {world.keys[f"a{index}"]: account.uid for index, account in enumerate(world.accounts)}
    client = Client(world.fleet.port, plan.max_duration + 15.0)
    verdict = Verdict(record, plan.max_duration, uids)
    session = Session(client, model, verdict, world.keys, record)
    weather = Weather(world.service, world.door, world.accounts, world.store, world.fleet, record)
    watch = Watch(plan, world.service, world.accounts, world.fleet, record)
    verdict.look = watch.note
    watching = asyncio.create_task(watch.run())
    telling = asyncio.create_task(_tell(plan, record, tell))
    record.begun = time.monotonic()
    told: dict[int, bool] = {}

    def log_in_anew(uid: str) -> None:
        for index, account in enumerate(world.accounts):
            if account.uid == uid and record.token_was_lost(uid, time.monotonic()):
                world.keys[f"a{index}"] = account.newest_refresh_token
                uids[account.newest_refresh_token] = uid

    verdict.log_in_anew = log_in_anew

    async def one(ask: Ask) -> None:
        await asyncio.sleep(record.begun + ask.at - time.monotonic())
        outcome = await session.run(ask)
        if ask.what == "video":
            told[ask.number] = outcome == "right"

    async def later(at: float, bring: Callable[[], "asyncio._CoroutineLike[None]"]) -> None:
        await asyncio.sleep(record.begun + at - time.monotonic())
        await bring()

    async with asyncio.TaskGroup() as group:
        for ask in schedule.asks:
            group.create_task(one(ask))
        for event in schedule.events:
            group.create_task(later(event.at, lambda event=event: weather.bring(event)))  # type: ignore[misc]
    refused = max((until for who, _, until in record.refusing if who == "*"), default=0.0)
    wait = max(plan.stays + DRAIN, refused + AFTER_RISK_CONTROL - time.monotonic())
    await asyncio.sleep(wait)
    await _last_questions(session, world)
    await asyncio.sleep(1.0)
    watch.look()
    for task in (watching, telling):
        task.cancel()
    await asyncio.gather(watching, telling, return_exceptions=True)
    if watching.done() and not watching.cancelled() and (error := watching.exception()):
        raise error
    record.facts["took"] = time.monotonic() - record.begun
    record.checked["traces"] = record.facts["generated"] = sum(account.generated for account in world.accounts)
    record.facts["store requests"] = world.store.requests if world.store else 0
    promises.check_once(record)
    promises.check_orders(record, world.service, world.platform, told)
    promises.check_level(record, world.fleet, plan)
    promises.check_bounds(record, plan)


async def _last_questions(session: Session, world: World) -> None:
    """All faults have ended: each account has to answer, at the latest when what the store missed has reached it."""

    async def one(place: int, name: str) -> None:
        world.record.checked["accounts"] += 1
        number = asks.LAST + place
        for patience in LAST_WAITS:
            outcome = await session.plain(number, name)
            if outcome == "right":
                return
            await asyncio.sleep(patience)
            number += len(world.keys)
        uid = world.accounts[place].uid if name.startswith("a") else ""
        if world.record.token_was_lost(uid, time.monotonic()):
            world.record.excuse(LOST_TOKEN)
        else:
            world.record.breaks("accounts", f"{name} answers no more: {outcome}", asks.LAST + place)

    await asyncio.gather(*(one(place, name) for place, name in enumerate(world.keys)))


async def _tell(plan: Plan, record: Record, tell: Callable[[str], None]) -> None:
    """Every minute: how far it is, and what has been broken since."""
    known = 0
    while True:
        await asyncio.sleep(60.0)
        minutes = (time.monotonic() - record.begun) / 60
        done, exempt = sum(record.statuses.values()), sum(record.exempt.values())
        broken = len(record.broken)
        tell(f"{minutes:5.0f} min: {done} requests, {record.right} right, {broken} broken promises, {exempt} exempt")
        for one in record.broken[known:]:
            for line in told_of(plan, record, one):
                tell(line)
        known = broken
