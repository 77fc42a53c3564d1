"""The service refuses calls that a wrong clock has signed: its own clock is asked, once, and the call signed anew."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from lib.upstreams.chatglm.session.clock import Clock
from tests.asking import ask, turn
from tests.bundle import Bundle, serve
from tests.upstream import Account, StandIn

AHEAD = 60.0
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACADs="}}


@pytest.fixture
def fresh(upstream: StandIn) -> Iterator[Bundle]:
    """A bundle that has not asked for the clock yet."""
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        yield bundle


@pytest.mark.parametrize("ahead", [AHEAD, -AHEAD])
def test_a_wrong_clock_is_not_seen(fresh: Bundle, upstream: StandIn, account: Account, ahead: float) -> None:
    upstream.change(clock_ahead=ahead, clock_tolerance=10.0)
    for _ in range(2):
        assert ask(fresh, account).choices[0].finish_reason == "stop"
    assert len(upstream.requests("clock")) == 1
    assert len(upstream.requests("refresh", account)) == 1


def test_a_clock_that_drifts_away_is_set_again(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    ask(fresh, account)
    upstream.change(clock_ahead=AHEAD, clock_tolerance=10.0)
    content: list[Any] = [{"type": "text", "text": "What is it?"}, PICTURE]
    assert ask(fresh, account, turn("user", content)).choices[0].finish_reason == "stop"
    assert len(upstream.requests("clock")) == 1


def test_where_the_clock_is_right_the_refusal_is_told(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("refresh", status=400, code=40014, times=10)
    with pytest.raises(openai.APIStatusError, match="clock") as caught:
        ask(fresh, account)
    assert caught.value.status_code == 502
    assert len(upstream.requests("clock")) <= len(upstream.requests("refresh"))


def test_where_nobody_tells_the_time_the_refusal_is_told(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.change(clock_ahead=AHEAD, clock_tolerance=10.0)
    upstream.fail("clock", status=500, times=10)
    with pytest.raises(openai.APIStatusError, match="clock"):
        ask(fresh, account)


@pytest.mark.parametrize(
    "form",
    [
        lambda now: now,
        lambda now: str(now),
        lambda now: now / 1000,
        lambda now: {"cur_ts": now},
        lambda now: {"timestamp": str(now)},
        lambda now: [{"cur_ts": now // 1000}],
    ],
)
def test_the_time_is_read_in_any_form(form: Any) -> None:
    clock = Clock()
    then = clock.milliseconds() + 3_600_000
    assert clock.set(form(then))
    assert abs(clock.milliseconds() - then) < 2500
    assert not clock.set(form(then))


@pytest.mark.parametrize("told", [None, {}, [], "soon", True, {"cur_ts": None}, -1, 0, float("nan")])
def test_what_is_no_time_sets_nothing(told: Any) -> None:
    clock = Clock()
    before = clock.milliseconds()
    assert not clock.set(told)
    assert abs(clock.milliseconds() - before) < 2500
