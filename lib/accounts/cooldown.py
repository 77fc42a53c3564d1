"""What an instance has learnt of accounts: which are limited, refused or closed. Forgotten after minutes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from lib.errors import AccountBanned, AccountBusy, Error, ModelCrowded, QuotaExceeded, RateLimited, Unauthorized

REFUSED_FOR: Final = 300.0
"""Seconds for which a refused account is asked last: long enough to spare the others, short enough for a new login."""
BANNED_FOR: Final = 3600.0
"""Seconds for which a closed account, or one whose quota is used up, is asked last: neither is over in minutes."""
FAILED_FOR: Final = 120.0
"""Seconds for which an account is asked last that failed in a way that nobody has listed."""
REMEMBERED: Final = 10_000
"""How many accounts an instance remembers something of."""


class Cooldown:
    """Remembers until when an account had better not be asked.

    Being busy is never remembered, since it is over at once, nor is a crowded model, which is no fault of the key's.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def note(self, account: str, error: Error) -> None:
        """Learn from a failure of the account's own."""
        if isinstance(error, AccountBusy | ModelCrowded):
            return
        self._until[account] = self._clock() + _seconds(error)
        self._until.move_to_end(account)
        if len(self._until) > REMEMBERED:
            self._until.popitem(last=False)

    def recovered(self, account: str) -> None:
        self._until.pop(account, None)

    def remaining(self, account: str) -> float:
        """Seconds until the account may be asked again like any other; 0 where nothing is known against it."""
        return max(0.0, self._until.get(account, 0.0) - self._clock())

    def best(self, accounts: Sequence[str]) -> list[str]:
        """Those of `accounts` that nothing is known against; where there are none, the one that recovers first."""
        well = [account for account in accounts if not self.remaining(account)]
        return well or sorted(accounts, key=self.remaining)[:1]


def _seconds(error: Error) -> float:
    if isinstance(error, AccountBanned | QuotaExceeded):
        return BANNED_FOR
    if isinstance(error, Unauthorized):
        return REFUSED_FOR
    if isinstance(error, RateLimited):
        return min(error.retry_after or 0.0, REFUSED_FOR)
    return FAILED_FOR
