"""What an instance has learnt of accounts: which are busy, limited or dead. Forgotten after minutes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from lib.errors import Error, RateLimited, Unauthorized

DEAD_FOR = 300.0
"""Seconds for which a refused account is tried last: long enough to spare the others, short enough for a new login."""
REMEMBERED = 10_000
"""How many accounts an instance remembers something of."""


class Health:
    """Remembers until when an account had better not be asked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ill_until: OrderedDict[str, float] = OrderedDict()

    def note(self, account: str, error: Error) -> None:
        """Learn from a refusal."""
        if isinstance(error, Unauthorized):
            seconds = DEAD_FOR
        elif isinstance(error, RateLimited):
            seconds = min(error.retry_after or 0.0, DEAD_FOR)
        else:
            return
        self._ill_until[account] = self._clock() + seconds
        self._ill_until.move_to_end(account)
        if len(self._ill_until) > REMEMBERED:
            self._ill_until.popitem(last=False)

    def recovered(self, account: str) -> None:
        """Learn from an answer."""
        self._ill_until.pop(account, None)

    def best(self, accounts: Sequence[str]) -> list[str]:
        """Those of `accounts` that nothing is known against; where there are none, the one that recovers first."""
        now = self._clock()
        well = [account for account in accounts if self._ill_until.get(account, 0.0) <= now]
        return well or sorted(accounts, key=lambda account: self._ill_until[account])[:1]
