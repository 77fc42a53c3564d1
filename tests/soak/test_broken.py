"""For each promise, a build of the bundle that breaks it makes a run fail."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.soak.plan import Plan
from tests.soak.promises import PROMISES
from tests.soak.record import Record
from tests.soak.report import lines
from tests.soak.run import run
from tests.soak.schedule import Schedule

type Outcome = tuple[Plan, Schedule, Record]

SHORT: Final = Plan(
    seed=3,
    minutes=0.05,
    processes=1,
    store="memory",
    rate=4.0,
    only=("none",),
    accounts=3,
    max_duration=20.0,
    stays=0.0,
)
AT_ONCE: Final = 4
"""Runs at a time: each waits, for the most part."""
TRIES: Final = 4
"""Seeds that are tried: what a run of some seconds meets depends on how busy the machine is."""
BROKEN: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("letter", "letter", {}),
    ("status", "deadline", {"only": ("HTTP 5xx", "dropped"), "faulty": 0.8}),
    ("deadline", "deadline", {"only": ("hang at the head for ever",), "max_duration": 1.0}),
    ("turns", "turns", {"rate": 10.0}),
    ("once", "once", {"only": ("dropped",), "faulty": 0.6}),
    ("conversations", "traces", {}),
    ("generations", "traces", {"only": ("leaves",), "faulty": 0.9, "accounts": 12}),
    ("orders", "orders", {"asks": ("video",), "rate": 2.0}),
    ("accounts", "accounts", {"only": ("access revoked",)}),
    ("retry_after", "retry-after", {"only": ("limited",), "faulty": 0.6}),
    ("level", "level", {"level_after": 0.0, "sample_every": 0.3}),
    ("secrets", "secrets", {}),
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What came of each run, by the name of the broken build."""

    turns = asyncio.Semaphore(AT_ONCE)

    async def noticed(plan: Plan, promise: str) -> Outcome:
        outcome: Outcome | None = None
        for seed in range(plan.seed, plan.seed + TRIES):
            tried = replace(plan, seed=seed)
            async with turns:
                outcome = (tried, *await run(tried))
            if promise in {one.promise for one in outcome[2].broken}:
                break
        assert outcome is not None
        return outcome

    async def run_all() -> list[Outcome]:
        return await asyncio.gather(
            *(noticed(replace(SHORT, broken=broken, **options), promise) for broken, promise, options in BROKEN)
        )

    return {outcome[0].broken: outcome for outcome in asyncio.run(run_all())}


@pytest.mark.soak
@pytest.mark.parametrize(("broken", "promise"), [(broken, promise) for broken, promise, _ in BROKEN])
def test_a_broken_promise_is_noticed(outcomes: dict[str, Outcome], broken: str, promise: str) -> None:
    plan, schedule, record = outcomes[broken]
    assert promise in {one.promise for one in record.broken}
    report = "\n".join(lines(plan, schedule, record))
    assert f"BROKEN: {PROMISES[promise]}" in report
    assert f"again: {plan.command}" in report


def test_there_is_a_broken_build_for_each_promise() -> None:
    assert {promise for _, promise, _ in BROKEN} == set(PROMISES)
