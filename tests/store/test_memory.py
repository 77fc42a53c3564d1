"""What is particular to a store in memory: it is bounded, it forgets in time, and it keeps nothing of leases."""

import gc

import pytest

from lib.store.expiring import Expiring
from lib.store.memory import MemoryStore
from tests.store.backend import Clock
from tests.store.cases import DAY, NAME

pytestmark = pytest.mark.anyio


async def test_memory_forgets_when_the_time_is_up() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    await store.set(NAME, b"value", 100)
    clock.ahead = 99
    assert await store.get(NAME) == b"value"
    clock.ahead = 101
    assert await store.get(NAME) is None


async def test_memory_is_bounded_and_what_was_unused_for_longest_goes_first() -> None:
    store = MemoryStore(max_entries=3)
    for name in "abc":
        await store.set(name, name.encode(), DAY)
    await store.get("a")
    await store.set("d", b"d", DAY)
    assert [await store.get(name) for name in "abcd"] == [b"a", None, b"c", b"d"]


async def test_memory_lets_the_expired_go_before_the_unused() -> None:
    clock = Clock()
    store = MemoryStore(max_entries=2, clock=clock)
    await store.set("unused", b"1", DAY)
    await store.set("expired", b"2", 10)
    clock.ahead = 11
    await store.set("new", b"3", DAY)
    assert await store.get("unused") == b"1"
    assert await store.get("new") == b"3"


def test_looking_does_not_count_as_a_use_and_says_how_long_is_left() -> None:
    clock = Clock(base=lambda: 1000.0)
    kept: Expiring[str] = Expiring(max_entries=2, clock=clock)
    kept.set("a", "1", 10)
    kept.set("b", "2", 20)
    assert kept.look("a") == ("1", 10)
    kept.set("c", "3", 30)
    assert (list(kept), kept.look("a")) == (["b", "c"], (None, 0.0))
    kept.remove("b")
    kept.remove("b")
    assert kept.get("b") is None


async def test_memory_keeps_nothing_of_leases_that_nobody_holds() -> None:
    store = MemoryStore()
    for number in range(50):
        async with store.lease(str(number), 0) as held:
            assert held
    gc.collect()
    assert not store._leases._locks
