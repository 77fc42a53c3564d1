"""What an answer costs a running server, and how soon its first word comes: the bundle and the plain proxy in turn."""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.client import Received, ask
from bench.processes import BUNDLE, NAIVE, server, tokens, upstream, used
from bench.table import Figure, compared
from bench.upstream import Order

WARM_UP = 2
"""Rounds that do not count: the first requests import and compile."""

SLOWLY = Order("deltas", 200, 4, 0.01)
FAST = Order("deltas", 200, 4)
OLDER = Order("snapshots", 2000, 2)
"""12 MB: each of the 2000 events holds all of the text so far."""
LONG, TWICE_AS_LONG = Order("deltas", 2000, 4), Order("deltas", 4000, 4)
STAMPED = Order("stamped", 5, 4, 0.02)
MANY = Order("deltas", 8, 4, 1.0)
"""One event a second: 8 deltas, and the two events that end an answer."""

STREAMS = 1000


def cost(rounds: int) -> Iterator[Figure]:
    """CPU of the server process for one answer."""
    section = "The stream: CPU of the server for one answer, against the plain proxy"
    kinds = [
        ("200 deltas, 10 ms apart, 20 at once", SLOWLY, 20, True, 0.5),
        ("200 deltas, as fast as they come, 8 at once", FAST, 8, True, 0.3),
        ("2000 events of the older dialect, 12 MB", OLDER, 1, True, 0.45),
        ("200 deltas, answered whole, 8 at once", FAST, 8, False, 0.5),
    ]
    with ExitStack() as stack:
        behind = stack.enter_context(upstream())
        urls = [stack.enter_context(server(app, behind)) for app in (BUNDLE, NAIVE)]
        for name, order, at_once, stream, at_most in kinds:
            spent = in_turn(urls, order, at_once, rounds, stream=stream)
            yield compared(section, name, "ms", spent[0], "ms", spent[1], at_most)
        growth = [in_turn(urls[:1], order, 1, rounds)[0] for order in (TWICE_AS_LONG, LONG)]
        name = "4000 deltas, against 2000"
        yield compared(section, name, "ms", growth[0], "ms", growth[1], 2.2)


def loops(rounds: int) -> Iterator[Figure]:
    """The same on uvloop, which the container runs, against asyncio's own loop."""
    section = "The container's event loop, uvloop: CPU of the server for one answer, against asyncio's"
    kinds = [
        ("200 deltas, 10 ms apart, 20 at once", SLOWLY, 20),
        ("200 deltas, as fast as they come, 8 at once", FAST, 8),
    ]
    with ExitStack() as stack:
        behind = stack.enter_context(upstream())
        urls = [stack.enter_context(server(BUNDLE, behind, TEST_LOOP=loop)) for loop in ("uvloop", "asyncio")]
        for name, order, at_once in kinds:
            spent = in_turn(urls, order, at_once, rounds)
            yield compared(section, name, "ms", spent[0], "ms", spent[1], 1.0)


def first_word(rounds: int) -> Iterator[Figure]:
    """Time between the upstream's sending its first delta and the client's having it."""
    section = "The first word: from the upstream's first delta to the client's"
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        # New processes each time: which core the kernel puts them on makes one faster than the other for good.
        with upstream() as behind, server(BUNDLE, behind) as bundle, server(NAIVE, behind) as naive:
            for times, url in ((ours, bundle), (theirs, naive)):
                asyncio.run(_ask_at_once(url, FAST, 1))
                times.append(asyncio.run(_delays(url)))
    yield compared(section, "median, warm", "ms", ours, "ms", theirs, 1.2)
    yield Figure(section, "median, warm", statistics.median(ours), "ms", at_most=2)


def many(rounds: int) -> Iterator[Figure]:
    """A thousand slow streams on one instance; the plain proxy once, for comparison."""
    section = f"{STREAMS} streams at once, 8 deltas each, 10 s of work"
    with upstream() as behind:
        seconds, memory, late = [], [], []
        for _ in range(rounds):
            with server(BUNDLE, behind) as url:
                took, most, lateness = asyncio.run(_many(url))
                seconds.append(took)
                memory.append(most)
                late.append(lateness)
        with server(NAIVE, behind) as url:
            took, most, lateness = asyncio.run(_many(url))
        median = statistics.median
        yield Figure(section, "until all are complete", median(seconds), "s", "s", took, at_most=12)
        yield Figure(section, "resident memory at most", median(memory), "MB", "MB", most, at_most=120)
        yield Figure(section, "event loop late, 99th percentile", median(late), "ms", "ms", lateness, at_most=100)
    with upstream(tls=True) as behind, server(BUNDLE, behind) as url:
        took, most, _ = asyncio.run(_many(url))
        yield Figure(section, "until all are complete, over TLS", took, "s")
        yield Figure(section, "resident memory at most, over TLS", most, "MB", at_most=200)


def in_turn(urls: list[str], order: Order, at_once: int, rounds: int, *, stream: bool = True) -> list[list[float]]:
    """Milliseconds of CPU for one answer of each server, round by round."""
    spent: list[list[float]] = [[] for _ in urls]
    for turn in range(WARM_UP + rounds):
        for url, times in zip(urls, spent, strict=True):
            milliseconds = asyncio.run(_spent(url, order, at_once, stream=stream))
            if turn >= WARM_UP:
                times.append(milliseconds)
    return spent


async def _spent(url: str, order: Order, at_once: int, *, stream: bool) -> float:
    before = await used(url)
    await _ask_at_once(url, order, at_once, stream=stream)
    after = await used(url)
    return (after["cpu"] - before["cpu"]) / at_once * 1000


async def _delays(url: str) -> float:
    (token,) = tokens(1)
    delays = []
    for _ in range(20):
        received = await ask(url, token, str(STAMPED))
        at, text = received.first_text
        stamp = re.match(r"[\d.]+", text)
        assert stamp is not None
        delays.append((at - float(stamp[0])) * 1000)
    return statistics.median(delays)


async def _many(url: str) -> tuple[float, float, float]:
    await _ask_at_once(url, FAST, 1)
    await used(url, watch=True)
    begun = time.monotonic()
    await _ask_at_once(url, MANY, STREAMS)
    seconds = time.monotonic() - begun
    cost = await used(url)
    late = cost["late"]
    return seconds, cost["memory"], late[int(len(late) * 0.99)] * 1000


async def _ask_at_once(url: str, order: Order, at_once: int, *, stream: bool = True) -> list[Received]:
    """Raises ValueError where a text is not the one that was ordered, to the letter."""
    answers = await asyncio.gather(*(ask(url, token, str(order), stream=stream) for token in tokens(at_once)))
    expected = "".join(order.deltas)
    if wrong := [answer for answer in answers if answer.text != expected]:
        raise ValueError(f"{len(wrong)} of {at_once} answers are wrong, such as {wrong[0].text!r}")
    return answers
