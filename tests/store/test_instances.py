"""What instances have of a store that they share: each other's values, and turns."""

import asyncio
from pathlib import Path

import pytest

from lib.store.dynamodb import DynamoDBDriver
from lib.store.shared import SharedStore
from tests.dynamodb_server import TABLE
from tests.store.backend import Backend, Clock
from tests.store.cases import DAY, LONG, NAME, opened, python

pytestmark = pytest.mark.anyio


async def test_instances_share_values_and_see_each_others_changes(backend: Backend) -> None:
    async with opened(backend) as one, opened(backend) as two:
        await one.set(NAME, b"first", DAY)
        assert await two.get(NAME) == b"first"
        await two.set(NAME, b"second", DAY)
        assert await one.get(NAME) == b"second"


async def test_the_store_forgets_values_and_leases_by_itself(backend: Backend) -> None:
    async with opened(backend) as store:
        await store.set(NAME, b"value", 100)
        async with store.lease(NAME, 0, 30):
            left = {name: backend.left(name) for name in backend.names()}
    assert left.keys() == {f"glm:{NAME}", f"glm:lease:{NAME}"}
    assert 50 < left[f"glm:{NAME}"] <= 100
    assert 10 < left[f"glm:lease:{NAME}"] <= 30 + 600  # DynamoDB's only when no clock can say otherwise.
    assert backend.names() == {f"glm:{NAME}"}


async def test_instances_exclude_each_other(backend: Backend) -> None:
    async with opened(backend) as one, opened(backend) as two:
        async with one.lease(NAME, 0) as first, two.lease(NAME, 0) as second:
            assert (first, second) == (True, False)
        async with two.lease(NAME, 0) as third:
            assert third


async def test_a_lease_is_renewed_while_its_block_runs(backend: Backend) -> None:
    async with opened(backend) as one, opened(backend) as two:
        async with one.lease(NAME, 0, 0.6), two.lease(NAME, 2.0, 0.6) as second:
            assert not second
        async with two.lease(NAME, 0) as free:
            assert free


async def test_whoever_waits_gets_the_lease_when_it_is_given_up(backend: Backend) -> None:
    async with opened(backend) as one, opened(backend) as two:
        order: list[str] = []

        async def wait() -> None:
            async with two.lease(NAME, LONG) as held:
                order.append("second" if held else "none")

        async with one.lease(NAME, 0):
            waiter = asyncio.create_task(wait())
            await asyncio.sleep(0.1)  # Let it find the lease held.
            order.append("first")
        await waiter
        assert order == ["first", "second"]


async def test_a_lease_that_was_lost_is_not_given_up_by_its_late_holder(backend: Backend) -> None:
    driver = backend.driver()
    assert await driver.take("glm:lease:late", "one", 0.2)  # An instance that is frozen before it can renew it.
    async with opened(backend) as two, opened(backend) as three, two.lease("late", LONG) as second:
        assert second
        assert not await driver.take("glm:lease:late", "one", 0.2)
        await driver.release("glm:lease:late", "one")
        async with three.lease("late", 0) as third:
            assert not third
    await driver.aclose()


async def test_whoever_leaves_while_it_asks_holds_nothing(backend: Backend) -> None:
    async def take(store: SharedStore) -> None:
        async with store.lease(NAME, LONG):
            await asyncio.Event().wait()

    async with opened(backend) as one, opened(backend) as two:
        await one.get(NAME)  # Connected.
        for turns in range(12):
            leaving = asyncio.create_task(take(one))
            for _ in range(turns):
                await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            async with two.lease(NAME, 0) as free:
                assert free


COUNTER = """
    import asyncio, sys
    from pathlib import Path
    from lib.store import open_store

    async def main(url, path):
        store = open_store(url)
        for _ in range(10):
            async with store.lease("counter", 60) as held:
                assert held
                before = int(path.read_text())
                await asyncio.sleep(0.002)
                path.write_text(str(before + 1))
        await store.aclose()

    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""

HOLDER = """
    import asyncio, sys
    from lib.store import open_store

    async def main(url):
        async with open_store(url).lease("held", 0, 2) as held:
            print(held, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main(sys.argv[1]))
"""


def test_four_processes_take_turns(backend: Backend, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [python(COUNTER, backend.url, str(counter)) for _ in range(4)]
    ends = [(*process.communicate(timeout=LONG), process.returncode) for process in processes]
    assert ends == [("", "", 0)] * 4
    assert counter.read_text() == "40"


async def test_the_lease_of_a_process_that_died_is_anothers_after_its_time(backend: Backend) -> None:
    with python(HOLDER, backend.url) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        holder.kill()
    assert backend.names() == {"glm:lease:held"}  # Nobody has given it up.
    async with opened(backend) as store, store.lease("held", LONG) as held:
        assert held


async def test_a_lease_of_dynamodb_is_taken_over_by_the_waiters_clock_alone(servers: dict[str, Backend]) -> None:
    backend = servers["dynamodb"]
    backend.clear()
    watch = Clock(base=lambda: 1000.0)
    holder = backend.driver(clock=Clock(300.0))  # Its clock is five minutes ahead, and means nothing.
    waiter = DynamoDBDriver(TABLE, backend.environ, watch=watch)
    assert await holder.take("name", "holder", 30)
    assert not await waiter.take("name", "waiter", 5)
    watch.ahead = 29
    assert not await waiter.take("name", "waiter", 5)  # It lasts for as long as its holder said.
    assert await holder.take("name", "holder", 30)
    watch.ahead = 58
    assert not await waiter.take("name", "waiter", 5)  # Renewed: the waiter counts anew.
    watch.ahead = 87
    assert not await waiter.take("name", "waiter", 5)
    watch.ahead = 89
    assert await waiter.take("name", "waiter", 5)
    assert not await holder.take("name", "holder", 30)
    await holder.aclose()
    await waiter.aclose()


async def test_nobody_waits_behind_a_lease_that_was_left_over_long_ago(servers: dict[str, Backend]) -> None:
    backend = servers["dynamodb"]
    backend.clear()
    long_ago = backend.driver(clock=Clock(-700.0))
    assert await long_ago.take("glm:lease:held", "holder", 30)
    await long_ago.aclose()
    async with opened(backend) as store, store.lease("held", 0) as held:
        assert held
