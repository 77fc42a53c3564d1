"""Cookies: what the service sets goes back to it, an account at a time, and a firewall that demands them lets us in."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.cookies import SimpleCookie

import httpx
import pytest

from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.redis_server import RedisServer
from tests.upstream import Account, StandIn

HELLO = {"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def fresh(upstream: StandIn) -> Iterator[Bundle]:
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        yield bundle


def post(bundle: Bundle, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{bundle.url}/v1/chat/completions", headers=headers, json=HELLO, timeout=60)


def cookies(upstream: StandIn, endpoint: str, account: Account) -> dict[str, str]:
    """What the last call brought."""
    sent = SimpleCookie(upstream.requests(endpoint, account)[-1].headers.get("Cookie", ""))
    return {name: one.value for name, one in sent.items()}


def test_what_the_page_sends_goes_along_and_what_the_service_sets_goes_back(
    fresh: Bundle, upstream: StandIn, account: Account
) -> None:
    ask(fresh, account)
    page = {"chatglm_refresh_token": account.newest_refresh_token, "chatglm_user_id": account.uid}
    sent = cookies(upstream, "chat", account)
    token = upstream.requests("chat", account)[-1].headers["Authorization"].removeprefix("Bearer ")
    assert sent.items() >= {**page, "chatglm_token": token}.items()
    assert sent.keys() - page.keys() == {"chatglm_token", "acw_tc", "cdn_sec_tc"}
    assert cookies(upstream, "refresh", account).items() >= {"chatglm_refresh_token": account.refresh_token}.items()


def test_each_account_has_a_jar_of_its_own(fresh: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ask(fresh, accounts[number % 4]), range(16)))
    assert upstream.firewall.shared == []
    jars = [cookies(upstream, "chat", account)["acw_tc"] for account in accounts]
    assert len(set(jars)) == 4


def test_a_firewall_that_demands_its_cookies_lets_all_requests_in(
    fresh: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.firewall.demands = True
    began = time.monotonic()
    answers = [post(fresh, account.refresh_token) for _ in range(100)]
    assert [one.status_code for one in answers] == [200] * 100
    assert upstream.firewall.refused == 1
    assert 4.0 <= answers[0].elapsed.total_seconds() <= 8.0
    assert max(one.elapsed.total_seconds() for one in answers[1:]) < 3.0, time.monotonic() - began
    assert not [
        line for line in fresh.output if "acw_tc" in line or cookies(upstream, "chat", account)["acw_tc"] in line
    ]


def test_four_processes_that_share_a_store_share_an_accounts_cookies(upstream: StandIn, account: Account) -> None:
    upstream.firewall.demands = True
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": redis.url}
        bundles = [stack.enter_context(serve(environ)) for _ in range(4)]
        assert post(bundles[0], account.refresh_token).status_code == 200
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda number: post(bundles[number % 4], account.refresh_token), range(99)))
        sent = cookies(upstream, "chat", account)
        with redis.client() as plain:
            kept = b"".join(plain.dump(name) for name in plain.keys("*"))
    assert [one.status_code for one in answers] == [200] * 99
    assert upstream.firewall.refused == 1
    assert upstream.firewall.shared == []
    assert sent["acw_tc"].encode() not in kept
    assert b"acw_tc" not in kept


def test_without_a_store_a_fresh_instance_loses_one_try(upstream: StandIn) -> None:
    account = upstream.account(rotation="lenient")
    upstream.firewall.demands = True
    for number in range(2):
        with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
            assert [post(bundle, account.refresh_token).status_code for _ in range(2)] == [200, 200]
        assert upstream.firewall.refused == number + 1


@pytest.mark.parametrize("look", ["40012", "slide", "bare"])
def test_nothing_is_asked_again_without_a_cookie_of_the_refusal_nor_after_a_page(
    fresh: Bundle, upstream: StandIn, account: Account, look: str
) -> None:
    upstream.firewall.bare = look == "bare"
    upstream.risk_control.begin("slide" if look == "slide" else "40012")
    first, second = post(fresh, account.refresh_token), post(fresh, account.refresh_token)
    for response in (first, second):
        assert (response.status_code, response.json()["error"]["code"]) == (403, "risk_control")
    # With cookies: once more, and then the address is left alone.
    assert upstream.risk_control.asked == (2 if look == "40012" else 1)
    assert second.elapsed.total_seconds() < 2
    assert fresh.logged(first.headers["x-request-id"])["tried"][-1]["outcome"] == "risk_control"
