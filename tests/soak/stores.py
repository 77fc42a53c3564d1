"""The store that the instances share, and what becomes of it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, Final

from tests.dynamodb_server import ENVIRON, TABLE, DynamoDBServer
from tests.redis_server import RedisServer
from tests.store.relay import Relay

from .plan import StoreKind
from .record import Record

AFTERWARDS: Final = 7.0
"""Seconds after an outage in which an instance may still go without the store, since it has just failed."""
LOSSES: Final = ("store killed", "store emptied")
LEASE: Final = 30.0
"""Seconds for which a turn is the holder's that the store has forgotten: he writes on, and another may begin."""
_REFUSAL: Final = json.dumps(
    {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}
).encode()
_THROTTLED: Final = {
    "redis": b"-ERR max requests limit exceeded\r\n",
    "dynamodb": (
        b"HTTP/1.1 400 X\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(_REFUSAL), _REFUSAL)
    ),
}


class Store:
    """A shared store of one kind, with a relay before it."""

    def __init__(self, kind: StoreKind, server: RedisServer | DynamoDBServer, relay: Relay, record: Record) -> None:
        self.kind = kind
        self._server = server
        self._relay = relay
        self._record = record
        self._busy = asyncio.Lock()

    @property
    def environ(self) -> Mapping[str, str]:
        """What a process is told of it."""
        if self.kind == "redis":
            return {"GLM_TOKEN_STORE": f"redis://127.0.0.1:{self._relay.port}"}
        endpoint = f"http://127.0.0.1:{self._relay.port}"
        return {"GLM_TOKEN_STORE": f"dynamodb:{TABLE}", **ENVIRON, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}

    @property
    def requests(self) -> int:
        """How often the instances have asked it."""
        return self._relay.requests

    async def suffer(self, kind: str, seconds: float) -> None:
        """Let it meet a fault of that kind, for so many seconds."""
        async with self._busy:
            asked, since = self._relay.requests, time.monotonic()
            # Noted before it begins, so that nothing that comes of it is taken for a fault of the bundle's.
            self._record.outages.append((since, since + seconds + LEASE))
            if kind in LOSSES:
                self._record.losses.append((since, since + seconds + LEASE))
            await getattr(self, kind.replace(" ", "_"))(seconds)
            # Who asks next meets an empty store; all else has to be met while it lasts.
            self._record.fired[kind] += 1 if self._relay.requests > asked or kind in LOSSES else 0
            self._record.outages[-1] = (since, time.monotonic() + AFTERWARDS)
            if kind in LOSSES:
                self._record.losses[-1] = (since, time.monotonic())

    async def store_killed(self, seconds: float) -> None:
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)

    async def store_frozen(self, seconds: float) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(self._server.pid, signal.SIGCONT)

    async def store_emptied(self, seconds: float) -> None:
        await asyncio.to_thread(self._empty)

    async def store_slow(self, seconds: float) -> None:
        self._relay.delay = 0.4
        await asyncio.sleep(seconds)
        self._relay.delay = 0.0

    async def store_throttled(self, seconds: float) -> None:
        self._relay.instead = _THROTTLED[self.kind]
        await asyncio.sleep(seconds)
        self._relay.instead = None
        self._relay.drop()  # Else a reply too many would be taken for that of the next command.

    def _empty(self) -> None:
        if isinstance(self._server, RedisServer):
            with self._server.client() as client:
                client.flushall()
            return
        with closing(self._server.client()) as client:
            items: list[dict[str, Any]] = client.scan(TableName=TABLE)["Items"]
            for item in items:
                client.delete_item(TableName=TABLE, Key={"entry": item["entry"]})


@asynccontextmanager
async def opened(kind: StoreKind, record: Record) -> AsyncIterator[Store | None]:
    """A store of that kind, until the context ends; none for `memory`."""
    if kind == "memory":
        yield None
        return
    server = RedisServer() if kind == "redis" else DynamoDBServer()
    await asyncio.to_thread(server.start)
    try:
        async with Relay(server.port) as relay:
            yield Store(kind, server, relay, record)
    finally:
        await asyncio.to_thread(server.stop)
