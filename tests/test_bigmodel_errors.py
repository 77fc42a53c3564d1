"""What the open platform refuses, as the house says it, and what is asked again for it."""

import time
from collections.abc import Iterator
from contextlib import aclosing

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import errors as house
from lib.errors import Crowded, Error, NotConnected
from lib.invocation import context, retry
from lib.invocation.context import Invocation
from lib.invocation.deadline import Deadline
from lib.types.chat import ChatRequest
from lib.types.events import Event
from lib.types.images import ImageRequest
from lib.types.upstream import KeyState, Tries
from lib.types.videos import VideoRequest
from lib.upstreams.bigmodel import errors
from tests import bigmodel
from tests.bigmodel import ERRORS, Answer, Gate, Platform
from tests.bigmodel_upstream import UPSTREAM, ask, finish, request, run, settled, text


@pytest.fixture(scope="module")
def server() -> Iterator[Platform]:
    with Platform() as platform, settled({"GLM_PLATFORM_URL": platform.url}):
        yield platform


@pytest.fixture
def platform(server: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setattr(retry.Policy, "wait", lambda *_: 0.001)
    yield server
    server.reset()


MEANT: dict[int, type[Error]] = {
    **dict.fromkeys((1000, 1001, 1003, 1005), house.Unauthorized),
    1113: house.QuotaExceeded,
    **dict.fromkeys((1200, 1230, 1234), house.UpstreamUnavailable),
    **dict.fromkeys((1210, 1212, 1213, 1214, 1215, 1221, 1222), house.BadRequest),
    1211: house.NotFound,
    1220: house.Forbidden,
    1261: house.ContextLengthExceeded,
    1301: house.ContentFiltered,
    **dict.fromkeys((1302, 1303, 1305), house.RateLimited),
    **dict.fromkeys((1308, 1309, 1310), house.QuotaExceeded),
    **dict.fromkeys((1311, 1313), house.Forbidden),
    **dict.fromkeys(range(1314, 1322), house.QuotaExceeded),
}
REPEATED = {1200, 1230, 1234, 1302, 1305}


def failure(asked: ChatRequest, key: str, *, wait_if_busy: bool = True) -> Error:
    with pytest.raises(Error) as caught:
        ask(asked, key)
    return caught.value


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_of_the_table_is_told_and_repeated_only_where_that_may_help(platform: Platform, code: int) -> None:
    platform.fail("chat", code=code, times=None)
    error = failure(request(), platform.key())
    assert isinstance(error, MEANT[code])
    assert str(code) in error.message
    assert len(platform.requests("chat")) == (1 + (retry.CALL.times or 0) if code in REPEATED else 1)
    if error.status == 429 and not isinstance(error, house.QuotaExceeded):
        assert error.retry_after is not None
    if isinstance(error, house.QuotaExceeded | house.Forbidden):
        assert error.retry is False


@pytest.mark.parametrize("code", sorted(REPEATED))
def test_what_passes_is_not_noticed(platform: Platform, code: int) -> None:
    platform.fail("chat", code=code, times=2)
    assert finish(ask(request(), platform.key())) == "stop"


@pytest.mark.parametrize(
    ("status", "kind", "requests"),
    [
        (500, house.UpstreamUnavailable, 3),
        (502, house.UpstreamUnavailable, 3),
        (503, house.UpstreamUnavailable, 3),
        (504, house.UpstreamUncertain, 1),
        (520, house.UpstreamUncertain, 1),
        (401, house.Unauthorized, 1),
        (403, house.Forbidden, 1),
        (404, house.NotFound, 1),
        (405, house.BadRequest, 1),
        (413, house.TooLarge, 1),
        (429, house.RateLimited, 1),
        (434, house.Forbidden, 1),
    ],
)
def test_a_page_in_place_of_an_answer_is_told_by_its_status(
    platform: Platform, status: int, kind: type[Error], requests: int
) -> None:
    platform.fail("chat", status=status, times=None)
    error = failure(request(), platform.key())
    assert isinstance(error, kind)
    assert len(platform.requests("chat")) == requests


def test_an_error_in_the_stream_before_the_first_word_is_one_like_any_other(platform: Platform) -> None:
    platform.script(Answer(error=1305), times=2)
    assert finish(ask(request(), platform.key())) == "stop"
    assert len(platform.requests("chat")) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"code": 1113, "msg": "余额不足", "success": False},
        {"error": {"code": 1113, "message": "余额不足"}},
        {"error": {"code": "1113"}},
    ],
)
def test_an_error_with_the_status_of_a_success_is_one(platform: Platform, body: dict[str, object]) -> None:
    platform.fail("chat", status=200, body=body)
    assert isinstance(failure(request(), platform.key()), house.QuotaExceeded)


