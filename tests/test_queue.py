"""The queue before the accounts: who comes first is served first, and hand-overs wait for the service."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.accounts.turns import FIRST_PAUSE, MOST_PAUSE, Turns
from lib.errors import AccountBusy
from lib.store.line import Place
from lib.store.memory import MemoryStore
from tests.clock import Loop


def queue() -> Turns:
    return Turns(MemoryStore())


async def pass_through(turns: Turns, accounts: Sequence[str], done: list[str], name: str) -> str:
    async with turns.turn(accounts, Place(), 100.0) as turn:
        done.append(name)
        await asyncio.sleep(0)
        return turn.account


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def first_come_first_served() -> None:
    turns, done = queue(), list[str]()
    async with turns.turn(["a"], Place(), 0.0):
        waiting = [asyncio.create_task(pass_through(turns, ["a"], done, str(n))) for n in range(5)]
        await settle()
        assert done == []
    await asyncio.gather(*waiting)
    assert done == ["0", "1", "2", "3", "4"]


async def who_came_earlier_goes_first_also_where_it_comes_back_later() -> None:
    turns, done, early = queue(), list[str](), Place()
    async with turns.turn(["a"], Place(), 0.0):
        waiting = asyncio.create_task(pass_through(turns, ["a"], done, "later"))
        await settle()

        async def back() -> None:
            async with turns.turn(["a"], early, 100.0):
                done.append("early")

        returning = asyncio.create_task(back())
        await settle()
    await asyncio.gather(waiting, returning)
    assert done == ["early", "later"]


async def the_first_account_that_becomes_free_is_taken() -> None:
    turns, done = queue(), list[str]()
    async with turns.turn(["a"], Place(), 0.0):
        async with turns.turn(["b"], Place(), 0.0):
            waiting = asyncio.create_task(pass_through(turns, ["a", "b"], done, "either"))
            await settle()
        assert await waiting == "b"


async def whoever_brings_a_free_account_overtakes_who_waits_for_another() -> None:
    turns, done = queue(), list[str]()
    async with turns.turn(["a"], Place(), 0.0):
        waiting = asyncio.create_task(pass_through(turns, ["a"], done, "one"))
        await settle()
        assert await pass_through(turns, ["a", "b"], done, "other") == "b"
    await waiting


async def whoever_leaves_the_queue_gives_up_the_place() -> None:
    turns, done = queue(), list[str]()
    async with turns.turn(["a"], Place(), 0.0):
        leaving = asyncio.create_task(pass_through(turns, ["a"], done, "leaving"))
        staying = asyncio.create_task(pass_through(turns, ["a"], done, "staying"))
        await settle()
        leaving.cancel()
        await settle()
    await staying
    assert done == ["staying"]


async def a_turn_that_comes_in_the_moment_of_leaving_is_passed_on() -> None:
    turns, done = queue(), list[str]()
    holder = turns.turn(["a"], Place(), 0.0)
    await holder.__aenter__()
    leaving = asyncio.create_task(pass_through(turns, ["a"], done, "leaving"))
    staying = asyncio.create_task(pass_through(turns, ["a"], done, "staying"))
    await settle()
    await holder.__aexit__(None, None, None)
    leaving.cancel()
    await staying
    assert done == ["staying"]
    assert await pass_through(turns, ["a"], done, "later") == "a"


async def waiting_ends() -> None:
    turns = queue()
    loop = asyncio.get_running_loop()
    async with turns.turn(["a"], Place(), 0.0):
        with pytest.raises(AccountBusy) as raised:
            async with turns.turn(["a"], Place(), 25.0):
                pass
        assert loop.time() == pytest.approx(25.0)
        assert raised.value.retry_after
    assert await pass_through(turns, ["a"], [], "later") == "a"


async def who_does_not_wait_for_another_answer_waits_for_the_pause_after_one() -> None:
    turns = queue()
    async with turns.turn(["a"], Place(), 0.0) as turn:
        turn.ask()
        turn.refused()
        turn.ask()
    async with turns.turn(["a"], Place(), 0.0):
        assert asyncio.get_running_loop().time() <= MOST_PAUSE


@pytest.mark.parametrize(
    "scenario",
    [
        first_come_first_served,
        who_came_earlier_goes_first_also_where_it_comes_back_later,
        the_first_account_that_becomes_free_is_taken,
        whoever_brings_a_free_account_overtakes_who_waits_for_another,
        whoever_leaves_the_queue_gives_up_the_place,
        a_turn_that_comes_in_the_moment_of_leaving_is_passed_on,
        waiting_ends,
        who_does_not_wait_for_another_answer_waits_for_the_pause_after_one,
    ],
)
def test_the_queue(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(scenario())


@given(st.lists(st.floats(0.0, 1.5), min_size=2, max_size=12))
@settings(deadline=None)
def test_each_hand_over_costs_one_refusal_at_most_and_a_steady_service_few_in_all(needs: list[float]) -> None:
    """`needs`: the seconds for which the account stays busy after each answer; then the last again and again."""

    async def main() -> None:
        turns, loop = queue(), asyncio.get_running_loop()
        refusals = []
        free_at = 0.0
        for need in [*needs, *[needs[-1]] * 12]:
            async with turns.turn(["a"], Place(), math_inf) as turn:
                refused = 0
                while True:
                    turn.ask()
                    if loop.time() >= free_at:
                        break
                    refused += 1
                    await asyncio.sleep(turn.refused())
                turn.taken()
                await asyncio.sleep(5)
                free_at = loop.time() + need
                refusals.append(refused)
        if max(needs) <= FIRST_PAUSE:
            assert max(refusals) <= 1
            assert sum(refusals[-5:]) == 0
        assert max(refusals) <= 6

    math_inf = float("inf")
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
