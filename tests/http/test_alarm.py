"""One time-out for many waits."""

import asyncio
import math

import pytest

from lib.http.alarm import Alarm
from tests.http.server import SHORT, SOON

pytestmark = pytest.mark.anyio


async def answer[T](value: T, after: float = 0.0) -> T:
    await asyncio.sleep(after)
    return value


@pytest.mark.parametrize("at_most", [SHORT, math.inf])
async def test_what_comes_in_time_comes(at_most: float) -> None:
    alarm = Alarm()
    assert [await alarm.wait(answer(number), at_most) for number in range(3)] == [0, 1, 2]
    alarm.stop()


async def test_each_wait_has_its_own_time_and_between_them_none_is_lost() -> None:
    alarm = Alarm()
    for _ in range(3):
        assert await alarm.wait(answer("a", SHORT * 0.7), SHORT) == "a"
        await asyncio.sleep(SHORT)


async def test_what_is_late_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(SOON * 10)
        finally:
            cancelled.set()

    alarm = Alarm()
    await alarm.wait(answer("a"), SOON)
    with pytest.raises(TimeoutError):
        await alarm.wait(wait(), SHORT)
    assert cancelled.is_set()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_no_time_at_all_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        await Alarm().wait(answer("a", SOON), 0.0)


async def test_who_is_cancelled_by_others_is_not_out_of_time() -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.sleep(SOON * 10)

    task = asyncio.create_task(Alarm().wait(wait(), SOON))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_is_passed_on() -> None:
    async def fail() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError):
        await Alarm().wait(fail(), SOON)