def test_a_connection_lost_after_the_request_was_sent_is_uncertain(platform: Platform) -> None:
    platform.fail("chat", drop=True, times=None)
    error = failure(request(), platform.key())
    assert isinstance(error, house.UpstreamUncertain)
    assert len(platform.requests("chat")) == 1


def test_a_platform_that_cannot_be_reached_is_unavailable(platform: Platform) -> None:
    with settled({"GLM_PLATFORM_URL": "http://127.0.0.1:9/api"}):
        error = failure(request(), platform.key())
    assert isinstance(error, NotConnected)


def test_nothing_is_repeated_past_the_deadline(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry.Policy, "wait", lambda *_: 1000.0)
    platform.fail("chat", code=1302)
    key = platform.key()

    async def ask_in_time() -> None:
        invocation = Invocation()
        invocation.deadline = Deadline(30)
        context.begin(invocation)
        async with aclosing(UPSTREAM.answer(request(), key, Tries())) as answer:
            await anext(answer)

    with pytest.raises(Crowded):
        run(ask_in_time)


def ask_within(seconds: float, key: str) -> list[Event]:
    async def collect() -> list[Event]:
        invocation = Invocation()
        invocation.deadline = Deadline(seconds)
        context.begin(invocation)
        async with aclosing(UPSTREAM.answer(request(), key, Tries())) as answer:
            return [event async for events in answer for event in events]

    return run(collect)


def test_at_the_deadline_an_answer_ends_with_what_has_come(platform: Platform) -> None:
    gate = Gate(after=1)
    platform.script(Answer(bigmodel.Text("Hel", "lo"), gate=gate))
    events = ask_within(1.0, platform.key())
    assert (text(events), finish(events)) == ("Hel", "length")


def test_an_answer_that_has_not_begun_by_then_is_late(platform: Platform) -> None:
    platform.fail("chat", gate=Gate(), times=None)
    with pytest.raises(house.DeadlineExceeded):
        ask_within(0.5, platform.key())
    assert len(platform.requests("chat")) == 1


# Quotas.


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("您的限额将在 2026-11-25 08:00:30 重置。", 30.0),
        ("Your limit will reset at 2026-11-25 08:01:00", 60.0),
        ("reset at 2026-11-25T09:00", 3600.0),
        ("reset at 2026-11-25 07:59:59", None),
        ("reset at 2026-13-45 07:59:59", None),
        ("no time at all", None),
        ("", None),
    ],
)
def test_the_time_of_reset_is_read_in_chinese_time(words: str, seconds: float | None) -> None:
    midnight_utc = 1795564800.0  # 2026-11-25T00:00:00Z
    assert errors.reset_in(words, now=midnight_utc) == seconds


def test_a_quota_that_is_soon_back_is_worth_waiting_for() -> None:
    soon = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600 + 30))
    error = errors.of_code(1308, f"reset at {soon}", 429)
    assert type(error) is house.RateLimited
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 30
    late = errors.of_code(1310, "reset at 2099-01-01 00:00:00", 429)
    assert type(late) is house.QuotaExceeded
    assert late.retry_after is not None
    assert late.retry_after > 1e6
    assert errors.of_code(1308, "", 429).retry_after == errors.RESET_RETRY_AFTER


