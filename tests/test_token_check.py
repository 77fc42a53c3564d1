"""The token check: is an account alive, without using its token up."""

import time
from typing import Any

import httpx
import openai
import pytest

from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.upstream import Account, StandIn


def check(bundle: Bundle, token: Any, **more: Any) -> dict[str, Any]:
    response = httpx.post(f"{bundle.url}/token/check", json={"token": token, **more})
    assert response.status_code == 200
    verdict: dict[str, Any] = response.json()
    return verdict


def test_a_live_token(bundle: Bundle, account: Account) -> None:
    verdict = check(bundle, account.refresh_token)
    assert verdict["live"] is True
    assert verdict["kind"] == "refresh"
    assert verdict["guest"] is False
    assert abs(verdict["expires_at"] - time.time() - 180 * 86400) < 60


def test_a_live_access_token(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    verdict = check(bundle, account.access_token())
    assert (verdict["live"], verdict["kind"]) == (True, "access")
    assert upstream.requests("refresh") == []


def test_tokens_that_are_not_live(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    dead, revoked = upstream.account(dead=True), account.access_token()
    account.revoke_access()
    for token in (
        "nonsense",
        "a.b.c",
        account.foreign_token(),
        account.expired_refresh_token(),
        dead.refresh_token,
        revoked,
    ):
        assert check(bundle, token)["live"] is False
    assert check(bundle, "nonsense").keys() == {"live", "reason", "code"}


@pytest.mark.parametrize("guest", ["answered", "refused"])
def test_a_visitors_token_is_not_live(bundle: Bundle, upstream: StandIn, guest: Any) -> None:
    verdict = check(bundle, upstream.account(guest=guest).refresh_token)
    assert verdict["live"] is False
    assert (verdict["guest"], verdict["code"]) == (True, "guest_token")


def test_what_is_left_is_told_and_the_days_credit_is_taken_where_somebody_asks(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    assert check(bundle, account.refresh_token).items() >= {"points": 20.0, "token_left_percent": "82%"}.items()
    assert upstream.requests("claim") == []
    for claimed in (True, False):
        verdict = check(bundle, account.refresh_token, claim=True)
        assert (verdict["points"], verdict["claimed"]) == (220.0, claimed)
    verdict = check(bundle, upstream.account(left_score=0).refresh_token)
    assert (verdict["live"], verdict["points"], verdict["code"]) == (True, 0.0, "no_points")
    assert "App" in verdict["reason"]


def test_a_closed_account_is_told_as_closed(bundle: Bundle, upstream: StandIn) -> None:
    verdict = check(bundle, upstream.account(blocked=True).refresh_token)
    assert (verdict["live"], verdict["code"]) == (False, "account_banned")
    assert "closed" in verdict["reason"]


def test_several_tokens_are_told_by_place_and_last_letters(bundle: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account(), upstream.account(blocked=True), upstream.account(guest="answered")]
    tokens = [*(account.refresh_token for account in accounts), "sk-0123456789abcdef0123"]
    verdict = check(bundle, ",".join(tokens))
    assert verdict["live"] is True
    assert [one["account"] for one in verdict["accounts"]] == [
        f"#{place} …{token[-4:]}" for place, token in enumerate(tokens, 1)
    ]
    assert [one["live"] for one in verdict["accounts"]] == [True, False, False, False]
    for one, words in zip(verdict["accounts"][1:], ("closed", "visitor", "sk-"), strict=True):
        assert words in one["reason"]
    assert check(bundle, ",".join(tokens[1:]))["live"] is False


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        (lambda token: token[:40], "cut off"),
        (lambda token: "sk-" + "0" * 40, "sk-"),
        (lambda token: "hello", "not a ChatGLM token, nor"),
    ],
)
def test_what_is_no_key_is_told_as_what_it_is(bundle: Bundle, account: Account, pasted: Any, words: str) -> None:
    key = pasted(account.refresh_token)
    reason = check(bundle, key)["reason"]
    with pytest.raises(openai.AuthenticationError) as refused:
        ask(bundle, key)
    assert reason in refused.value.message
    assert words in reason


@pytest.mark.parametrize("form", ["a=b; chatglm_refresh_token={}; acw_tc=x", "Cookie: chatglm_refresh_token={}; c=d;"])
def test_a_whole_header_of_cookies_is_read(bundle: Bundle, account: Account, form: str) -> None:
    pasted = form.format(account.refresh_token)
    assert check(bundle, pasted)["live"] is True
    assert ask(bundle, pasted).choices


def test_of_dead_keys_the_error_says_which(bundle: Bundle, upstream: StandIn) -> None:
    dead = [upstream.account(dead=True), upstream.account(guest="answered"), upstream.account(dead=True)]
    with pytest.raises(openai.AuthenticationError) as refused:
        ask(bundle, ",".join(account.refresh_token for account in dead))
    for place, account in enumerate(dead, 1):
        assert f"#{place} …{account.refresh_token[-4:]}" in refused.value.message
    assert "visitor" in refused.value.message


def test_a_check_does_not_use_up_a_rotated_token(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    for _ in range(3):
        assert check(bundle, account.refresh_token)["live"]
    assert ask(bundle, account).choices[0].message.content
    assert len(upstream.requests("refresh", account)) == 1


def test_a_killed_account_is_found_dead(bundle: Bundle, account: Account) -> None:
    assert check(bundle, account.refresh_token)["live"]
    account.kill()
    assert not check(bundle, account.refresh_token)["live"]


def test_a_check_that_cannot_be_made_is_an_error(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("refresh", status=503, times=None)
    response = httpx.post(f"{bundle.url}/token/check", json={"token": account.refresh_token}, timeout=30)
    assert response.status_code == 502


@pytest.mark.parametrize("body", [b"", b"{}", b'{"token": 5}', b'{"token": ""}', b"[]"])
def test_a_wrong_request(bundle: Bundle, body: bytes) -> None:
    assert httpx.post(f"{bundle.url}/token/check", content=body).status_code == 400


def test_of_several_accounts_one_that_lives_is_enough(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    dead = upstream.account(dead=True)
    assert check(bundle, f"{dead.refresh_token},{account.refresh_token}")["live"]
    assert not check(bundle, f"{dead.refresh_token},nonsense")["live"]


def test_an_access_key_is_alive_as_long_as_an_account_is(upstream: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKENS": account.refresh_token, "GLM_ACCESS_KEYS": "key-one"}
    with serve(environ) as bundle:
        assert check(bundle, "key-one")["live"]
        for wrong in ("key-two", account.refresh_token):
            assert httpx.post(f"{bundle.url}/token/check", json={"token": wrong}).status_code == 401
        account.kill()
        assert not check(bundle, "key-one")["live"]
