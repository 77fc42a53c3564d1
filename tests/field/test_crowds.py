"""Crowds: more clients than accounts, accounts that stay busy for a moment, and accounts that are closed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

import pytest

from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.redis_server import RedisServer
from tests.upstream import Account, StandIn

CLIENTS: Final = 4
REQUESTS: Final = 10
BUSY_AFTER: Final = 0.5
"""Seconds that the service takes to free an account after its answer, at its slowest (field report 9)."""


@pytest.fixture
def environ(upstream: StandIn) -> dict[str, str]:
    return {"GLM_CHATGLM_URL": upstream.url}


@pytest.fixture
def one(environ: dict[str, str]) -> Iterator[list[Bundle]]:
    with serve(environ) as bundle:
        yield [bundle]


@pytest.fixture
def four(environ: dict[str, str]) -> Iterator[list[Bundle]]:
    with RedisServer() as redis, ExitStack() as stack:
        shared = {**environ, "GLM_TOKEN_STORE": redis.url}
        yield [stack.enter_context(serve(shared)) for _ in range(4)]


def crowd(clients: int, bundle_of: Callable[[int], Bundle], key: str, requests: int) -> list[str]:
    """What each request came to: `stop`, or the name of the error. The client does not try again."""

    def run(client: int) -> list[str]:
        outcomes = []
        for _ in range(requests):
            try:
                outcomes.append(ask(bundle_of(client), key, timeout=120).choices[0].finish_reason)
            except Exception as error:  # Counted, not raised: how many fail is what counts.
                outcomes.append(f"{type(error).__name__} {error}")
        return outcomes

    with ThreadPoolExecutor(clients) as pool:
        return [outcome for outcomes in pool.map(run, range(clients)) for outcome in outcomes]


def key(accounts: Sequence[Account]) -> str:
    return ",".join(account.refresh_token for account in accounts)


def test_field_09_one_process(one: list[Bundle], upstream: StandIn) -> None:
    accounts = [upstream.account(busy_after=BUSY_AFTER) for _ in range(2)]
    assert crowd(CLIENTS, lambda client: one[0], key(accounts), REQUESTS) == ["stop"] * 40
    assert all(account.max_running == 1 for account in accounts)


def test_field_09_four_processes_that_share_a_store(four: list[Bundle], upstream: StandIn) -> None:
    accounts = [upstream.account(busy_after=BUSY_AFTER) for _ in range(2)]
    assert crowd(CLIENTS, lambda client: four[client], key(accounts), REQUESTS) == ["stop"] * 40
    assert all(account.max_running == 1 for account in accounts)


def test_field_09_four_processes_that_share_nothing(environ: dict[str, str], upstream: StandIn) -> None:
    # What shares nothing cannot hand on a rotated token, either.
    accounts = [upstream.account(busy_after=BUSY_AFTER, rotation="lenient") for _ in range(2)]
    with ExitStack() as stack:
        bundles = [stack.enter_context(serve(environ)) for _ in range(4)]
        assert crowd(CLIENTS, lambda client: bundles[client], key(accounts), 3) == ["stop"] * 12


def test_field_08_three_accounts_of_which_one_is_banned(one: list[Bundle], upstream: StandIn) -> None:
    accounts = [upstream.account(blocked=number == 1) for number in range(3)]
    assert crowd(CLIENTS, lambda client: one[0], key(accounts), 25) == ["stop"] * 100
    assert len(upstream.requests("chat", accounts[1])) <= CLIENTS
