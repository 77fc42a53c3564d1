"""Two minutes of everything at once, by four processes behind nginx that share a Redis: no promise is broken."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from tests.soak.faults import BY_NAME
from tests.soak.plan import Plan
from tests.soak.report import lines
from tests.soak.run import run

PLAN: Final = Plan(seed=11, minutes=2.0)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_two_minutes_of_chaos() -> None:
    unmet = _unmet(PLAN)
    if unmet:  # On a busy machine nobody may come by while a fault lasts: those alone, once more.
        unmet = _unmet(replace(PLAN, seed=PLAN.seed + 1, minutes=0.7, only=unmet))
    assert unmet == ()


def _unmet(plan: Plan) -> tuple[str, ...]:
    """Run the plan, in which nothing may be broken. Returns the kinds of faults that did not fire."""
    schedule, record = asyncio.run(run(plan))
    print("\n".join(lines(plan, schedule, record)))
    assert record.broken == []
    return tuple(name for name in plan.only or BY_NAME if not record.fired[name])
