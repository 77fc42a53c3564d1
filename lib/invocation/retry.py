"""Asking again: who asks, after what, how often, and how much later at worst. Every policy of the house stands here.

What may have been delivered is never asked again, on no key; each of these is for what was certainly not, or does no
harm twice.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from lib.errors import (
    AccountBusy,
    AnswerUnusable,
    Crowded,
    Error,
    NotConnected,
    RiskControl,
    TokenRefused,
    UpstreamFailed,
    UpstreamUnavailable,
)
from lib.invocation import context


class Policy(NamedTuple):
    """When something is asked again, and how long that may take beside the asking itself."""

    who: str
    after: tuple[type[Error], ...]
    times: int | None = 1
    """None: as long as there is `total`."""
    first: float = 0.0
    """Seconds before the second try; each further wait is twice as long."""
    spread: float = 0.5
    """The share of a wait that may be taken off at random."""
    longest: float = math.inf
    total: float = math.inf
    """Seconds for all waits together."""

    def wait(self, turn: int) -> float:
        """Seconds to wait after try number `turn`, counted from 0."""
        return min(self.first * 2.0**turn, self.longest) * random.uniform(1.0 - self.spread, 1.0)  # noqa: S311

    @property
    def worst(self) -> float:
        """The seconds that it waits at most."""
        if self.times is None:
            return self.total
        return sum(min(self.first * 2.0**turn, self.longest) for turn in range(self.times))


CALL: Final = Policy("a call that costs nothing twice", (UpstreamUnavailable, Crowded), times=2, first=0.5)
"""Clients try again as well, so each repetition counts four times."""
ORDER: Final = CALL._replace(who="an order that costs each time", after=(NotConnected, Crowded))
ANSWER: Final = Policy("an answer that failed before its first content, or was empty", (UpstreamUnavailable,))
"""Once for the whole request, and only where no other account may be asked instead."""
CUT: Final = Policy("an answer that was cut, taken up where it stopped", (UpstreamFailed,))
TIDY: Final = Policy("stopping and deleting, on a connection that died while the instance was frozen", CALL.after[:1])
TOKEN: Final = Policy("any call, with another access token", (TokenRefused,), times=2)
"""One that another instance has remembered may be as old as the first."""
REPAIR: Final = Policy("an answer that is not in the form which was asked for", (AnswerUnusable,))
"""Each time costs the user a whole answer, and a third one seldom helps."""
REPAIR_TURN: Final = Policy("the account that has just answered, for a repair", (AccountBusy,), times=3, first=0.6)
"""The service frees an account 0.1 to 0.5 s after its answer's end."""
RISK_PAUSE: Final = 30.0
"""Seconds for which an upstream is not asked whose risk control refuses this address: repeating prolongs it."""
RISK: Final = Policy("what risk control refused while it set a cookie", (RiskControl,), first=6.0, spread=1 / 3)
TURN: Final = Policy("an account that is busy", (AccountBusy,), times=None, first=0.4, longest=2.0, total=25.0)
"""Most answers take less than the total, and clients wait for 30 to 60 s. The waits are those for an account that
something else than this deployment keeps busy; what comes after its own answers is learnt (`lib.accounts.turns`)."""


async def retry[T](attempt: Callable[[], Awaitable[T]], policy: Policy = CALL) -> T:
    """What `attempt` returns, which is repeated as `policy` says, but never past the deadline."""
    request = context.current()
    for turn in range(policy.times or 0):
        try:
            return await attempt()
        except policy.after:
            wait = policy.wait(turn)
            if wait and wait >= request.deadline.remaining():
                raise
        request.retries += 1
        await asyncio.sleep(wait)
    return await attempt()
