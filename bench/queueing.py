"""A simulation of the queue before the accounts: who comes when, who waits how long, who is refused.

Each account writes one answer at a time. Who finds one of its accounts free takes any of these; who does not waits, in
the order of coming, for at most `PATIENCE`, and is then told that they are busy: what `lib/accounts/turns.py` does.
"""

import heapq
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from lib.invocation.retry import TURN

PATIENCE: Final = TURN.worst


@dataclass(frozen=True)
class Coming:
    """One request: when it comes, and how many seconds its answer takes from the turn to the next one's."""

    at: float
    takes: float
    accounts: Sequence[int]
    """Those whose keys it brings."""


def waits(requests: Sequence[Coming], accounts: int, chance: Random, patience: float = PATIENCE) -> list[float | None]:
    """How long each waits for its turn, in the order given; None: it waited in vain."""
    free = set(range(accounts))
    waiting: list[int] = []
    ends: list[tuple[float, int]] = []
    found: list[float | None] = [None] * len(requests)

    def start(number: int, account: int, now: float) -> None:
        found[number] = now - requests[number].at
        free.discard(account)
        heapq.heappush(ends, (now + requests[number].takes, account))

    def end(now: float, account: int) -> None:
        free.add(account)
        waiting[:] = [number for number in waiting if requests[number].at + patience >= now]
        for number in waiting:
            if account in requests[number].accounts:
                waiting.remove(number)
                start(number, account, now)
                return

    for number in sorted(range(len(requests)), key=lambda number: requests[number].at):
        one = requests[number]
        while ends and ends[0][0] <= one.at:
            end(*heapq.heappop(ends))
        usable = [account for account in one.accounts if account in free]
        if usable:
            start(number, chance.choice(usable), one.at)
        else:
            waiting.append(number)
    while ends:
        end(*heapq.heappop(ends))
    return found


@dataclass(frozen=True)
class Served:
    """What came of many requests: seconds waited by half of them, and by 95 of 100; the share that waited in vain."""

    median: float
    most: float
    refused: float

    @classmethod
    def of(cls, found: Sequence[float | None]) -> "Served":
        served = sorted(one for one in found if one is not None) or [0.0]
        most = served[min(len(served) - 1, int(len(served) * 0.95))]
        return cls(statistics.median(served), most, sum(one is None for one in found) / len(found))


def drawn(rate: float, count: int, mean: float, accounts: int, chance: Random) -> list[Coming]:
    """`count` requests at random moments, `rate` a second, whose answers take from a quarter of `mean` to far more."""
    at, requests = 0.0, []
    for _ in range(count):
        at += chance.expovariate(rate)
        takes = mean * (0.25 + 0.75 * chance.expovariate(1.0))
        requests.append(Coming(at, takes, range(accounts)))
    return requests


def busiest(accounts: int, mean: float, most_wait: float, most_refused: float, *, count: int = 6000) -> float:
    """Answers a second that so many accounts give with 95 of 100 waiting no longer than that, and few in vain."""
    low, high = 0.0, accounts / mean
    for _ in range(12):
        rate = (low + high) / 2
        chance = Random(1)
        served = Served.of(waits(drawn(rate, count, mean, accounts, chance), accounts, chance))
        if served.most <= most_wait and served.refused <= most_refused:
            low = rate
        else:
            high = rate
    return low
