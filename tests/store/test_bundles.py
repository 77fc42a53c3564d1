"""Whole bundles that share a store and nothing else."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import openai
import pytest
import redis
from anyio.from_thread import start_blocking_portal

from lib.store.seal import name_of
from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.store.backend import Backend
from tests.store.relay import Relay
from tests.upstream import Account, Answer, StandIn, Text


def environ_of(backend: Backend, upstream: StandIn) -> Mapping[str, str]:
    return {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": backend.url, **backend.environ}


def test_four_processes_share_one_rotating_token(upstream: StandIn, backend: Backend) -> None:
    account = upstream.account(access_lifetime=2, generations=48)
    with ExitStack() as stack:
        bundles = [stack.enter_context(serve(environ_of(backend, upstream))) for _ in range(4)]
        upstream.script(Answer(Text("one ", "two"), delay=0.15), times=None)
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda number: ask(bundles[number % 4], account, timeout=60), range(48)))
        assert not [line for bundle in bundles for line in bundle.log() if line["level"] == "warning"]
    assert [answer.choices[0].message.content for answer in answers] == ["one two"] * 48
    assert len(upstream.requests("refresh", account)) >= 2
    assert not [one for one in upstream.requests("refresh", account) if one.status != 200]


def test_an_access_token_that_another_process_remembered_may_be_as_old(upstream: StandIn, backend: Backend) -> None:
    account = upstream.account()
    with serve(environ_of(backend, upstream)) as one, serve(environ_of(backend, upstream)) as two:
        for bundle in (one, two, one):  # The last knows the first token, and finds the second in the store.
            assert ask(bundle, account).choices
            account.revoke_access()
    assert len(upstream.requests("refresh", account)) == 3


def test_nobody_is_told_to_log_in_anew_while_the_store_is_away(upstream: StandIn, own_backend: Backend) -> None:
    account = upstream.account()
    with serve(environ_of(own_backend, upstream)) as one, serve(environ_of(own_backend, upstream)) as two:
        ask(one, account)
        own_backend.server.stop()
        ask(one, account)  # Its own memory serves.
        with pytest.raises(openai.InternalServerError, match="the store that should hold the newer one") as raised:
            ask(two, account)
        assert (raised.value.status_code, raised.value.code) == (503, "token_outdated")
        assert raised.value.response.headers["retry-after"] == "10"


def test_a_token_that_was_renewed_by_an_instance_without_the_store_is_not_told_as_invalid(
    upstream: StandIn, servers: dict[str, Backend]
) -> None:
    """It alone has lost the store; the others have it, and what lies there is no longer good."""
    account = upstream.account()
    environ = environ_of(servers["redis"], upstream)
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        relay = stack.enter_context(portal.wrap_async_context_manager(Relay(servers["redis"].port)))
        one = stack.enter_context(serve({**environ, "GLM_TOKEN_STORE": f"redis://127.0.0.1:{relay.port}"}))
        two = stack.enter_context(serve(environ))
        ask(one, account)
        portal.call(relay.cut)
        account.revoke_access()
        ask(one, account)  # Renewed, and nobody else knows.
        for _ in range(2):
            with pytest.raises(openai.InternalServerError, match="another instance may have renewed") as raised:
                ask(two, account)
            assert raised.value.status_code == 503
        with pytest.raises(openai.AuthenticationError):
            ask(two, upstream.account(dead=True))
        portal.call(relay.mend)
        for _ in range(15):  # The store is left alone for some seconds after it failed.
            ask(one, account)
            with suppress(openai.InternalServerError):
                ask(two, account)
                break
            time.sleep(1)
        assert ask(two, account).choices


def test_a_neighbours_junk_locks_nobody_out(upstream: StandIn, servers: dict[str, Backend]) -> None:
    account = upstream.account()
    name = f"glm:{name_of(account.refresh_token)}"
    with ExitStack() as stack:
        bundles = [stack.enter_context(serve(environ_of(servers["redis"], upstream))) for _ in range(2)]
        plain = stack.enter_context(redis.Redis(port=servers["redis"].port))
        for stamp in (b"9999999999999", b"9999999999998"):
            plain.set(name, stamp + b"junk")
            account.revoke_access()
            for bundle in bundles:  # What the first has learnt stands in its place.
                assert ask(bundle, account).choices


def test_a_table_that_is_not_there_is_a_503_that_names_it(
    servers: dict[str, Backend], upstream: StandIn, account: Account
) -> None:
    environ = {**environ_of(servers["dynamodb"], upstream), "GLM_TOKEN_STORE": "dynamodb:no-such-table"}
    with serve(environ) as bundle:
        with pytest.raises(openai.InternalServerError, match="no-such-table") as raised:
            ask(bundle, account)
        assert (raised.value.status_code, raised.value.code) == (503, "misconfigured")
        assert raised.value.response.headers["x-should-retry"] == "false"
        checked = httpx.post(f"{bundle.url}/token/check", json={"token": account.refresh_token})
        assert checked.status_code == 503


REQUESTS = 8
"""Some of which come while others wait, each at another process."""


@pytest.mark.parametrize("takes", [float(os.environ.get("GLM_TEST_TAKES", "0.4"))])
def test_four_processes_serve_an_account_in_the_order_in_which_requests_came(
    upstream: StandIn, backend: Backend, takes: float
) -> None:
    with ExitStack() as stack:
        bundles = [stack.enter_context(serve(environ_of(backend, upstream))) for _ in range(4)]
        serve_in_order(bundles, upstream, takes)


def test_one_process_serves_an_account_in_the_order_in_which_requests_came(upstream: StandIn) -> None:
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        serve_in_order([bundle], upstream, float(os.environ.get("GLM_TEST_TAKES", "0.4")))


def serve_in_order(bundles: list[Bundle], upstream: StandIn, takes: float) -> None:
    """The service needs 0.3 s after each answer. `takes`: seconds for one; somebody comes in each fifth of that."""
    account = upstream.account(busy_after=0.3)
    for bundle in bundles:  # A fresh one would come late.
        ask(bundle, upstream.account(), timeout=60)
    upstream.script(Answer(Text("one ", "two"), delay=takes / 3), times=None)  # An end comes after the two.
    began, served = time.monotonic(), dict[int, float]()

    def ask_as(number: int) -> None:
        time.sleep(max(0.0, began + number * takes / 5 - time.monotonic()))
        try:
            ask(bundles[number % len(bundles)], account, f"I am {number}.", timeout=60)
        except openai.RateLimitError:
            assert time.monotonic() - began - number * takes / 5 > 24.5
        else:
            served[number] = time.monotonic() - began

    with ThreadPoolExecutor(REQUESTS) as pool:
        list(pool.map(ask_as, range(REQUESTS)))
    print({number: round(at, 1) for number, at in served.items()}, "refused by the service:", account.refused_busy)
    assert list(served) == sorted(served)
    assert list(served) == list(range(len(served)))
    assert len(served) == REQUESTS or takes * REQUESTS > 24
    assert account.max_running == 1
    assert account.refused_busy <= len(served)
