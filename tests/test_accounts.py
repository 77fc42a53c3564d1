"""Accounts: several at once, one answer at a time each, tokens that change with every refresh."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.upstream import BUSY, BUSY_MESSAGE, LIMITED_MESSAGE, Account, Answer, Gate, StandIn, Text

HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def fresh(stand_in: StandIn, upstream: StandIn) -> Iterator[Bundle]:
    """A bundle that has learnt nothing yet."""
    with serve({"GLM_CHATGLM_URL": stand_in.url}) as bundle:
        yield bundle


def key(*accounts: Account) -> str:
    return ",".join(account.refresh_token for account in accounts)


def test_dead_accounts_are_passed_over(fresh: Bundle, upstream: StandIn) -> None:
    alive = upstream.account()
    dead = [upstream.account(dead=True) for _ in range(3)]
    for _ in range(6):
        assert ask(fresh, key(*dead, alive)).choices[0].finish_reason == "stop"
    tried = [one.account for one in upstream.requests("refresh")]
    assert all(tried.count(account.uid) <= 1 for account in dead)


@pytest.mark.parametrize("failure", [{"code": BUSY, "message": BUSY_MESSAGE}, {"code": 1, "message": LIMITED_MESSAGE}])
@pytest.mark.parametrize("stream", [True, False])
def test_busy_and_limited_accounts_are_passed_over(
    fresh: Bundle, upstream: StandIn, failure: dict[str, Any], stream: bool
) -> None:
    busy, free = upstream.account(), upstream.account()
    upstream.fail("chat", account=busy, times=None, **failure)
    for _ in range(6):
        answer = ask(fresh, key(busy, free), stream=stream)
        assert not stream or list(answer)[-1].choices[0].finish_reason == "stop"
    limited = "频繁" in failure["message"]  # That is remembered; being busy is over at once.
    assert len(upstream.requests("chat", busy)) <= (1 if limited else 6)


def test_the_choice_is_spread_over_the_accounts(fresh: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(3)]
    for _ in range(30):
        ask(fresh, key(*accounts))
    assert all(len(upstream.requests("chat", account)) >= 2 for account in accounts)


def test_each_account_is_tried_once_and_the_most_useful_error_told(fresh: Bundle, upstream: StandIn) -> None:
    dead, limited = upstream.account(dead=True), upstream.account()
    upstream.fail("chat", account=limited, times=None, code=1, message=LIMITED_MESSAGE)
    with pytest.raises(openai.RateLimitError) as raised:
        ask(fresh, key(dead, limited, dead))
    assert raised.value.response.headers["retry-after"] == "30"
    assert len(upstream.requests("refresh")) == 2
    assert len(upstream.requests("chat")) == 1


def test_when_all_are_dead_the_key_is_refused(fresh: Bundle, upstream: StandIn) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask(fresh, key(*(upstream.account(dead=True) for _ in range(3))))


def test_a_failure_after_the_first_word_is_not_tried_elsewhere(fresh: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account(), upstream.account()]
    upstream.script(Answer(Text("one"), gate=(gate := Gate(after=1))))
    chunks = fresh.client(key(*accounts)).chat.completions.create(model="g", messages=HELLO, stream=True)
    assert next(iter(chunks)).choices[0].delta.role == "assistant"
    gate.release()
    list(chunks)
    assert len(upstream.requests("chat")) == 1


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "Authorization"])
def test_where_a_key_may_stand(fresh: Bundle, upstream: StandIn, account: Account, header: str) -> None:
    value = f"bearer  {account.refresh_token}" if header == "Authorization" else account.refresh_token
    response = httpx.post(f"{fresh.url}/v1/chat/completions", json={"messages": HELLO}, headers={header: value})
    assert response.status_code == 200


def test_a_hundred_tokens_and_no_more(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    expired = [f"{account.expired_refresh_token()}{number}" for number in range(99)]
    assert ask(fresh, ",".join([*expired, account.refresh_token])).choices
    with pytest.raises(openai.BadRequestError):
        ask(fresh, ",".join([*expired, "b", "c"]))


def test_three_accounts_answer_thirty_requests_at_once(fresh: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(3)]
    upstream.script(Answer(Text("one ", "two"), delay=0.02), times=None)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: ask(fresh, key(*accounts), timeout=60), range(30)))
    assert [answer.choices[0].message.content for answer in answers] == ["one two"] * 30
    assert not [one for one in upstream.requests("chat") if one.code == BUSY]


def test_requests_for_one_account_wait_for_each_other(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("first"), gate=gate))
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask, fresh, account)
        gate.wait_sent()
        others = [pool.submit(ask, fresh, account) for _ in range(3)]
        gate.release()
        assert all(answer.result().choices for answer in (first, *others))
    assert not [one for one in upstream.requests("chat") if one.code == BUSY]


def test_a_waiting_client_that_leaves_gives_up_its_place(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("first"), gate=gate))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, fresh, account, "first")
        gate.wait_sent()
        with pytest.raises(openai.APITimeoutError):
            ask(fresh, account, "impatient", timeout=0.5)
        last = pool.submit(ask, fresh, account, "last")
        gate.release()
        assert first.result().choices
        assert last.result().choices
    asked = [one.json["messages"][0]["content"][0]["text"] for one in upstream.requests("chat")]
    assert asked == ["first", "last"]


def test_the_client_goes_on_with_its_first_token(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    for _ in range(4):
        assert ask(fresh, account).choices
        account.revoke_access()
    assert len(upstream.requests("refresh", account)) == 4
    assert account.newest_refresh_token != account.refresh_token


def test_when_the_newest_token_is_dead_the_clients_own_is_tried(fresh: Bundle, upstream: StandIn) -> None:
    account = upstream.account(rotation="lenient")
    ask(fresh, account)
    account.revoke_access()
    upstream.fail("refresh", code=40102, message="token refused", status=401)
    assert ask(fresh, account).choices
    bearers = [one.headers["authorization"].split()[1] for one in upstream.requests("refresh", account)]
    assert bearers[0] == bearers[2] == account.refresh_token
    assert bearers[1] != account.refresh_token


def test_a_store_that_is_down_costs_no_request(upstream: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": "redis://:hidden@127.0.0.1:9"}
    with serve(environ) as bundle:
        assert ask(bundle, account).choices
    assert any(line["level"] == "warning" for line in bundle.log())
    assert "hidden" not in "".join(bundle.output)


def test_a_store_that_is_none_is_told(upstream: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": "mongodb://hidden"}
    with serve(environ) as bundle, pytest.raises(openai.InternalServerError, match="GLM_TOKEN_STORE") as raised:
        ask(bundle, account)
    assert raised.value.status_code == 503
    assert "hidden" not in str(raised.value)


def test_a_deployment_with_tokens_of_its_own(upstream: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKENS": key(account), "GLM_ACCESS_KEYS": "key-one, key-two"}
    with serve(environ) as bundle:
        assert ask(bundle, "key-one").choices
        assert ask(bundle, "key-two").choices
        for wrong in ("key-three", "key-one,key-two", account.refresh_token, "key-onee"):
            with pytest.raises(openai.AuthenticationError):
                ask(bundle, wrong)


@pytest.mark.parametrize(("chosen", "missing"), [("GLM_TOKENS", "GLM_ACCESS_KEYS"), ("GLM_ACCESS_KEYS", "GLM_TOKENS")])
def test_half_a_choice_serves_nobody(upstream: StandIn, account: Account, chosen: str, missing: str) -> None:
    with serve({"GLM_CHATGLM_URL": upstream.url, chosen: key(account)}) as bundle:
        for path in ("/v1/models", "/v1/chat/completions", "/token/check"):
            response = httpx.get(bundle.url + path)
            assert response.status_code == 503
            assert f"{missing} is not" in response.json()["error"]["message"]
    assert any(line["level"] == "error" and f"{missing} is not" in line["message"] for line in bundle.log())
    assert upstream.record == []
