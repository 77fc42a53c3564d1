"""Where refreshed tokens are remembered: in this process, or in a store that instances share.

Neither `redis` nor `nacl` is imported before a shared store is named: each is paid for at every cold start.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from lib import settings
from lib.errors import Misconfigured
from lib.store.memory import MemoryStore


class Store(Protocol):
    """A few small values under names, for a time. Nothing of it raises because a store is out of reach."""

    @property
    def shared(self) -> bool:
        """Whether values leave this process, and so must be sealed first. `Entry` sees to it."""

    async def get(self, name: str) -> bytes | None:
        """The value under `name`, or None when there is none or it has expired."""

    async def set(self, name: str, value: bytes, ttl: float) -> None:
        """Keep `value` under `name` for `ttl` seconds, in place of what was there."""

    def lock(self, name: str, ttl: float, wait: float) -> AbstractAsyncContextManager[bool]:
        """Be the only one who holds `name`, until the block ends or `ttl` seconds have passed.

        Yields True as soon as the lock was free, False when it was still another's after `wait` seconds. Whoever had
        to wait looks again at what the lock guards: its holder has probably done the work.
        """

    async def aclose(self) -> None:
        """End this event loop's connections. What is remembered stays."""


def open_store(url: str) -> Store:
    """The store that `url` (the setting GLM_TOKEN_STORE) names; nothing is connected yet.

    Raises `ValueError` for a URL that names no store; its message holds the setting's name and nothing of the URL.
    """
    scheme = url.partition(":")[0].lower()
    if url == "memory:":
        return MemoryStore()
    if scheme in {"redis", "rediss"}:
        from lib.store.redis import RedisStore

        return RedisStore(url)
    raise ValueError("GLM_TOKEN_STORE names no store: use memory:, redis://host or rediss://host.")


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
