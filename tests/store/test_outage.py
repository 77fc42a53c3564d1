"""A shared store that is away, slow or empty: no request fails, nothing that was learnt is lost."""

import asyncio
import logging
import time

import pytest

from lib.store import aws_api
from lib.store import redis as redis_driver
from lib.store import shared as shared_store
from tests.redis_server import free_port
from tests.store.backend import Backend, Clock
from tests.store.cases import DAY, LONG, NAME, OTHER, opened, warning, warnings
from tests.store.relay import BlackHole, Relay

pytestmark = pytest.mark.anyio


async def test_without_it_memory_serves_and_one_warning_is_logged(
    backend: Backend, log: pytest.LogCaptureFixture
) -> None:
    async with opened(backend, free_port()) as store:
        assert await store.get(NAME) is None
        await store.set(NAME, b"value", DAY)
        async with store.lease(NAME, 0) as first, store.lease(NAME, 0) as second:
            assert (first, second) == (True, False)
        async with store.lease(NAME, 0) as again:
            assert again
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning(backend.lost)]
    assert not any(secret in log.text for secret in (NAME, "value"))


async def test_one_that_does_not_answer_costs_a_second_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", LONG)
    async with BlackHole() as hole, opened(backend, hole.port) as store:
        started = time.monotonic()
        assert await store.get(NAME) is None
        took = time.monotonic() - started
        assert 0.9 * redis_driver.TIMEOUT < took < 3 * redis_driver.TIMEOUT
        for _ in range(50):
            await store.get(NAME)
            async with store.lease(NAME, 0) as held:
                assert held
        assert hole.connections == 1
        # A write is worth a try all the same.
        await store.set(NAME, b"value", DAY)
        assert hole.connections == 2
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning(backend.slow)]


async def test_an_operation_ends_in_time_however_slow_its_steps_are(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    for driver in (redis_driver, aws_api):
        monkeypatch.setattr(driver, "TIMEOUT", LONG)
    monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", 0.2)
    async with BlackHole() as hole, opened(backend, hole.port) as store:
        started = time.monotonic()
        assert await store.get(NAME) is None
        assert 0.2 <= time.monotonic() - started < 3
    assert warnings(log) == [warning("TimeoutError")]


async def test_of_many_at_once_one_alone_asks_whether_it_is_back(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with BlackHole() as hole, opened(backend, hole.port) as store:
        monkeypatch.setattr(shared_store, "SKIP", 0.0)
        await store.get(NAME)
        monkeypatch.setattr(shared_store, "SKIP", LONG)
        await asyncio.gather(*(store.get(NAME) for _ in range(20)))
        assert hole.connections == 2


async def test_after_a_time_it_is_asked_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_store, "SKIP", 0.2)
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store, opened(backend) as other:
        relay.cut()
        assert await store.get(NAME) is None
        relay.mend()
        await other.set(NAME, b"value", DAY)
        await asyncio.sleep(0.2)
        assert await store.get(NAME) == b"value"
    assert len(warnings(log)) == 1


async def test_each_outage_is_told_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_store, "SKIP", 0.0)
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        for _ in range(2):
            relay.cut()
            for _ in range(5):
                await store.get(NAME)
            relay.mend()
            await store.get(NAME)
    assert len(warnings(log)) == 2
    assert [record.getMessage() for record in log.records if record.levelno == logging.INFO] == [
        "The token store answers again."
    ] * 2


async def test_what_was_learnt_before_and_during_an_outage_reaches_the_others_after_it(
    own_backend: Backend, log: pytest.LogCaptureFixture
) -> None:
    async with opened(own_backend) as one, opened(own_backend) as two:
        await one.set("before", b"1", DAY)
        own_backend.server.stop()
        await one.set("during", b"2", DAY)
        assert [await one.get("before"), await one.get("during")] == [b"1", b"2"]
        own_backend.server.start()  # It comes back empty.
        await one.set("after", b"3", DAY)
        assert [await two.get(name) for name in ("before", "during", "after")] == [b"1", b"2", b"3"]
        assert all(DAY - LONG < own_backend.left(name) <= DAY for name in own_backend.names())
    assert len(warnings(log)) == 1


async def test_after_an_outage_it_may_lack_something_for_a_while(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_store, "SKIP", 0.0)
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        for settles, is_away in ((LONG, True), (0.0, False)):
            monkeypatch.setattr(shared_store, "SETTLES", settles)
            relay.cut()
            await store.get(NAME)
            assert store.away
            relay.mend()
            await store.get(NAME)
            assert store.away is is_away


