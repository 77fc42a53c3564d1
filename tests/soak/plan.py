"""What a run is: how long, from which seed, in which topology, and with which faults."""

import shlex
from dataclasses import dataclass, fields
from typing import Final, Literal

type StoreKind = Literal["memory", "redis", "dynamodb"]

DRAIN: Final = 3.0
"""Seconds for which, after the last request has ended, traces are watched for longer than they may stay."""


@dataclass(frozen=True)
class Plan:
    """A run. The same plan has the same schedule.

    `rate`: requests a second. `only`: the kinds of faults that are drawn, by name; empty: all that fit the topology.
    `asks`: the kinds of requests; empty: all. `faulty`: the share of the requests that meet a fault. `max_duration`:
    seconds that the deployment gives a request. `stays`: seconds after its client is done in which a generation has to
    end and a conversation to go. `level_after`: minutes after which memory has to be level. `sample_every`: seconds
    from one look at it to the next. `broken`: the patch of `tests.soak.broken` that is loaded into the bundle.
    """

    seed: int = 1
    minutes: float = 60.0
    processes: int = 4
    store: StoreKind = "redis"
    rate: float = 2.0
    only: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    faulty: float = 0.4
    accounts: int = 16
    max_duration: float = 90.0
    stays: float = 10.0
    level_after: float = 10.0
    sample_every: float = 5.0
    broken: str = ""

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def command(self) -> str:
        """The command that runs it again."""
        words = ["scripts/soak"]
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default or field.name in ("seed", "minutes", "processes", "store"):
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                words += [f"--{field.name.replace('_', '-')}", text]
        return shlex.join(words)
