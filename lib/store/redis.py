"""A store in Redis, shared by all instances. Import it only where one is named: `redis` is not a small package.

Redis being out of reach never fails a request. Whatever is written or read is also kept in this instance's memory,
which answers in its place; one warning is logged for each outage. When Redis answers again, everything kept is
handed over before anything else is asked, and of two values the newer one wins: a refresh token that only this instance
learnt of during the outage is not lost, and one that another instance wrote meanwhile is not overwritten. A Redis that
came back empty is filled again in the same way.

What is newer shows in the stamp before each value: when it was written, by its writer's clock, but always later than
the value that its writer knew. Whoever reads before writing is thus right even if the clocks of instances disagree.

What remains: an instance that vanishes during an outage takes with it what only it had learnt, and while Redis is away
instances do not exclude each other.
"""

import asyncio
import logging
import math
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

import certifi
from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from lib.store.memory import MemoryStore

TIMEOUT = 1.0
"""Seconds to connect, and to wait for one reply. A store that is slower than that is slower than doing without it."""
OPERATION_TIMEOUT = 2.0
"""Seconds for everything that one call needs: waiting for a connection, making it, signing in, asking."""
RETRIES = 1
"""How often a lost connection is made anew: once, for one that died while the instance was frozen. A time-out is not
tried again: it would cost the request another second."""
IDLE_LIMIT = 60.0
"""Seconds after which an unused connection is not used again. While an instance is frozen, gateways forget its
connections without a word, and what is sent on one of them is only found lost when `TIMEOUT` has passed."""
SKIP = 5.0
"""Seconds for which Redis is not asked after it failed, so that not each request pays for the time-out."""
MAX_CONNECTIONS = 8
"""Connections of one instance. Small hosted plans allow thirty for all instances together."""
POLL_INTERVAL = 0.05
"""Seconds between two looks at a lock that another instance holds, give or take half of it."""
BATCH = 100
"""Values handed over in one round trip after an outage: at most some 200 KB, well within the time-outs."""

_PREFIX = "glm:"
_LOCK_PREFIX = "glm:lock:"
_STAMP_SIZE = 13  # Decimal digits: milliseconds since 1970, enough until 2286. `_HAND_OVER` counts them too.

# Scripts run alone: nobody writes between their commands. Each is safe to send twice, as a retry may.
_READ = "return {redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1])}"
_HAND_OVER = """
local there = tonumber(redis.call('getrange', KEYS[1], 0, 12)) or 0
if there < tonumber(string.sub(ARGV[1], 1, 13)) then redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
"""
_TAKE = """
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('get', KEYS[1]) == ARGV[1] and 1 or 0
"""
_RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

type _Command = Callable[[Redis], Awaitable[Any]]

_log = logging.getLogger("glm")