async def test_more_than_one_batch_is_handed_over(backend: Backend) -> None:
    names = [str(number) for number in range(2 * shared_store.BATCH + 2)]
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        relay.cut()
        for name in names:
            await store.set(name, b"value", DAY)
        relay.mend()
        for _ in range(3):
            await store.set(names[0], b"newer", DAY)
        assert backend.names() == {f"glm:{name}" for name in names}


async def test_an_emptied_store_is_given_back_what_an_instance_knows(backend: Backend) -> None:
    async with opened(backend) as one, opened(backend) as two:
        await one.set(NAME, b"value", DAY)
        backend.clear()
        assert await two.get(NAME) is None
        assert await one.get(NAME) == b"value"
        assert await two.get(NAME) == b"value"


async def test_an_emptied_store_is_filled_again_by_whoever_is_at_work(backend: Backend) -> None:
    clock = Clock()
    async with opened(backend, clock=clock) as one, opened(backend) as two:
        await one.set(NAME, b"value", DAY)
        for _ in range(2):
            clock.ahead += shared_store.LOOK_AT_MARK
            await one.get(OTHER)
            backend.clear()
            clock.ahead += shared_store.LOOK_AT_MARK
            await one.get(OTHER)  # It says nothing of the name that was lost.
            assert await two.get(NAME) == b"value"


async def test_what_was_read_is_still_known_when_the_store_goes(backend: Backend) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as one, opened(backend) as two:
        await one.set(NAME, b"old", DAY)
        await two.set(NAME, b"new", DAY)
        assert await one.get(NAME) == b"new"
        relay.cut()
        assert await one.get(NAME) == b"new"


async def test_a_newer_value_that_was_learnt_in_isolation_replaces_the_older_one(backend: Backend) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as isolated, opened(backend) as other:
        await other.set(NAME, b"old", DAY)
        assert await isolated.get(NAME) == b"old"
        relay.cut()
        await isolated.set(NAME, b"new", DAY / 2)
        assert await other.get(NAME) == b"old"
        relay.mend()
        await isolated.set(OTHER, b"any", DAY)
        assert [await store.get(NAME) for store in (other, isolated)] == [b"new", b"new"]


async def test_an_older_value_that_was_learnt_in_isolation_does_not_replace_the_newer_one(backend: Backend) -> None:
    clock = Clock(-1.0)
    async with Relay(backend.port) as relay, opened(backend, relay.port, clock) as isolated, opened(backend) as other:
        relay.cut()
        await isolated.set(NAME, b"old", DAY)
        await other.set(NAME, b"new", DAY / 2)
        assert await isolated.get(NAME) == b"old"
        relay.mend()
        await isolated.set(OTHER, b"any", DAY)
        async with opened(backend) as stranger:  # It knows nothing that it could put right.
            assert await stranger.get(NAME) == b"new"
        assert await isolated.get(NAME) == b"new"


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_clocks_that_disagree_do_not_make_an_older_value_the_newer(backend: Backend, ahead: float) -> None:
    async with (
        Relay(backend.port) as relay,
        opened(backend, relay.port, Clock(ahead)) as one,
        opened(backend) as two,
    ):
        for value in (b"1", b"2", b"3"):
            for writer, reader in ((one, two), (two, one)):
                await writer.get(NAME)
                await writer.set(NAME, value, DAY)
                assert await reader.get(NAME) == value
        relay.cut()
        await one.get(OTHER)
        await one.set(NAME, b"last", DAY)
        relay.mend()
        backend.clear()
        await two.get(NAME)  # Gives back what it knew before.
        await one.set(OTHER, b"any", DAY)
        assert [await store.get(NAME) for store in (two, one)] == [b"last", b"last"]


async def test_a_lease_that_could_not_be_given_up_is_when_the_store_answers_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", 0.2)
    async with Relay(backend.port) as relay, opened(backend, relay.port) as one, opened(backend) as two:
        async with one.lease(NAME, 0, LONG) as held:
            assert held
            relay.cut()
        async with two.lease(NAME, 0) as still_held:
            assert not still_held
        relay.mend()
        monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", LONG)
        await one.set(OTHER, b"any", DAY)
        async with two.lease(NAME, 0) as free:
            assert free


async def test_a_store_that_stalls_during_an_exchange_holds_nobody_up_for_long(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", 0.2)
    async with Relay(backend.port) as relay, opened(backend, relay.port) as one, opened(backend) as two:
        async with one.lease(NAME, 0, 1.0) as held:
            assert held
            relay.stall()
        monkeypatch.setattr(shared_store, "OPERATION_TIMEOUT", LONG)
        async with two.lease(NAME, 15.0) as next_held:  # As long as an exchange waits for another's.
            assert next_held
