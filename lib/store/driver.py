"""What a shared store must be able to do. `lib.store.shared` makes a `Store` of it."""

from typing import Final, NamedTuple, Protocol

FAR: Final = 24 * 3600 * 1000
"""Milliseconds. No clock of ours is so far ahead: a stamp that is was written by somebody else, and is overwritten."""


class Value(NamedTuple):
    """What is kept under a name."""

    data: bytes
    stamp: int
    """When it was written: milliseconds since 1970 by its writer's clock, and later than any value its writer knew."""


class Driver(Protocol):
    """Values and leases in one kind of store, the clean way: any error is raised, and nothing is tried for long.

    Each call may be sent twice, when a connection was lost before its reply: the second changes nothing.
    """

    poll_interval: float
    """Seconds between two looks at a lease that another instance holds."""

    async def get(self, name: str) -> tuple[Value, float] | None:
        """The value under `name` and the seconds that it has left, or None."""

    async def put(self, name: str, value: Value, ttl: float) -> bool:
        """Keep `value` for `ttl` seconds, unless what is there has a later stamp or the same. Is it kept.

        A stamp that is later by `FAR` counts for nothing.
        """

    async def take(self, name: str, owner: str, ttl: float) -> bool:
        """Take the lease `name` for `ttl` seconds, or renew it. False: it is another's."""

    async def release(self, name: str, owner: str) -> None:
        """Give the lease up, if it is `owner`'s."""

    async def aclose(self) -> None:
        """End the connections; the next call makes new ones."""


class Refused(Exception):
    """The store answered, and will not do it. `kind`: its word for that; the message may quote what was asked."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message)
        self.kind = kind
