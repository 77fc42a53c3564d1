"""What every store does, in memory or shared."""

import asyncio
import contextlib

import pytest

from lib.store import Store
from lib.store.entry import Entry
from tests.store.cases import DAY, LONG, NAME, OTHER, warnings

pytestmark = pytest.mark.anyio


async def test_nothing_is_found_under_a_name_that_was_never_set(store: Store) -> None:
    assert await store.get(NAME) is None


@pytest.mark.parametrize("value", [b"", b"value", bytes(range(256)), b"\r\n$-1\r\n", b"x" * 100_000])
async def test_a_value_comes_back_to_the_byte(store: Store, value: bytes) -> None:
    await store.set(NAME, value, DAY)
    assert await store.get(NAME) == value


async def test_names_do_not_meet_and_the_last_value_counts(store: Store) -> None:
    await store.set(NAME, b"first", DAY)
    await store.set(OTHER, b"other", DAY)
    await store.set(NAME, b"second", DAY)
    assert await store.get(NAME) == b"second"
    assert await store.get(OTHER) == b"other"


@pytest.mark.parametrize("ttl", [0.0, -5.0])
async def test_what_has_expired_already_is_not_kept(store: Store, ttl: float, log: pytest.LogCaptureFixture) -> None:
    await store.set(NAME, b"late", ttl)
    await asyncio.sleep(0.01)  # Redis counts in milliseconds and takes no time to live of zero.
    assert await store.get(NAME) is None
    assert warnings(log) == []


async def test_a_lease_has_one_holder_and_is_free_after_the_block(store: Store) -> None:
    async with store.lease(NAME, 0) as first:
        async with store.lease(NAME, 0) as second:
            assert (first, second) == (True, False)
        async with store.lease(NAME, 0.1) as still_held:
            assert not still_held
        async with store.lease(OTHER, 0) as other:
            assert other
    async with store.lease(NAME, 0) as again:
        assert again


async def test_a_lease_does_not_hide_the_value_of_its_name(store: Store) -> None:
    await store.set(NAME, b"value", DAY)
    async with store.lease(NAME, 0):
        assert await store.get(NAME) == b"value"
    assert await store.get(NAME) == b"value"


async def test_a_lease_is_free_after_an_error_and_after_a_cancellation(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.lease(NAME, 0):
            raise ZeroDivisionError

    held = asyncio.Event()

    async def hold() -> None:
        async with store.lease(NAME, 0):
            held.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    async with store.lease(NAME, 0) as free:
        assert free


async def test_waiting_for_a_lease_can_be_cancelled(store: Store) -> None:
    async def wait() -> None:
        async with store.lease(NAME, LONG):
            raise AssertionError("It was another's.")

    async with store.lease(NAME, 0):
        waiters = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0.05)  # Let them find it held.
        for waiter in waiters:
            waiter.cancel()
        ends = await asyncio.gather(*waiters, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    async with store.lease(NAME, 0) as free:
        assert free


async def test_those_who_wait_get_the_lease_in_the_order_in_which_they_came(store: Store) -> None:
    order: list[int] = []

    async def wait(number: int) -> None:
        async with store.lease(NAME, LONG) as held:
            assert held
            order.append(number)

    async with store.lease(NAME, 0):
        waiters = [asyncio.create_task(wait(number)) for number in range(5)]
        await asyncio.sleep(0.02)  # Let them find it held.
        assert order == []
    await asyncio.gather(*waiters)
    assert order == [0, 1, 2, 3, 4]


async def test_of_many_tasks_one_at_a_time_holds_the_lease(store: Store) -> None:
    count = 0

    async def add_one() -> None:
        nonlocal count
        async with store.lease(NAME, LONG) as held:
            assert held
            before = count
            await asyncio.sleep(0)
            count = before + 1

    await asyncio.gather(*(add_one() for _ in range(30)))
    assert count == 30


async def test_a_lease_outlives_its_time_while_its_block_runs(store: Store) -> None:
    async with store.lease(NAME, 0, 0.3) as first, store.lease(NAME, 1.0, 0.3) as second:
        assert (first, second) == (True, False)


async def test_leases_can_be_had_for_as_long_as_it_takes(store: Store) -> None:
    async with contextlib.AsyncExitStack() as stack:
        assert await stack.enter_async_context(store.lease(NAME, float("inf")))


async def test_an_entry_comes_back_for_its_token_alone(store: Store) -> None:
    await Entry(store, "token one").set(b"rotated", DAY)
    assert await Entry(store, "token one").get() == b"rotated"
    assert await Entry(store, "token two").get() is None


async def test_entries_of_one_token_share_a_lock(store: Store) -> None:
    async with Entry(store, "token").lock(0) as first, Entry(store, "token").lock(0) as second:
        assert (first, second) == (True, False)
