"""The stand-in's tokens: handed out, rotated, refused."""

import httpx
import pytest

from tests.upstream import (
    StandIn,
)
from tests.upstream_tests.client import STREAM, Client, payload, question, refusal


def test_a_refresh_hands_out_both_tokens(client: Client) -> None:
    result = client.refresh().json()["result"]
    assert set(result) == {"user_id", "access_token", "refresh_token", "is_guest", "mode"}
    access, refresh = payload(result["access_token"]), payload(result["refresh_token"])
    assert set(access) == {"sub", "uid", "device_id", "type", "iat", "nbf", "exp", "jti"}
    assert (access["type"], access["exp"] - access["iat"]) == ("access", 24 * 3600)
    assert (refresh["type"], refresh["exp"] - refresh["iat"]) == ("refresh", 180 * 24 * 3600)
    assert access["uid"] == refresh["uid"] == client.account.uid
    assert client.refresh(result["refresh_token"]).status_code == 200


def test_a_rotated_refresh_token_is_dead(client: Client) -> None:
    assert client.refresh().status_code == 200
    assert refusal(client.refresh()) == (401, 40102)
    assert client.refresh(client.account.newest_refresh_token).status_code == 200


def test_with_lenient_rotation_the_old_token_lives_on(stand_in: StandIn, http: httpx.Client) -> None:
    client = Client(http, stand_in.account(rotation="lenient"))
    assert [client.refresh().status_code for _ in range(3)] == [200, 200, 200]


def test_a_dead_account_s_tokens_are_refused(client: Client) -> None:
    client.account.kill()
    assert refusal(client.refresh()) == refusal(client.ask()) == (401, 40102)


@pytest.mark.parametrize("kind", ["expired", "foreign", "access", "gibberish"])
def test_a_refresh_token_that_is_none_is_refused(stand_in: StandIn, http: httpx.Client, kind: str) -> None:
    client = Client(http, stand_in.account(rotation="lenient"))  # Nothing but the fault itself is in the way.
    tokens = {
        "expired": client.account.expired_refresh_token(),
        "foreign": client.account.foreign_token("refresh"),
        "access": client.account.access_token(),
        "gibberish": "gibberish",
    }
    assert refusal(client.refresh(tokens[kind])) == (401, 40102)
    assert client.refresh().status_code == 200


@pytest.mark.parametrize("kind", ["expired", "foreign", "refresh", "unsigned"])
def test_an_access_token_that_is_none_is_refused(client: Client, kind: str) -> None:
    tokens = {
        "expired": client.account.expired_access_token(),
        "foreign": client.account.foreign_token("access"),
        "refresh": client.account.refresh_token,
        "unsigned": client.account.access_token().rpartition(".")[0] + ".",
    }
    client.token = tokens[kind]
    assert refusal(client.ask()) == (401, 40102)


def test_a_revoked_access_token_is_refused_before_its_time(client: Client) -> None:
    assert client.ask().status_code == 200
    client.account.revoke_access()
    assert refusal(client.ask()) == (401, 40102)
    client.token = client.account.access_token()
    assert client.ask().status_code == 200


def test_a_call_without_a_token_is_not_logged_in(client: Client) -> None:
    headers = client.headers()
    del headers["Authorization"]
    assert refusal(client.http.post(STREAM, json=question(), headers=headers)) == (401, 40103)


def test_access_tokens_can_be_made_to_expire_soon(stand_in: StandIn, http: httpx.Client) -> None:
    result = Client(http, stand_in.account(access_lifetime=60)).refresh().json()["result"]
    access = payload(result["access_token"])
    assert access["exp"] - access["iat"] == 60


def test_a_visitor_is_refused_or_told_so(stand_in: StandIn, http: httpx.Client) -> None:
    assert refusal(Client(http, stand_in.account(guest="refused")).refresh()) == (401, 40102)
    told = Client(http, stand_in.account(guest="answered"))
    assert told.refresh().json()["result"]["is_guest"] is True
    assert refusal(told.ask()) == (401, 40103)
