"""Where refreshed tokens are remembered, and where instances take turns: in this process, or in a store they share.

Nothing that a shared store needs is imported before one is named: each package is paid for at every cold start.
"""

from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from lib import settings
from lib.errors import Misconfigured
from lib.store.line import Place
from lib.store.memory import MemoryStore

LEASE_TTL: Final = 15.0
"""Seconds after which the lease of an instance that vanished is another's. Less than a request waits for its turn (25),
so that whoever waits behind a vanished holder is served; renewed every third of it, so that two renewals may fail."""


class Store(Protocol):
    """A few small values under names, for a time. Nothing of it raises because a store is out of reach.

    Raises `Misconfigured` where the deployment names a store that is not there. A store belongs to the event loop in
    which it is first used.
    """

    @property
    def shared(self) -> bool:
        """Whether values leave this process, and so must be sealed first. `Entry` sees to it."""

    @property
    def away(self) -> bool:
        """Whether what is known of it may not be all: it is out of reach, or was a moment ago."""

    async def get(self, name: str) -> bytes | None:
        """The value under `name`, or None when there is none or it has expired."""

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        """Keep `value` under `name` for `ttl` seconds, in place of what was there."""

    def lease(self, name: str, wait: float, ttl: float = LEASE_TTL) -> AbstractAsyncContextManager[bool]:
        """Be the only one who holds `name`, of all tasks and instances, until the block ends.

        Yields True once it is had, False when it was still another's after `wait` seconds. It is renewed while the
        block runs; when its holder vanishes, it is another's after `ttl` seconds. Waiting may be cancelled. While a
        shared store is out of reach, instances do not exclude each other.
        """

    @property
    def poll_interval(self) -> float:
        """Seconds between two looks at what another instance holds."""

    async def in_line(self, name: str, place: Place) -> bool:
        """Does nobody who came earlier wait for `name`, of all instances. Who is told so and cannot have it, or is told
        otherwise, stands in line from then on, as long as it keeps asking. While a shared store is out of reach, nobody
        comes earlier."""

    async def leave_line(self, place: Place) -> None:
        """Wait for nothing any more."""

    async def aclose(self) -> None:
        """End the connections. What is remembered stays."""


def open_store(url: str) -> Store:
    """The store that `url` (the setting GLM_TOKEN_STORE) names; nothing is connected yet.

    Raises `ValueError` for a URL that names no store; its message holds the setting's name and nothing of the URL.
    """
    scheme, _, rest = url.partition(":")
    if url == "memory:":
        return MemoryStore()
    if scheme.lower() in {"redis", "rediss"}:
        from lib.store.redis import RedisDriver
        from lib.store.shared import SharedStore

        return SharedStore(RedisDriver(url))
    if scheme.lower() == "dynamodb":
        from lib.store.dynamodb import DynamoDBDriver
        from lib.store.shared import SharedStore

        return SharedStore(DynamoDBDriver(rest))
    raise ValueError("GLM_TOKEN_STORE names no store: use memory:, redis://host, rediss://host or dynamodb:table.")


def configured_store() -> Store:
    """The store that the deployment names. Raises `Misconfigured` where it cannot be had."""
    try:
        return open_store(settings.current().token_store)
    except ValueError as error:
        raise Misconfigured(str(error)) from error
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"GLM_TOKEN_STORE names a store, and this function was packed without {error.name}: "
            "set GLM_TOKEN_STORE where you deploy from, too."
        ) from error
