"""The queue before the accounts."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from lib.accounts.turns import Queue
from lib.errors import AccountBusy


async def pass_through(queue: Queue, accounts: Sequence[str], done: list[str], name: str) -> str:
    async with queue.turn(accounts, 10) as account:
        done.append(name)
        await asyncio.sleep(0)
        return account


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def first_come_first_served() -> None:
    queue, done = Queue(), list[str]()
    async with queue.turn(["a"], 10):
        waiting = [asyncio.create_task(pass_through(queue, ["a"], done, str(n))) for n in range(5)]
        await settle()
        assert done == []
    await asyncio.gather(*waiting)
    assert done == ["0", "1", "2", "3", "4"]


async def the_first_account_that_becomes_free_is_taken() -> None:
    queue, done = Queue(), list[str]()
    async with queue.turn(["a"], 10):
        async with queue.turn(["b"], 10):
            waiting = asyncio.create_task(pass_through(queue, ["a", "b"], done, "either"))
            await settle()
        assert await waiting == "b"


async def whoever_leaves_the_queue_gives_up_the_place() -> None:
    queue, done = Queue(), list[str]()
    async with queue.turn(["a"], 10):
        leaving = asyncio.create_task(pass_through(queue, ["a"], done, "leaving"))
        staying = asyncio.create_task(pass_through(queue, ["a"], done, "staying"))
        await settle()
        leaving.cancel()
        await settle()
    await staying
    assert done == ["staying"]


async def a_turn_that_comes_in_the_moment_of_leaving_is_passed_on() -> None:
    queue, done = Queue(), list[str]()
    holder = queue.turn(["a"], 10)
    await holder.__aenter__()
    leaving = asyncio.create_task(pass_through(queue, ["a"], done, "leaving"))
    staying = asyncio.create_task(pass_through(queue, ["a"], done, "staying"))
    await settle()
    await holder.__aexit__(None, None, None)
    leaving.cancel()
    await staying
    assert done == ["staying"]
    assert await pass_through(queue, ["a"], done, "later") == "a"


async def waiting_ends() -> None:
    queue = Queue()
    async with queue.turn(["a"], 10):
        with pytest.raises(AccountBusy) as raised:
            async with queue.turn(["a"], 0.01):
                pass
        assert raised.value.retry_after
    assert await pass_through(queue, ["a"], [], "later") == "a"


@pytest.mark.parametrize(
    "scenario",
    [
        first_come_first_served,
        the_first_account_that_becomes_free_is_taken,
        whoever_leaves_the_queue_gives_up_the_place,
        a_turn_that_comes_in_the_moment_of_leaving_is_passed_on,
        waiting_ends,
    ],
)
def test_the_queue(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(scenario())
