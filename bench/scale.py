"""`scripts/scale`: what gives out first as use grows. Simulates the queue, checks that against a run, and measures.

Prints the tables of docs/scale.md. Ends with status 1 where simulation and run disagree by more than `MOST_OFF`.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import urlsplit

from bench import costs, queueing
from bench.client import send
from bench.processes import BUNDLE, running, server, tokens, upstream, used
from bench.queueing import Coming, Served
from tests.redis_server import RedisServer
from tests.upstream import Answer, StandIn, Text

ANSWER: Final = costs.SECONDS
"""Seconds that an answer of the web service takes, in the tables."""
SOON: Final = 5.0
"""Seconds of waiting that a person hardly minds."""
IN_VAIN: Final = 0.01
ACCOUNTS: Final = (1, 2, 3, 5, 10, 20, 50)
LOADS: Final = (0.3, 0.5, 0.7, 0.8, 0.9)

RUNS: Final = ((1, 0.5), (3, 0.6), (3, 0.75))
"""Accounts and load of each measured run."""
REQUESTS: Final = 90
MEAN: Final = 0.4
"""Seconds of an answer in the measured runs: what counts is how the load compares with the accounts."""
GAP: Final = 0.02
MOST_OFF: Final = 0.35
"""By which share of an answer's time the waits of half of all, and of 95 of 100, may be off."""


@dataclass(frozen=True)
class Checked:
    """A measured run, and what the simulation says of the same requests."""

    accounts: int
    load: float
    measured: Served
    simulated: Served

    @property
    def off(self) -> float:
        """By how much of an answer's time the two differ, at most."""
        differences = (
            self.measured.median - self.simulated.median,
            self.measured.most - self.simulated.most,
        )
        return max(map(abs, differences)) / MEAN


async def _ask(url: str, key: str, events: int) -> float:
    """Ask for an answer of so many events. Returns the seconds that it took."""
    place = urlsplit(url)
    question = f"order:deltas:{events - 2}:4:{GAP}"
    body = {"model": "glm-5.3", "stream": True, "messages": [{"role": "user", "content": question}]}
    began = time.monotonic()
    received = await send(place.hostname or "", place.port or 0, "POST", "/v1/chat/completions", key, body)
    if received.status != 200:
        raise ConnectionError(f"status {received.status}: {received.body[:200]!r}")
    return time.monotonic() - began


async def _run(url: str, accounts: int, load: float) -> Checked:
    """Ask as the drawn requests come, and compare each one's time with that of an answer without a queue."""
    chance = Random(7)
    keys = ",".join(tokens(accounts))
    drawn = queueing.drawn(load * accounts / MEAN, REQUESTS, MEAN, accounts, chance)
    events = [max(4, round(one.takes / GAP)) for one in drawn]
    alone = sorted([await _ask(url, keys, 10) for _ in range(9)])[4] - 10 * GAP
    turn = await _turn(url)
    began = time.monotonic()

    async def one(coming: Coming, count: int) -> float:
        await asyncio.sleep(began + coming.at - time.monotonic())
        return max(0.0, await _ask(url, keys, count) - count * GAP - alone)

    measured = await asyncio.gather(*(one(coming, count) for coming, count in zip(drawn, events, strict=True)))
    same = [
        Coming(coming.at, count * GAP + turn, coming.accounts)
        for coming, count in zip(drawn, events, strict=True)
    ]  # fmt: skip
    return Checked(accounts, load, Served.of(measured), Served.of(queueing.waits(same, accounts, chance)))


async def _turn(url: str) -> float:
    """Seconds that a turn takes beside its answer: ten answers that one account writes, one after the other."""
    key = tokens(1)[0]
    began = time.monotonic()
    await asyncio.gather(*(_ask(url, key, 10) for _ in range(10)))
    return (time.monotonic() - began) / 10 - 10 * GAP


def check() -> list[Checked]:
    """The runs, each of one process."""
    with upstream() as behind, server(BUNDLE, behind) as url:
        asyncio.run(_ask(url, tokens(1)[0], 10))  # The first one imports.
        return [asyncio.run(_run(url, accounts, load)) for accounts, load in RUNS]


