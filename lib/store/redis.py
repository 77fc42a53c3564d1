"""Redis as a shared store's driver. Import it only where one is named: `redis` is not a small package."""

import math
import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import certifi
from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from lib.store.driver import FAR, Value

TIMEOUT: Final = 1.0
"""Seconds to connect, and to wait for one reply. A store that is slower than that is slower than doing without it."""
RETRIES: Final = 1
"""How often a lost connection is made anew: once, for one that died while the instance was frozen. A time-out is not
tried again: it would cost the request another second."""
MAX_CONNECTIONS: Final = 8
"""Connections of one instance. Small hosted plans allow thirty for all instances together."""

_STAMP_SIZE: Final = 13  # Decimal digits before each value, enough until 2286. `_PUT` counts them too.
_LATEST: Final = 10**_STAMP_SIZE - 1

# Scripts run alone: nobody writes between their commands.
_GET: Final = "return {redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1])}"
_PUT: Final = f"""
local there = tonumber(redis.call('getrange', KEYS[1], 0, 12)) or 0
local mine = tonumber(string.sub(ARGV[1], 1, 13))
if there >= mine and there - mine < {FAR} then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_TAKE: Final = """
local owner = redis.call('get', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE: Final = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"


class RedisDriver:
    """The Redis at `url`: `redis[s]://[user:password@]host[:port][/database]`. Raises `ValueError` for any other."""

    poll_interval = 0.05

    def __init__(self, url: str) -> None:
        self._address = _address(url)
        self._client: Redis | None = None

    async def get(self, name: str) -> tuple[Value, float] | None:
        stamped, milliseconds = await self._run(_GET, name)
        if stamped is None:
            return None
        digits = stamped[:_STAMP_SIZE]
        stamp = int(digits) if digits.isdigit() else 0
        return Value(stamped[_STAMP_SIZE:], stamp if stamp < time.time() * 1000 + FAR else 0), milliseconds / 1000

    async def put(self, name: str, value: Value, ttl: float) -> bool:
        stamped = f"{min(value.stamp, _LATEST):0{_STAMP_SIZE}}".encode() + value.data
        return bool(await self._run(_PUT, name, stamped, _milliseconds(ttl)))

    async def take(self, name: str, owner: str, ttl: float) -> bool:
        return bool(await self._run(_TAKE, name, owner, _milliseconds(ttl)))

    async def release(self, name: str, owner: str) -> None:
        await self._run(_RELEASE, name, owner)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(RedisError, OSError):
                await client.aclose()

    async def _run(self, script: str, name: str, *arguments: bytes | str | int) -> Any:
        if self._client is None:
            self._client = _new_client(self._address)
        return await self._client.eval(script, 1, name, *arguments)


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
            timeout=None,  # The caller waits for a connection as long as it likes.
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), RETRIES, supported_errors=(LostConnection,)),
            # The older protocol and no self-description: two round trips less for each new connection.
            protocol=2,
            driver_info=None,
        )
    )


def _milliseconds(ttl: float) -> int:
    return max(1, math.floor(ttl * 1000))
