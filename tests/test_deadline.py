"""How long an invocation may run: what each platform says, believed only there; and work that is not interrupted."""

import asyncio
import gc
import json
import math
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.invocation.deadline import CLEAN_UP_TIMEOUT, GRACE, Deadline, shielded_wait, uninterrupted
from lib.serving.platforms import platform_of

VERCEL = {"VERCEL": "1"}
ADAPTER = {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LWA_INVOKE_MODE": "response_stream"}
LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "glm"}
NEAR = 0.5
"""Seconds that a test may take between asking and looking."""


class Context:
    """What Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


@pytest.fixture
def vercel_says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand in for Vercel's runtime, which is loaded before the functions are, and there alone."""

    def say(seconds: float | None) -> None:
        moment = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
        runtime = ModuleType("vercel_runtime.deadline")
        runtime.get_deadline = lambda: moment  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "vercel_runtime.deadline", runtime)

    return say


def vercel_header(seconds: float) -> tuple[bytes, bytes]:
    """What Vercel's proxy tells its runtime."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return b"x-vercel-internal-deadline", moment.isoformat().replace("+00:00", "Z").encode()


def lambda_header(seconds: float) -> tuple[bytes, bytes]:
    context = {"request_id": "r", "deadline": round((time.time() + seconds) * 1000), "memory": 1024}
    return b"x-amzn-lambda-context", json.dumps(context).encode()


def remaining(
    *headers: tuple[bytes, bytes],
    environ: dict[str, str],
    max_duration: float | None = None,
    context: Context | None = None,
) -> float:
    scope = {"headers": list(headers)} | ({} if context is None else {"aws.context": context})
    seconds = platform_of(scope, environ).seconds_left()
    return Deadline(seconds if seconds is not None else max_duration or math.inf).remaining()


def test_vercel_says_it_in_its_runtime(vercel_says: Any) -> None:
    vercel_says(100)
    assert remaining(environ=VERCEL) == pytest.approx(100 - GRACE, abs=NEAR)
    assert remaining(environ={}) == math.inf


def test_lambda_says_it_in_its_context() -> None:
    for environ in (LAMBDA, ADAPTER, VERCEL, {}):
        assert remaining(environ=environ, context=Context()) == pytest.approx(100 - GRACE, abs=NEAR)


def test_the_adapter_says_it_in_a_header() -> None:
    assert remaining(lambda_header(100), environ=ADAPTER) == pytest.approx(100 - GRACE, abs=NEAR)


@pytest.mark.parametrize(
    ("header", "environ"),
    [
        (vercel_header, {}),
        (vercel_header, VERCEL),
        (vercel_header, ADAPTER),
        (lambda_header, {}),
        (lambda_header, VERCEL),
        (lambda_header, LAMBDA),
        (lambda_header, {"AWS_LWA_INVOKE_MODE": "response_stream"}),
    ],
)
def test_a_header_is_not_believed_where_its_platform_does_not_run(header: Any, environ: dict[str, str]) -> None:
    assert remaining(header(1), environ=environ) == math.inf
    assert remaining(header(1), environ=environ, max_duration=100) == pytest.approx(100 - GRACE, abs=NEAR)


def test_what_the_platform_says_counts_before_the_setting(vercel_says: Any) -> None:
    vercel_says(100)
    assert remaining(environ=VERCEL, max_duration=10) == pytest.approx(100 - GRACE, abs=NEAR)
    assert remaining(lambda_header(100), environ=ADAPTER, max_duration=10) == pytest.approx(100 - GRACE, abs=NEAR)


def test_where_nobody_says_there_is_no_limit(vercel_says: Any) -> None:
    assert remaining(environ={}) == math.inf
    assert remaining(environ=VERCEL) == math.inf
    assert remaining(environ=ADAPTER, max_duration=100) == pytest.approx(100 - GRACE, abs=NEAR)
    vercel_says(None)
    assert remaining(environ=VERCEL, max_duration=100) == pytest.approx(100 - GRACE, abs=NEAR)


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"5", b"{}", b'{"deadline": null}', b'{"deadline": "x"}', b"\xff"])
def test_a_header_that_cannot_be_read_is_left_out(value: bytes) -> None:
    assert remaining((b"x-amzn-lambda-context", value), environ=ADAPTER) == math.inf


def test_a_moment_that_has_passed_leaves_nothing(vercel_says: Any) -> None:
    vercel_says(-10)
    assert remaining(environ=VERCEL) == 0
    assert remaining(lambda_header(-10), environ=ADAPTER) == 0


@given(st.floats(0, 100_000))
def test_grace_is_kept_back_but_no_more_than_a_tenth(seconds: float) -> None:
    before = time.monotonic()
    ends_at = Deadline(seconds).ends_at
    kept = min(GRACE, seconds / 10)
    assert before + seconds - kept <= ends_at <= time.monotonic() + seconds - kept


def test_cleaning_up_fits_into_the_grace() -> None:
    assert CLEAN_UP_TIMEOUT < GRACE


def test_where_little_is_left_cleaning_up_takes_less_than_that() -> None:
    assert Deadline().clean_up_seconds() == CLEAN_UP_TIMEOUT
    assert 1.4 < Deadline(2).clean_up_seconds() <= 1.6
    assert Deadline(0).clean_up_seconds() == 0


@pytest.mark.parametrize(("seconds", "at_most"), [(0.05, math.inf), (math.inf, 0.05), (100, 0.05), (0.05, 100)])
@pytest.mark.parametrize("late_by", [0.0, 0.05])
def test_waiting_ends_at_whichever_comes_first(seconds: float, at_most: float, late_by: float) -> None:
    async def wait() -> None:
        async with Deadline(seconds, grace=0).timeout(at_most, late_by=late_by):
            await asyncio.sleep(10)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(wait())
    expected = min(seconds + late_by, at_most)
    assert 0.8 * expected < time.monotonic() - began < 5


def test_without_a_deadline_nothing_is_timed() -> None:
    async def when() -> float | None:
        async with Deadline().timeout() as timeout:
            return timeout.when()

    assert asyncio.run(when()) is None


# --- Work that is not interrupted


def test_what_is_waited_for_is_returned_or_raised() -> None:
    async def work(*, fails: bool) -> str:
        await asyncio.sleep(0)
        if fails:
            raise KeyError("x")
        return "done"

    assert asyncio.run(uninterrupted(work(fails=False), 10)) == "done"
    with pytest.raises(KeyError):
        asyncio.run(uninterrupted(work(fails=True), 10))


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("times", [1, 3])
def test_a_cancelled_caller_leaves_when_the_work_is_done(times: int, fails: bool) -> None:
    complaints: list[dict[str, Any]] = []

    async def main() -> list[str]:
        events: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            await go_on.wait()
            events.append("done")
            if fails:
                raise KeyError("x")

        async def caller() -> None:
            try:
                await uninterrupted(work(), 10)
            except asyncio.CancelledError:
                events.append("cancelled")
                raise

        task = asyncio.create_task(caller())
        await begun.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        assert events == []
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return events

    assert asyncio.run(main()) == ["done", "cancelled"]
    gc.collect()  # asyncio complains of an error that nobody looked at when it is forgotten.
    assert complaints == []


@pytest.mark.parametrize("cancelled", [False, True])
def test_work_that_takes_too_long_is_cancelled(cancelled: bool) -> None:
    async def main() -> str:
        end = ""

        async def work() -> None:
            nonlocal end
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                end = "cancelled"
                raise

        task = asyncio.create_task(uninterrupted(work(), 0.05))
        await asyncio.sleep(0.01)
        if cancelled:
            task.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled else TimeoutError):
            await task
        await asyncio.sleep(0)
        return end

    assert asyncio.run(main()) == "cancelled"


@pytest.mark.parametrize("seconds", [0.0, 10.0])
def test_what_others_wait_for_too_is_left_alone(seconds: float) -> None:
    async def main() -> str:
        work = asyncio.create_task(asyncio.sleep(0.05, "done"))
        leaving = asyncio.create_task(shielded_wait(work, seconds))
        await asyncio.sleep(0)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        assert work.done() == (seconds > 0)
        return await work

    assert asyncio.run(main()) == "done"
