"""The two shared stores as tests see them: a real server of each kind, and what is really in it."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import pytest

from lib.store.driver import Driver
from lib.store.dynamodb import DynamoDBDriver
from lib.store.redis import RedisDriver
from lib.store.shared import SharedStore
from tests.dynamodb_server import TABLE, DynamoDBServer
from tests.redis_server import RedisServer, Unavailable

KINDS = ("redis", "dynamodb")


class Clock:
    """A clock that a test turns."""

    def __init__(self, ahead: float = 0.0, base: Callable[[], float] = time.time) -> None:
        self.ahead = ahead
        self._base = base

    def __call__(self) -> float:
        return self._base() + self.ahead


class Backend(ABC):
    """A running server of one kind."""

    lost: str
    """What the log calls it when nobody listens."""
    slow: str
    """What the log calls it when no answer comes."""

    def __init__(self, server: RedisServer | DynamoDBServer) -> None:
        self.server = server

    @property
    def port(self) -> int:
        return self.server.port

    @abstractmethod
    def driver(self, port: int | None = None, clock: Callable[[], float] = time.time) -> Driver:
        """A driver for it, or for what stands before it at another port."""

    def store(self, port: int | None = None, clock: Callable[[], float] = time.time) -> SharedStore:
        return SharedStore(self.driver(port, clock), clock)

    @property
    @abstractmethod
    def url(self) -> str:
        """What GLM_TOKEN_STORE is set to for it."""

    @property
    def environ(self) -> Mapping[str, str]:
        """What a process needs beside that."""
        return {}

    @abstractmethod
    def clear(self) -> None:
        """Take out everything."""

    @abstractmethod
    def names(self) -> set[str]:
        """The names of all that is there."""

    @abstractmethod
    def raw(self) -> bytes:
        """Everything that is there, as it lies."""

    @abstractmethod
    def spoil(self, name: str, data: bytes) -> None:
        """Put something else in the place of the value of that name."""

    @abstractmethod
    def exchange(self, one: str, other: str) -> None:
        """Put the value of one name under the other's."""

    @abstractmethod
    def left(self, name: str) -> float:
        """Seconds that what lies under a name has left."""

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)


class RedisBackend(Backend):
    lost, slow = "ConnectionError", "TimeoutError"
    server: RedisServer

    def __init__(self) -> None:
        super().__init__(RedisServer())

    def driver(self, port: int | None = None, clock: Callable[[], float] = time.time) -> Driver:
        return RedisDriver(f"redis://127.0.0.1:{port or self.port}")

    @property
    def url(self) -> str:
        return self.server.url

    def clear(self) -> None:
        with self.server.client() as client:
            client.flushall()

    def names(self) -> set[str]:
        with self.server.client() as client:
            return {key.decode() for key in client.keys("*")}

    def raw(self) -> bytes:
        with self.server.client() as client:
            return b"\n".join(part for key in client.keys("*") for part in (key, client.get(key), client.dump(key)))

    def spoil(self, name: str, data: bytes) -> None:
        with self.server.client() as client:
            client.set(name, data)

    def exchange(self, one: str, other: str) -> None:
        with self.server.client() as client:
            client.set(other, client.get(one))

    def left(self, name: str) -> float:
        with self.server.client() as client:
            return float(client.pttl(name)) / 1000


class DynamoDBBackend(Backend):
    lost, slow = "ConnectError", "ReadTimeout"
    server: DynamoDBServer

    def __init__(self) -> None:
        super().__init__(DynamoDBServer())

    def driver(self, port: int | None = None, clock: Callable[[], float] = time.time) -> Driver:
        endpoint = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port or self.port}"}
        return DynamoDBDriver(TABLE, self.server.environ | endpoint, clock)

    @property
    def url(self) -> str:
        return f"dynamodb:{TABLE}"

    @property
    def environ(self) -> Mapping[str, str]:
        return self.server.environ

    def clear(self) -> None:
        with self._client() as client:
            for name in self._items(client):
                client.delete_item(TableName=TABLE, Key={"entry": {"S": name}})

    def names(self) -> set[str]:
        with self._client() as client:
            return set(self._items(client))

    def raw(self) -> bytes:
        with self._client() as client:
            items = list(self._items(client).values())
        parts = [value for item in items for attribute in item.values() for value in attribute.values()]
        return b"\n".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)

    def spoil(self, name: str, data: bytes) -> None:
        item = {"entry": {"S": name}, "data": {"B": data}, "stamp": {"S": "junk"}, "expires": {"N": "1e30"}}
        with self._client() as client:
            client.put_item(TableName=TABLE, Item=item)

    def exchange(self, one: str, other: str) -> None:
        with self._client() as client:
            client.put_item(TableName=TABLE, Item={**self._items(client)[one], "entry": {"S": other}})

    def left(self, name: str) -> float:
        with self._client() as client:
            return float(self._items(client)[name]["expires"]["N"]) - time.time()

    def _client(self) -> Any:
        from contextlib import closing

        return closing(self.server.client())

    def _items(self, client: Any) -> dict[str, dict[str, dict[str, Any]]]:
        return {item["entry"]["S"]: item for item in client.scan(TableName=TABLE)["Items"]}


def run(kind: str, stack: ExitStack) -> Backend:
    """Run a server of that kind until `stack` is closed; skips the test where that cannot be."""
    try:
        return stack.enter_context(RedisBackend() if kind == "redis" else DynamoDBBackend())
    except (Unavailable, ImportError) as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
