"""A queue before the accounts: the service lets each generate one answer at a time, so requests on an instance wait."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from lib.errors import AccountBusy

RETRY_AFTER: Final = 5.0
"""Seconds after which a client that waited in vain may ask again: the queue moves that fast."""


class Queue:
    """Lets one request at a time through to each account, in the order in which they came."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._waiting: dict[asyncio.Future[str], Collection[str]] = {}

    @asynccontextmanager
    async def turn(self, accounts: Collection[str], seconds: float) -> AsyncIterator[str]:
        """One of `accounts`, taken until the context ends: the first that is free, or that becomes free.

        Waits for at most so many seconds; raises `AccountBusy` after that.
        """
        account = next((one for one in accounts if one not in self._taken), None)
        if account is None:
            account = await self._wait(accounts, seconds)
        self._taken.add(account)
        try:
            yield account
        finally:
            self._leave(account)

    async def _wait(self, accounts: Collection[str], seconds: float) -> str:
        turn: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = accounts
        try:
            async with asyncio.timeout(seconds):
                return await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():  # The turn came in the very moment of leaving.
                self._leave(turn.result())
            if isinstance(error, asyncio.CancelledError):
                raise
            raise busy() from None
        finally:
            self._waiting.pop(turn, None)

    def _leave(self, account: str) -> None:
        for turn, accounts in self._waiting.items():
            if account in accounts and not turn.done():
                turn.set_result(account)
                return
        self._taken.discard(account)


def busy() -> AccountBusy:
    """What a client is told that waited in vain."""
    return AccountBusy(
        "This account is writing another answer, and the service allows one at a time. Ask again, or add an account.",
        retry_after=RETRY_AFTER,
    )
