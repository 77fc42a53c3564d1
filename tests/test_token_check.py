"""The token check: is an account alive, without using its token up."""

import time
from typing import Any

import httpx
import pytest

from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.upstream import Account, StandIn


def check(bundle: Bundle, token: Any) -> dict[str, Any]:
    response = httpx.post(f"{bundle.url}/token/check", json={"token": token})
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
    assert check(bundle, "nonsense") == {"live": False}


@pytest.mark.parametrize("guest", ["answered", "refused"])
def test_a_visitors_token_is_not_live(bundle: Bundle, upstream: StandIn, guest: Any) -> None:
    verdict = check(bundle, upstream.account(guest=guest).refresh_token)
    assert verdict["live"] is False
    assert verdict["guest"] is (guest == "answered")


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
