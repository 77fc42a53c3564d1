"""What a store keeps for one token: named after it, and sealed with it where the store is shared."""

from contextlib import AbstractAsyncContextManager

from lib.store import Store
from lib.store.seal import Sealer, name_of


class Entry:
    """One token's value in `store`. The token itself goes nowhere.

    The way to refresh what is in it, once for all instances::

        value = await entry.get()
        if stale(value):
            async with entry.lock(wait) as held:
                value = await entry.get()
                if stale(value) and held:
                    value = await refresh()
                    await entry.set(value, lifetime)
    """

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._name = name_of(token)
        self._sealer = Sealer(token) if store.shared else None
        self.damaged = False
        """Something lay there that was not ours."""

    async def get(self) -> bytes | None:
        """The value, or None when there is none, it has expired, or somebody has tampered with it."""
        value = await self._store.get(self._name)
        if value is None or self._sealer is None:
            return value
        opened = self._sealer.open(value)
        self.damaged = opened is None
        return opened

    async def set(self, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds, in place of what was there."""
        await self._store.set(self._name, self._sealer.seal(value) if self._sealer else value, ttl)

    def lock(self, wait: float) -> AbstractAsyncContextManager[bool]:
        """A lease that belongs to this entry; see `Store.lease`."""
        return self._store.lease(self._name, wait)
