"""What each access key has used today, by UTC, and its limit: counted in the store that all instances share."""

import json
import time
from typing import Any, Final, NamedTuple

from lib import settings
from lib.errors import RateLimited
from lib.invocation import context
from lib.settings import AccessKey
from lib.store import configured_store
from lib.store.entry import Entry

DAY: Final = 86400
LOCK_WAIT: Final = 2.0
"""Seconds to wait for another instance that counts, which takes milliseconds: a count may be lost, no request is."""

_ENTRY: Final = "used today, 1\n"


class Used(NamedTuple):
    """What an access key has used on one day."""

    requests: int = 0
    tokens: int = 0
    """Of answers, estimated."""


async def admit(presented: str) -> None:
    """Count a request with this access key. Raises `RateLimited` where the day's are used up."""
    access = settings.current().access_key(presented)
    if access is None or not context.shared(configured_store).shared:
        return
    entry = _entry(access)
    async with entry.lock(LOCK_WAIT):
        used = await _read(entry)
        if access.limit is not None and used.requests >= access.limit:
            seconds = DAY - time.time() % DAY
            raise RateLimited(
                f"This access key has had its {access.limit} requests of today; the next day begins at 0:00 UTC.",
                code="daily_limit",
                retry_after=seconds,
            )
        await _write(entry, used._replace(requests=used.requests + 1))


async def add(presented: str, tokens: int) -> None:
    """Count the tokens of an answer."""
    access = settings.current().access_key(presented)
    if access is None or not tokens or not context.shared(configured_store).shared:
        return
    entry = _entry(access)
    async with entry.lock(LOCK_WAIT):
        used = await _read(entry)
        await _write(entry, used._replace(tokens=used.tokens + tokens))


async def all_used() -> list[dict[str, Any]]:
    """Each access key, by its label or else its end, and what it has used today; null where no store counts it."""
    counted = context.shared(configured_store).shared
    told = []
    for one in settings.current().access:
        used = (await _read(_entry(one)))._asdict() if counted else {"requests": None, "tokens": None}
        told.append({"label": one.label or f"…{one.key[-4:]}", "limit": one.limit, **used})
    return told


def _entry(access: AccessKey) -> Entry:
    return Entry(context.shared(configured_store), f"{_ENTRY}{int(time.time() // DAY)}\n{access.key}")


async def _read(entry: Entry) -> Used:
    value = await entry.get()
    return Used() if value is None else Used(*json.loads(value))


async def _write(entry: Entry, used: Used) -> None:
    await entry.set(json.dumps(used).encode(), DAY)
