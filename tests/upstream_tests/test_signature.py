"""The stand-in checks signature and headers as the protocol notes say."""

import uuid

import pytest

from tests.upstream import (
    StandIn,
)
from tests.upstream import signature as its_signature
from tests.upstream_tests.client import REFRESH, STREAM, Client, question, refusal, signature, signed, timestamp_of


def test_the_protocol_s_vector() -> None:
    assert its_signature.has_check_digit("1790732179905")
    assert its_signature.sign("1790732179905", "75988225830f4d93b6702dcd0a2e9baf") == "a32ee7a2876ad44e6658475f0a7c69eb"


def test_every_wrong_check_digit_is_seen() -> None:
    right = timestamp_of(1790732179935)
    wrong = [f"{right[:11]}{digit}{right[12]}" for digit in range(10) if str(digit) != right[11]]
    assert its_signature.has_check_digit(right)
    assert not any(map(its_signature.has_check_digit, wrong))


def test_an_answer_echoes_the_request_id(client: Client) -> None:
    headers = client.headers(client.account.refresh_token)
    answered = client.http.post(REFRESH, json={}, headers=headers).json()
    assert (answered["status"], answered["message"], answered["rid"]) == (0, "success", headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("App-Name", 40001),
        ("X-App-Platform", 40001),
        ("X-App-Version", 40001),
        ("X-Lang", 40001),
        ("X-App-fr", 40001),
        ("X-Device-Brand", 40001),
        ("X-Device-Model", 40001),
        ("X-Device-Id", 40001),
        ("X-Request-Id", 40001),
        ("Origin", 40001),
        ("Referer", 40001),
        ("User-Agent", 40002),
        ("X-Sign", 40011),
        ("X-Nonce", 40011),
        ("X-Timestamp", 40014),
    ],
)
def test_a_missing_header_is_refused(client: Client, name: str, code: int) -> None:
    headers = client.headers(Accept="text/event-stream")
    del headers[name]
    response = client.http.post(STREAM, json=question(), headers=headers)
    assert refusal(response) == (400, code)
    if name != "User-Agent":  # httpx sends its own.
        assert name in response.json()["message"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Device-Id", "A" * 32, 40001),
        ("X-Request-Id", "1234", 40001),
        ("X-Device-Brand", "Apple", 40001),
        ("Referer", "https://example.com/", 40001),
        ("User-Agent", "curl/8.5.0", 40002),
        ("X-Sign", "0" * 32, 40011),
        ("X-Nonce", "g" * 32, 40011),
        ("X-Nonce", uuid.uuid4().hex.upper(), 40011),
        ("X-Timestamp", "1790732179915", 40014),
        ("X-Timestamp", "1790732179", 40014),
    ],
)
def test_a_wrong_header_is_refused(client: Client, name: str, value: str, code: int) -> None:
    assert refusal(client.http.post(STREAM, json=question(), headers=client.headers(**{name: value}))) == (400, code)


@pytest.mark.parametrize("skew", [-310, 310])
def test_a_stale_timestamp_is_refused(client: Client, skew: float) -> None:
    headers = signed(client.account.refresh_token, client.account.device_id, skew=skew)
    assert refusal(client.http.post(REFRESH, json={}, headers=headers)) == (400, 40014)


@pytest.mark.parametrize("skew", [-290, 290])
def test_a_clock_that_is_a_little_wrong_is_not_refused(client: Client, skew: float) -> None:
    headers = signed(client.account.refresh_token, client.account.device_id, skew=skew)
    assert client.http.post(REFRESH, json={}, headers=headers).json()["status"] == 0


@pytest.mark.parametrize(("kept", "code"), [("X-Request-Id", 40001), ("X-Nonce", 40011)])
def test_what_must_be_fresh_is_refused_the_second_time(client: Client, kept: str, code: int) -> None:
    first, second = client.headers(Accept="text/event-stream"), client.headers(Accept="text/event-stream")
    assert client.http.post(STREAM, json=question(), headers=first).status_code == 200
    again = {**second, kept: first[kept]}
    again["X-Sign"] = signature(again["X-Timestamp"], again["X-Nonce"])
    assert refusal(client.http.post(STREAM, json=question(), headers=again)) == (400, code)


def test_an_account_names_one_device_only(client: Client) -> None:
    assert client.refresh().status_code == 200
    other = client.headers(**{"X-Device-Id": uuid.uuid4().hex})
    assert refusal(client.http.post(STREAM, json=question(), headers=other)) == (400, 40001)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/chatglm/backend-api/v1/user/refresh",
        "/chatglm/backend-api/assistant/conversation/delete",
    ],
)
def test_an_unknown_or_old_path_is_an_html_404(stand_in: StandIn, client: Client, path: str) -> None:
    response = client.post(path, {})
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert stand_in.requests(path)[0].status == 404