class RedisStore:
    """The store at `url`: `redis[s]://[user:password@]host[:port][/database]`. `clock` is `MemoryStore`'s."""

    shared = True

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._address = _address(url)
        self._clock = clock
        self._copies = MemoryStore(clock=clock)
        self._unsent: set[str] = set()  # Names whose copy may be newer than what Redis has.
        self._down = False
        self._ask_again_at = 0.0
        self._clients: dict[asyncio.AbstractEventLoop, Redis] = {}
        self._used_at = 0.0

    async def get(self, name: str) -> bytes | None:
        """See `Store.get`."""
        asked_at = self._clock()
        reply = await self._ask(lambda redis: redis.eval(_READ, 1, _PREFIX + name))
        kept = await self._copies.get(name)
        if reply is None:
            return _unstamped(kept)
        found: bytes | None = reply[0]
        if _stamp(found) < _stamp(kept):
            # Redis has lost it: emptied, short of room, or replaced by a replica that was behind.
            await self._give_back(name)
            return _unstamped(kept)
        if found is not None:
            await self._copies.set(name, found, asked_at + reply[1] / 1000 - self._clock())
        return _unstamped(found)

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        """See `Store.set`.

        Redis is asked even when it has just failed: this is rare, and a refresh token that is lost cannot be had again.
        """
        known, _ = self._copies.peek(name)
        stamp = max(int(self._clock() * 1000), _stamp(known) + 1)
        stamped = f"{stamp:0{_STAMP_SIZE}}".encode() + value
        await self._copies.set(name, stamped, ttl)
        key, px = _PREFIX + name, _milliseconds(ttl)
        if await self._ask(lambda redis: redis.set(key, stamped, px=px), insist=True) is None:
            self._unsent.add(name)

    @asynccontextmanager
    async def lock(self, name: str, ttl: float, wait: float) -> AsyncIterator[bool]:
        """See `Store.lock`. The tasks of this instance first queue among themselves, so that only one of them polls."""
        deadline = time.monotonic() + wait
        async with self._copies.lock(name, ttl, wait) as first:
            if not first:
                yield False
                return
            key, owner = _LOCK_PREFIX + name, secrets.token_hex(16)
            try:
                yield await self._take(key, owner, ttl, deadline)
            finally:
                await self._ask(lambda redis: redis.eval(_RELEASE, 1, key, owner))

    async def aclose(self) -> None:
        """See `Store.aclose`."""
        if client := self._clients.pop(asyncio.get_running_loop(), None):
            await _close(client)

    async def _take(self, key: str, owner: str, ttl: float, deadline: float) -> bool:
        while True:
            reply = await self._ask(lambda redis: redis.eval(_TAKE, 1, key, owner, _milliseconds(ttl)))
            if reply is None or reply == 1:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, POLL_INTERVAL * random.uniform(0.5, 1.5)))  # noqa: S311 (no secret)

    async def _give_back(self, name: str) -> None:
        kept, ttl = self._copies.peek(name)
        if kept is not None:
            key, px = _PREFIX + name, _milliseconds(ttl)
            await self._ask(lambda redis: redis.eval(_HAND_OVER, 1, key, kept, px))

    async def _ask(self, command: _Command, *, insist: bool = False) -> Any:
        """Redis's reply to `command`, or None while it is out of reach. Takes `OPERATION_TIMEOUT` at most.

        A command once begun is finished, also when the caller is cancelled: cut short, it would cost the connection,
        and perhaps a write.
        """
        if self._down:
            if time.monotonic() < self._ask_again_at and not insist:
                return None
            self._ask_again_at = time.monotonic() + SKIP  # This one tries; nobody else waits for what comes of it.
        return await asyncio.shield(self._send(command))

    async def _send(self, command: _Command) -> Any:
        try:
            async with asyncio.timeout(OPERATION_TIMEOUT):
                client = await self._client()
                while self._unsent:
                    await self._hand_over(client)
                reply = await command(client)
        except Exception as error:  # Whatever goes wrong with the store, it must not cost the request.
            self._failed(error)
            return None
        if self._down:
            self._down = False
            _log.info("The token store answers again.")
        return reply

    async def _hand_over(self, client: Redis) -> None:
        """Give Redis the next batch of what it may not have."""
        names = list(islice(self._unsent, BATCH))
        self._unsent.difference_update(names)
        try:
            async with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    kept, ttl = self._copies.peek(name)
                    if kept is not None:
                        pipeline.eval(_HAND_OVER, 1, _PREFIX + name, kept, _milliseconds(ttl))
                await pipeline.execute()
        except BaseException:
            self._unsent.update(names)
            raise

    def _failed(self, error: Exception) -> None:
        self._ask_again_at = time.monotonic() + SKIP
        if self._down:
            return
        self._down = True
        self._unsent.update(self._copies.names())
        # Only the error's kind: its text may quote the command, and with it names and values.
        _log.warning(
            "The token store cannot be used (%s). Until it can, this instance relies on its own memory.",
            type(error).__name__,
        )

    async def _client(self) -> Redis:
        """This event loop's client. Connections belong to a loop, and end with it."""
        loop = asyncio.get_running_loop()
        for other in [other for other in self._clients if other.is_closed()]:
            del self._clients[other]
        now = self._clock()
        idle = self._clients.pop(loop, None) if now - self._used_at > IDLE_LIMIT else None
        self._used_at = now
        client = self._clients[loop] = self._clients.get(loop) or _new_client(self._address)
        if idle:
            await _close(idle)
        return client


def _address(url: str) -> dict[str, Any]:
    """What redis-py's connections want to know of `url`. Raises `ValueError`, with nothing of the URL in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or 6379
        database = int(parts.path.strip("/") or 0)
        if not parts.hostname or parts.query or parts.fragment or database < 0:
            raise ValueError
    except ValueError:
        # What is wrong may be a part of the password, so the cause is not told.
        raise ValueError(
            "GLM_TOKEN_STORE is not a Redis URL: use redis[s]://[user:password@]host[:port][/database],"
            " with %-escapes in user and password, and no options."
        ) from None
    address: dict[str, Any] = {
        "host": parts.hostname,
        "port": port,
        "db": database,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "connection_class": Connection,
    }
    if parts.scheme == "rediss":
        # certifi's authorities beside the system's: not each platform's Python finds the latter.
        address |= {"connection_class": SSLConnection, "ssl_ca_certs": certifi.where()}
    return address


def _new_client(address: dict[str, Any]) -> Redis:
    return Redis.from_pool(
        BlockingConnectionPool(
            **address,
            max_connections=MAX_CONNECTIONS,
            timeout=OPERATION_TIMEOUT,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), RETRIES, supported_errors=(LostConnection,)),
            # The older protocol and no self-description: two round trips less for each new connection.
            protocol=2,
            driver_info=None,
        )
    )


async def _close(client: Redis) -> None:
    with suppress(RedisError, OSError):
        await client.aclose()


def _stamp(stamped: bytes | None) -> int:
    digits = (stamped or b"")[:_STAMP_SIZE]
    return int(digits) if digits.isdigit() else 0


def _unstamped(stamped: bytes | None) -> bytes | None:
    return None if stamped is None else stamped[_STAMP_SIZE:]


def _milliseconds(ttl: float) -> int:
    return max(1, math.floor(ttl * 1000))