@settings(deadline=None)  # A busy machine is no failure.
@given(st.integers(100, 599), st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_refusal_is_an_error_of_a_readable_length(status: int, content: bytes) -> None:
    error = errors.of_response(status, content)
    assert len(error.message) < 1000
    assert error.message.isprintable()


FIELDS = st.sampled_from(["error", "code", "message", "msg", "success"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner),
    max_leaves=8,
)


@settings(deadline=None)  # A busy machine is no failure.
@given(JSON)
def test_any_body_is_read_without_harm(body: object) -> None:
    error = errors.of_body(body)
    assert error is None or len(error.message) < 1000


# Orders cost money.


def order_picture(key: str) -> Error:
    with pytest.raises(Error) as caught:
        run(lambda: UPSTREAM.draw(ImageRequest("A cat"), key, Tries()))
    return caught.value


def order_video(key: str) -> Error:
    with pytest.raises(Error) as caught:
        run(lambda: UPSTREAM.create_video(VideoRequest("A cat"), key))
    return caught.value


@pytest.mark.parametrize(("order", "endpoint"), [(order_picture, "image"), (order_video, "video")])
@pytest.mark.parametrize(
    ("how", "kind", "orders"),
    [
        ({"drop": True}, house.UpstreamUncertain, 1),
        ({"status": 503}, house.UpstreamUncertain, 1),
        ({"status": 504}, house.UpstreamUncertain, 1),
        ({"code": 1234}, house.UpstreamUnavailable, 1),
        ({"code": 1113}, house.QuotaExceeded, 1),
        ({"code": 1303}, house.RateLimited, 1),
        ({"code": 1302}, Crowded, 3),
        ({"code": 1305}, Crowded, 3),
    ],
)
def test_an_order_is_repeated_only_where_it_was_surely_not_taken(
    platform: Platform, order: object, endpoint: str, how: dict[str, object], kind: type[Error], orders: int
) -> None:
    assert callable(order)
    platform.fail(endpoint, times=None, **how)
    assert isinstance(order(platform.key()), kind)
    assert len(platform.requests(endpoint)) == orders


# Keys.


def check(key: str) -> KeyState:
    return run(lambda: UPSTREAM.check(key))


def test_a_key_that_lives_is_told_without_generating(platform: Platform) -> None:
    assert check(platform.key()) == KeyState(live=True, kind="api_key")
    assert [one.name for one in platform.record] == ["models"]


def test_a_key_without_money_lives(platform: Platform) -> None:
    assert check(platform.key(refuse=1113)).live


@pytest.mark.parametrize("code", [1000, 1003, 1005])
def test_a_refused_key_does_not_live(platform: Platform, code: int) -> None:
    found = check(platform.key(refuse=code))
    assert found._replace(reason="") == KeyState(live=False, kind="api_key")
    assert str(code) in found.reason


@pytest.mark.parametrize("how", [{"status": 404}, {"status": 500}, {"code": 1222}])
def test_where_the_list_of_models_is_missing_tokens_are_counted(platform: Platform, how: dict[str, int]) -> None:
    platform.fail("models", times=None, **how)
    assert check(platform.key()).live
    assert [one.name for one in platform.record] == ["models", "tokenizer"]


def test_a_platform_that_is_down_says_nothing_of_a_key(platform: Platform) -> None:
    platform.fail("models", drop=True, times=None)
    platform.fail("tokenizer", status=503, times=None)
    with pytest.raises(house.UpstreamUnavailable):
        check(platform.key())


def test_an_answer_without_end_is_not_read_without_end(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.upstreams.bigmodel.service.MAX_JSON_BYTES", 1000)
    platform.fail("image", status=200, body=b"[" * 100_000, content_type="application/json")
    error = order_picture(platform.key())
    assert "too large" in error.message


def test_no_key_stands_in_an_error_or_in_what_is_sent_elsewhere(platform: Platform) -> None:
    key = platform.key(refuse=1003)
    error = failure(request("A secret prompt"), key)
    assert key not in error.message
    assert "secret" not in error.message
    assert error.__cause__ is None or not isinstance(error.__cause__, httpx.HTTPStatusError)


def test_a_proxy_that_refuses_before_the_platform_has_delivered_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So another key may be asked, and even an order be given again."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert isinstance(failure(request(), platform.key()), NotConnected)
    with pytest.raises(NotConnected):
        run(lambda: UPSTREAM.draw(ImageRequest("A cat"), platform.key(), Tries()))
    assert platform.requests("chat") == []
