"""The envelope of the service's answers: its result, or the error that its refusal means."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import (
    AccountBanned,
    AccountBusy,
    BadRequest,
    ContextLengthExceeded,
    Error,
    Forbidden,
    QuotaExceeded,
    RateLimited,
    RiskControl,
    TokenRefused,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamUnavailable,
    UpstreamUncertain,
)
from lib.upstreams.chatglm.session import envelope
from lib.upstreams.chatglm.session.envelope import MAX_RETRY_AFTER
from lib.upstreams.chatglm.session.refusal import LIMITED_RETRY_AFTER, Unknown, VerificationPage

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def refusal(http_status: int, body: Any, retry_after: str | None = None) -> Error:
    """The error that an answer means. `body`: bytes, or what JSON is made of."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Error) as raised:
        envelope.result(http_status, data, retry_after)
    return raised.value


@given(values, st.sampled_from(["status", "code"]))
def test_the_result_comes_out_as_it_is(result: Any, name: str) -> None:
    assert envelope.result(200, json.dumps({name: 0, "message": "success", "result": result}).encode()) == result


def test_an_answer_may_have_no_result() -> None:
    assert envelope.result(200, b'{"status": 0}') is None


@pytest.mark.parametrize(
    ("http_status", "body", "expected"),
    [
        (401, {"status": 40102, "message": "x"}, TokenRefused),
        (401, {"status": 40103, "message": "x"}, TokenRefused),
        (200, {"status": 40102}, TokenRefused),
        (200, {"code": 40103}, TokenRefused),
        (401, b"<html>", TokenRefused),
        (200, {"status": 10061, "message": "请等待其他对话生成完毕"}, AccountBusy),
        (429, {"status": 10061}, AccountBusy),
        (429, {"status": 1, "message": "x"}, RateLimited),
        (429, b"", RateLimited),
        (200, {"status": 1, "message": "操作太频繁"}, RateLimited),
        (200, {"status": 1, "message": "您说得太快了"}, RateLimited),
        (200, {"code": 1, "message": "请稍后再试"}, RateLimited),
        (400, {"status": 40001, "message": "x"}, UpstreamFailed),
        (400, {"status": 40011, "message": "x"}, UpstreamFailed),
        (500, {"status": 1, "message": "x"}, UpstreamUnavailable),
        (503, b"<html>", UpstreamUnavailable),
        (500, {"status": 0, "result": "x"}, UpstreamUnavailable),
        (400, {"status": 0, "result": "x"}, UpstreamRefused),
        (200, {"status": 1, "message": "no"}, UpstreamRefused),
        (200, {}, UpstreamRefused),
        (200, b"", UpstreamRefused),
        (200, b"<html>", UpstreamRefused),
        (200, b"[]", UpstreamRefused),
        (200, b"\xff", UpstreamRefused),
        (200, b"[" * 100_000, UpstreamRefused),
        (404, b"not found", Unknown),
        (200, {"status": "40102"}, TokenRefused),
        (401, {"status": 40101, "message": "x"}, TokenRefused),
        (403, {"status": 40301, "message": "账号已被封禁"}, AccountBanned),
        (200, {"status": 40301, "message": "x"}, AccountBanned),
        (400, {"status": 40012, "message": "bad request"}, RiskControl),
        (200, "<title>滑动验证页面</title>".encode(), VerificationPage),
        (405, b"<html>405</html>", VerificationPage),
        (429, {"status": 10061, "message": "请求过于频繁"}, RateLimited),
        (200, {"status": 10062, "message": "高峰期排队"}, RateLimited),
        (200, {"status": 1, "message": "系统繁忙"}, RateLimited),
        (200, {"status": 1, "message": "当前使用人数过多"}, RateLimited),
        (200, {"status": 1, "message": "请稍候再试"}, RateLimited),
        (200, {"status": 1, "message": "今日使用次数已达上限"}, QuotaExceeded),
        (200, {"status": 500, "message": "您已多次体验过对话, 请登录后继续使用"}, QuotaExceeded),
        (200, {"status": 1, "message": "开通会员"}, QuotaExceeded),
        (200, {"status": 10040, "message": "model response context exceeded"}, ContextLengthExceeded),
        (504, b"<html>", UpstreamUncertain),
        (502, b"<html>", UpstreamUnavailable),
    ],
)
def test_what_a_refusal_means(http_status: int, body: Any, expected: type[Error]) -> None:
    assert type(refusal(http_status, body)) is expected


@pytest.mark.parametrize("status", [40001, 40002, 40011, 40014])
def test_a_refused_signature_says_what_to_look_at(status: int) -> None:
    message = refusal(400, {"status": status, "message": "x"}).message
    assert "clock" in message
    assert "GLM_SIGN_SECRET" in message
    assert str(status) in message


def test_the_services_own_words_are_passed_on_but_no_more_than_a_few() -> None:
    assert "内容不合规" in refusal(200, {"status": 12, "message": "内容不合规"}).message
    assert "(12)" in refusal(200, {"status": 12, "message": "内容不合规"}).message
    assert len(refusal(200, {"status": 12, "message": "x" * 100_000}).message) < 300


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, LIMITED_RETRY_AFTER),
        ("", LIMITED_RETRY_AFTER),
        ("7", 7.0),
        ("-7", LIMITED_RETRY_AFTER),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2026 07:28:00 GMT", LIMITED_RETRY_AFTER),
        ("9" * 1000, MAX_RETRY_AFTER),
    ],
)
def test_when_to_ask_a_limited_account_again(header: str | None, seconds: float) -> None:
    assert refusal(429, b"", header).retry_after == seconds


def test_when_to_ask_a_busy_account_again() -> None:
    assert refusal(200, {"status": 10061}).retry_after == AccountBusy.by_another_answer().retry_after
    assert refusal(200, {"status": 10061}, "9").retry_after == 9.0


KINDS = UpstreamFailed | RateLimited | TokenRefused | RiskControl | AccountBanned | BadRequest | Forbidden


@given(st.integers(200, 599), st.binary() | st.lists(values, min_size=2).map(lambda value: json.dumps(value).encode()))
def test_any_other_answer_is_a_failure_of_the_service(http_status: int, body: bytes) -> None:
    if http_status != 204:
        assert isinstance(refusal(http_status, body), KINDS)


@given(st.integers(200, 599), values, values)
def test_any_envelope_is_a_result_or_a_failure(http_status: int, status: Any, message: Any) -> None:
    body = json.dumps({"status": status, "message": message, "result": "r"}).encode()
    with suppress(*KINDS.__args__):
        assert envelope.result(http_status, body) in ("r", {})


@pytest.mark.parametrize(
    "body",
    [
        {"status": "0", "result": "r"},
        {"code": "0", "result": "r"},
        {"status": None, "result": "r"},
        {"result": "r"},
        {"code": 0, "data": "r"},
        [{"status": 0, "result": "r"}],
    ],
)
def test_an_envelope_may_be_written_in_many_ways(body: Any) -> None:
    assert envelope.result(200, json.dumps(body).encode()) == "r"


def test_no_content_is_no_failure() -> None:
    assert envelope.result(204, b"") == {}
