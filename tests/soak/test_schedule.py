"""The same seed gives the same schedule, another one another; a run of two minutes meets every kind of fault."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.soak import text
from tests.soak.__main__ import parse
from tests.soak.faults import BY_NAME, KINDS
from tests.soak.plan import Plan
from tests.soak.schedule import draw

TWO_MINUTES = Plan(minutes=2.0)


@given(st.integers(0, 2**32))
def test_a_seed_has_one_schedule(seed: int) -> None:
    plan = Plan(seed=seed, minutes=0.5)
    assert draw(plan) == draw(plan)
    assert draw(plan) != draw(replace(plan, seed=seed + 1))


@given(st.integers(0, 2**32))
def test_two_minutes_are_enough_for_each_kind(seed: int) -> None:
    schedule = draw(replace(TWO_MINUTES, seed=seed))
    assert [kind.name for kind in KINDS if not schedule.planned(kind.name)] == []


def test_only_what_was_named_is_drawn_and_a_store_has_faults_only_where_there_is_one() -> None:
    schedule = draw(replace(TWO_MINUTES, only=("cut", "SIGKILL")))
    assert {ask.fault for ask in schedule.asks} == {"", "cut"}
    assert {event.kind for event in schedule.events} == {"SIGKILL"}
    alone = draw(replace(TWO_MINUTES, store="memory"))
    assert not [event for event in alone.events if BY_NAME[event.kind].family == "store"]


def test_the_command_of_a_plan_runs_it_again() -> None:
    for plan in (Plan(), Plan(seed=3, only=("cut", "never reads"), asks=("chat",), stays=2.0, broken="letter")):
        words = plan.command.replace("'", "").split(" --")[1:]
        arguments = [part for word in words for part in (f"--{word.partition(' ')[0]}", word.partition(" ")[2])]
        assert parse(arguments) == plan
    with pytest.raises(SystemExit):
        parse(["--only", "no such fault"])


@given(st.integers(0, 10**7))
def test_an_answer_and_its_question_are_known_from_their_number(number: int) -> None:
    assert text.numbers_in(f"before {text.prompt(number)} after") == [number]
    assert text.answer_text(number) == text.answer_text(number).strip()
    assert text.answer_text(number) != text.answer_text(number + 1)
    assert text.numbers_in(text.answer_text(number)) == []
