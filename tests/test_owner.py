"""What the owner of a deployment's accounts is told: by `/token/check`, by `/ping?deep=1`, and in the log."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest

from lib import settings
from tests.asking import ask
from tests.bigmodel import Platform
from tests.bundle import CHECKOUT, Bundle, serve
from tests.redis_server import RedisServer
from tests.upstream import LIMITED_MESSAGE, Account, StandIn

ACCESS_KEY = "key-one"
DAY = 24 * 3600


@contextmanager
def deployed(upstream: StandIn, *tokens: str, **environ: str) -> Iterator[Bundle]:
    """A deployment that holds these."""
    held = {"GLM_TOKENS": ",".join(tokens), "GLM_ACCESS_KEYS": ACCESS_KEY}
    with serve({"GLM_CHATGLM_URL": upstream.url, **held, **environ}) as bundle:
        yield bundle


def check(bundle: Bundle) -> Any:
    return httpx.post(f"{bundle.url}/token/check", json={"token": ACCESS_KEY}, timeout=30).json()


def deep(bundle: Bundle, key: str = ACCESS_KEY) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.get(f"{bundle.url}/ping?deep=1", headers=headers, timeout=30)


def warnings(bundle: Bundle) -> list[dict[str, Any]]:
    return [line for line in bundle.log() if line["level"] == "warning"]


# --- Each account


def test_a_check_lists_every_account(upstream: StandIn, account: Account) -> None:
    dead, expired = upstream.account(dead=True), account.expired_refresh_token()
    with Platform() as platform:
        tokens = (f"work={account.refresh_token}", dead.refresh_token, f"old={expired}", platform.key(), "odd=nonsense")
        with deployed(upstream, *tokens, GLM_PLATFORM_URL=platform.url) as bundle:
            found = check(bundle)
    assert found["live"] is True
    listed = found["accounts"]
    assert [one["label"] for one in listed] == ["work", None, "old", None, "odd"]
    assert [one["live"] for one in listed] == [True, False, False, True, False]
    assert [one["kind"] for one in listed] == ["refresh", "refresh", "refresh", "api_key", None]
    assert abs(listed[0]["expires_at"] - time.time() - 180 * DAY) < 60
    assert [bool(one["reason"]) for one in listed] == [False, True, True, False, True]
    assert "expired" in listed[2]["reason"]
    assert len({one["account"] for one in listed}) == 5
    assert not [one for one in listed if one["cooling_until"] is not None]


def test_a_check_says_until_when_an_account_is_left_alone(upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", account=account, code=1, message=LIMITED_MESSAGE)
    with deployed(upstream, account.refresh_token) as bundle:
        with pytest.raises(openai.RateLimitError):
            ask(bundle, ACCESS_KEY)
        [one] = check(bundle)["accounts"]
    assert one["live"] is True
    assert 0 < one["cooling_until"] - time.time() <= 31


def test_an_account_of_which_nobody_can_find_out(upstream: StandIn, account: Account) -> None:
    upstream.fail("refresh", status=503, account=account, times=None)
    other = upstream.account()
    with deployed(upstream, account.refresh_token, other.refresh_token) as bundle:
        unknown, live = check(bundle)["accounts"]
    assert unknown["live"] is None
    assert unknown["reason"]
    assert live["live"] is True


# --- For monitors


def test_a_deep_ping_says_which_accounts_live(upstream: StandIn, account: Account) -> None:
    dead = upstream.account(dead=True)
    with deployed(upstream, account.refresh_token, f"home={dead.refresh_token}") as bundle:
        response = deep(bundle)
        assert response.status_code == 200
        assert [(one["label"], one["live"]) for one in response.json()["accounts"]] == [(None, True), ("home", False)]
        assert response.headers["x-version"] == settings.VERSION
        assert httpx.get(f"{bundle.url}/ping").text == "pong"


def test_a_deep_ping_fails_where_no_account_lives(upstream: StandIn) -> None:
    with deployed(upstream, upstream.account(dead=True).refresh_token) as bundle:
        response = deep(bundle)
    assert response.status_code == 503
    assert response.json()["live"] is False


def test_a_deep_ping_needs_an_access_key(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    with deployed(upstream, account.refresh_token) as owned:
        for key in ("", "key-two", account.refresh_token):
            assert deep(owned, key).status_code == 401
    assert deep(bundle, account.refresh_token).status_code == 401
    with serve({"GLM_TOKENS": account.refresh_token}) as broken:
        assert deep(broken).json()["error"]["code"] == "misconfigured"
    assert not upstream.requests()


def test_all_instances_ask_an_account_once_in_ten_minutes(upstream: StandIn, account: Account) -> None:
    with RedisServer() as redis:
        store = {"GLM_TOKEN_STORE": redis.url}
        with (
            deployed(upstream, account.refresh_token, **store) as one,
            deployed(upstream, account.refresh_token, **store) as other,
        ):
            first = deep(one).json()
            asked = len(upstream.requests())
            assert asked
            account.kill()
            assert [deep(bundle).json() for bundle in (one, other, one)] == [first] * 3
            assert len(upstream.requests()) == asked
            assert check(other)["live"] is False  # Who asks for it hears what is so now, and all instances know then.
            assert deep(one).status_code == 503
        with redis.client() as client:
            kept = [client.pttl(name) for name in client.keys("*")]
    assert min(kept) <= 600_000


# --- In the log


def test_a_refused_account_is_warned_of_once(upstream: StandIn, account: Account) -> None:
    dead = upstream.account(dead=True)
    with deployed(upstream, account.refresh_token, f"home={dead.refresh_token}") as bundle:
        for _ in range(2):
            check(bundle)
        account.kill()
        for _ in range(2):
            with pytest.raises(openai.InternalServerError):
                ask(bundle, ACCESS_KEY)
        [home, other] = warnings(bundle)
    assert home["account"].startswith("home (")
    assert home["outcome"] == other["outcome"] == "invalid_api_key"
    assert "GLM_TOKENS" in home["message"]


def test_a_token_near_its_end_is_warned_of_once(upstream: StandIn) -> None:
    soon, later = upstream.account(refresh_lifetime=13 * DAY), upstream.account(refresh_lifetime=15 * DAY)
    with deployed(upstream, soon.refresh_token, later.refresh_token) as bundle:
        for _ in range(6):
            ask(bundle, ACCESS_KEY)
        check(bundle)
        [warning] = warnings(bundle)
    assert warning["expires_at"].startswith(time.strftime("%Y-%m-%d", time.gmtime(time.time() + 13 * DAY)))


def test_callers_keys_are_not_warned_of(upstream: StandIn) -> None:
    soon, dead = upstream.account(refresh_lifetime=DAY), upstream.account(dead=True)
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        ask(bundle, soon)
        with pytest.raises(openai.AuthenticationError):
            ask(bundle, dead)
        assert not warnings(bundle)


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/v1/chat/completions", {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hi"}]}, "glm-5.3"),
        ("/v1/images/generations", {"model": "cogview-3", "prompt": "A cat"}, "cogview-3"),
        ("/v1/videos/generations", {"model": "my-secret", "prompt": "A cat"}, "unknown"),
    ],
)
def test_the_log_has_the_model(bundle: Bundle, account: Account, path: str, body: dict[str, Any], model: str) -> None:
    headers = {"Authorization": f"Bearer {account.refresh_token}", "x-request-id": f"model-{model}"}
    assert httpx.post(bundle.url + path, json=body, headers=headers, timeout=30).status_code == 200
    assert bundle.logged(f"model-{model}")["model"] == model


# --- Names


def test_the_fingerprints_are_those_of_the_log(upstream: StandIn, account: Account) -> None:
    held = f"work={account.refresh_token}"
    done = subprocess.run(
        [CHECKOUT / "scripts" / "fingerprint"],
        env={**os.environ, "GLM_TOKENS": f"{held},nonsense"},
        capture_output=True,
        text=True,
        check=True,
    )
    work, nonsense = done.stdout.splitlines()
    assert account.refresh_token not in done.stdout
    assert "until" in work
    assert "no service" in nonsense
    with deployed(upstream, held) as bundle:
        ask(bundle, ACCESS_KEY)
        [listed] = check(bundle)["accounts"]
    [chat] = [line for line in bundle.log() if line.get("path") == "/v1/chat/completions"]
    assert work.startswith(f"{chat['tried'][0]['account']} ")
    assert f"({listed['account']})" in work


def test_there_is_one_version(bundle: Bundle) -> None:
    described = httpx.get(f"{bundle.url}/openapi.json").json()["info"]["version"]
    assert described == httpx.get(f"{bundle.url}/ping").headers["x-version"] == settings.VERSION
    changes = (CHECKOUT / "CHANGELOG.md").read_text()
    assert changes.partition("## ")[2].splitlines()[0] == described
