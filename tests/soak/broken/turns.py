"""Everybody is let through at once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from lib.accounts.turns import Turn, Turns
from lib.store.line import Place


@asynccontextmanager
async def turn(self: Turns, accounts: Sequence[str], place: Place, until: float) -> AsyncIterator[Turn]:
    yield Turn(accounts[0])


Turns.turn = turn  # type: ignore[method-assign]
