"""Two minutes of everything at once, by four processes behind nginx that share a Redis: no promise is broken."""

import asyncio
from typing import Final

import pytest

from tests.soak.faults import KINDS
from tests.soak.plan import Plan
from tests.soak.report import lines
from tests.soak.run import run

PLAN: Final = Plan(seed=11, minutes=2.0)


@pytest.mark.timeout(600)
def test_two_minutes_of_chaos() -> None:
    schedule, record = asyncio.run(run(PLAN))
    print("\n".join(lines(PLAN, schedule, record)))
    assert record.broken == []
    assert [kind.name for kind in KINDS if not record.fired[kind.name]] == []