def cpu_of_answer() -> float:
    """Seconds of CPU for an answer of 200 deltas that come 10 ms apart, twenty at a time."""

    async def main(url: str) -> float:
        keys = tokens(20)
        await asyncio.gather(*(_ask_slowly(url, key) for key in keys))
        before = (await used(url))["cpu"]
        await asyncio.gather(*(_ask_slowly(url, key) for key in keys))
        return ((await used(url))["cpu"] - before) / len(keys)

    async def _ask_slowly(url: str, key: str) -> None:
        place = urlsplit(url)
        body = {"stream": True, "messages": [{"role": "user", "content": "order:deltas:200:4:0.01"}]}
        await send(place.hostname or "", place.port or 0, "POST", "/v1/chat/completions", key, body)

    with upstream() as behind, server(BUNDLE, behind) as url:
        return asyncio.run(main(url))


def store_commands(seconds: float) -> Counter[str]:
    """What a Redis is asked for the second answer of so many seconds on an instance: reads and writes."""
    with StandIn() as service, RedisServer() as redis:
        token = service.account().refresh_token
        service.script(Answer(Text("Hello"), before=seconds), times=None)
        with running("tests.serve", BUNDLE, GLM_CHATGLM_URL=service.url, GLM_TOKEN_STORE=redis.url) as url:
            asyncio.run(_ask(url, token, 2))
            with redis.client() as client, client.monitor() as monitor:
                asyncio.run(_ask(url, token, 2))
                with redis.client() as other:
                    other.echo("enough")
                seen = Counter[str]()
                while "enough" not in (told := monitor.next_command())["command"]:
                    # What a script does is one step of the store's; all else is how a connection begins.
                    if told["client_type"] != "lua" and told["command"].startswith("EVAL"):
                        seen[_kind(told["command"])] += 1
    return seen


def _kind(command: str) -> str:
    """Whether a script of the driver's reads or writes."""
    return "reads" if "'pttl'" in command else "writes"


def tables() -> Iterator[str]:
    """All, line by line."""
    yield f"Waiting by accounts, by simulation; answers of {ANSWER:.0f} s\n"
    yield f"| accounts | at once | answers an hour, 95 of 100 within {SOON:.0f} s | at most |"
    yield "|---|---|---|---|"
    for accounts in ACCOUNTS:
        rate = queueing.busiest(accounts, ANSWER, SOON, IN_VAIN)
        yield f"| {accounts} | {accounts} | {3600 * rate:.0f} | {3600 * accounts / ANSWER:.0f} |"
    yield "\nWaiting by load, by simulation: half of all, 95 of 100, in vain\n"
    yield "| accounts | " + " | ".join(f"{load:.0%} busy" for load in LOADS) + " |"
    yield "|---|" + "---|" * len(LOADS)
    for accounts in (1, 3, 10):
        cells = [_served(accounts, load) for load in LOADS]
        yield f"| {accounts} | " + " | ".join(cells) + " |"


def _served(accounts: int, load: float) -> str:
    chance = Random(1)
    drawn = queueing.drawn(load * accounts / ANSWER, 20_000, ANSWER, accounts, chance)
    served = Served.of(queueing.waits(drawn, accounts, chance))
    return f"{served.median:.0f} s, {served.most:.0f} s, {served.refused:.0%}"


def main() -> int:
    for line in tables():
        print(line)
    print(f"\nThe simulation and a run, answers of {MEAN} s: half of all, 95 of 100\n")
    print("| accounts | load | measured | simulated |\n|---|---|---|---|")
    checked = check()
    for one in checked:
        told = (f"{served.median:.2f} s, {served.most:.2f} s" for served in (one.measured, one.simulated))
        print(f"| {one.accounts} | {one.load:.0%} | " + " | ".join(told) + " |")
    commands = store_commands(ANSWER)
    print(f"\nThe store, for an answer of {ANSWER:.0f} s: {dict(commands)}")
    cpu = cpu_of_answer()
    print(f"\nCPU for an answer of 200 deltas: {cpu * 1000:.1f} ms: {1 / cpu:.0f} answers a second on one processor\n")
    print("| home | 1,000 answers of 20 s | |\n|---|---|---|")
    for cost in costs.costs(cpu, commands["writes"], commands["reads"]):
        print(f"| {cost.home} | ${cost.dollars:.3f} | {cost.why} |")
    return 1 if any(one.off > MOST_OFF for one in checked) else 0


if __name__ == "__main__":
    sys.exit(main())
