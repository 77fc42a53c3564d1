"""The connections to a shared store: few, found lost when they are, and none lost to callers that leave."""

import asyncio

import pytest

from lib.store.redis import MAX_CONNECTIONS
from lib.store.shared import IDLE_LIMIT
from tests.store.backend import Backend, Clock
from tests.store.cases import DAY, NAME, opened, warnings
from tests.store.relay import Relay

pytestmark = pytest.mark.anyio


async def test_many_at_once_are_all_served(backend: Backend, log: pytest.LogCaptureFixture) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        await store.set(NAME, b"value", DAY)
        assert await asyncio.gather(*(store.get(NAME) for _ in range(50))) == [b"value"] * 50
        assert 1 < relay.connections <= (MAX_CONNECTIONS if backend.url.startswith("redis") else 51)
    assert warnings(log) == []


async def test_callers_that_leave_cost_neither_connections_nor_writes(
    backend: Backend, log: pytest.LogCaptureFixture
) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        await store.get(NAME)
        for number in range(20):
            leaving = asyncio.create_task(store.set(str(number), b"value", DAY))
            await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        assert len(backend.names()) == 20  # What was begun has been finished.
        assert await store.get("0") == b"value"
        assert relay.connections == 1
    assert warnings(log) == []


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    backend: Backend, log: pytest.LogCaptureFixture
) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store:
        await store.set(NAME, b"value", DAY)
        relay.drop()
        async with opened(backend) as other:
            await other.set(NAME, b"newer", DAY)
        assert await store.get(NAME) == b"newer"
        assert relay.connections == 2
    assert warnings(log) == []


async def test_a_command_whose_reply_was_lost_is_sent_again(backend: Backend, log: pytest.LogCaptureFixture) -> None:
    async with Relay(backend.port) as relay, opened(backend, relay.port) as store, opened(backend) as other:
        await store.get(NAME)
        relay.lose_reply()
        await store.set(NAME, b"value", DAY)
        assert await other.get(NAME) == b"value"
        relay.lose_reply()
        assert await store.get(NAME) == b"value"
        relay.lose_reply()
        async with store.lease(NAME, 0) as held:
            assert held
            relay.lose_reply()
        async with other.lease(NAME, 0) as free:
            assert free
        assert relay.connections == 5
    assert warnings(log) == []


async def test_after_a_long_pause_old_connections_are_not_trusted(
    backend: Backend, log: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with Relay(backend.port) as relay, opened(backend, relay.port, clock) as store:
        await store.set(NAME, b"value", DAY)
        relay.silence()
        clock.ahead = IDLE_LIMIT + 1
        async with opened(backend) as other:
            await other.get(NAME)
            await other.set(NAME, b"newer", DAY)
        assert await store.get(NAME) == b"newer"
        assert await store.get(NAME) == b"newer"
        assert relay.connections == 2
    assert warnings(log) == []
