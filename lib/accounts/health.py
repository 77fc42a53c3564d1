"""How a deployment's own accounts stand: each is asked, nothing is generated, and what was found is remembered.

It is remembered in the store, so that monitors which ask all instances every minute do not ask the services as often.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Final

from lib.accounts import owner_warnings
from lib.accounts.failover import answering, cooling
from lib.accounts.keys import Candidate, Choose, Key, explained
from lib.errors import Error, Unauthorized
from lib.invocation import context
from lib.store import configured_store
from lib.store.entry import Entry
from lib.types.upstream import AccountState, Claims, KeyState, Upstream

REMEMBERED: Final = 600.0
"""Seconds for which nobody asks again who only wants to know whether all is well."""
AT_ONCE: Final = 8
"""Accounts that are asked at the same time: a hundred at once would look like an attack."""
CHECK_TIMEOUT: Final = 20.0
"""Seconds for one account: monitors wait for 30 as a rule."""

_ENTRY: Final = "how the account stands, 1\n"
"""Before a key, for the name of its entry: under the key alone there is its session."""


async def check(upstream: Upstream, key: str, *, claim: bool = False) -> KeyState:
    """How a key stands. `claim`: take the day's credit of its account, too."""
    found = await upstream.check(key)
    if not claim or not found.live or not isinstance(upstream, Claims):
        return found
    claimed = await upstream.claim(key)
    return (await upstream.check(key))._replace(claimed=claimed)


async def check_all(keys: Sequence[Key], choose: Choose, *, fresh: bool, claim: bool = False) -> list[AccountState]:
    """How each key's account stands. `fresh`: as it is now; else as somebody found it in the last ten minutes."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(key: Key) -> AccountState:
        upstream = choose(key.text)
        if upstream is None:
            return AccountState(key.name, key.label, KeyState(live=False), time.time(), explained(key.text))
        async with slots:
            return await _of(Candidate(key, upstream), fresh=fresh, claim=claim)

    return await asyncio.gather(*map(one, keys))


async def _of(candidate: Candidate, *, fresh: bool, claim: bool) -> AccountState:
    entry = Entry(context.shared(configured_store), _ENTRY + candidate.key.text)
    known = None if fresh else await _remembered(entry, candidate)
    if known is None:
        async with entry.lock(CHECK_TIMEOUT):  # Whoever waited for another's check reads what that one found.
            known = None if fresh else await _remembered(entry, candidate)
            if known is None:
                known = await _ask(candidate, claim=claim)
                await entry.set(_written(known), REMEMBERED)
    seconds = cooling(candidate)
    until = time.time() + seconds if seconds else None
    return known._replace(cooling_until=until, answering=answering(candidate))


async def _ask(candidate: Candidate, *, claim: bool) -> AccountState:
    found, reason = None, "The service did not answer in time."
    owner_warnings.about_to_expire(candidate)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            found = await check(candidate.upstream, candidate.key.text, claim=claim)
            reason = found.reason
    except TimeoutError:
        pass
    except Error as error:
        reason = error.message
    if found is not None and not found.live:
        owner_warnings.refused(candidate, Unauthorized(reason))
    candidate.note("unknown" if found is None else "live" if found.live else "dead")
    return AccountState(candidate.key.name, candidate.key.label, found, time.time(), reason)


def _written(state: AccountState) -> bytes:
    return json.dumps([state.found, state.checked_at, state.reason]).encode()


async def _remembered(entry: Entry, candidate: Candidate) -> AccountState | None:
    value = await entry.get()
    if value is None:
        return None
    found, checked_at, reason = json.loads(value)
    state = None if found is None else KeyState(*found)
    return AccountState(candidate.key.name, candidate.key.label, state, checked_at, reason)
