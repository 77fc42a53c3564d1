"""What each platform gives to a request and takes from it, believed where it runs and nowhere else."""

from typing import Any

import httpx
import pytest

from lib.errors import TooLarge
from lib.serving import platforms
from lib.serving.platforms import calls_handler, check_size, platform_of
from tests.bundle import Bundle, serve

STREAM = {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LWA_INVOKE_MODE": "response_stream"}
BUFFERED = {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LWA_INVOKE_MODE": "buffered"}
WEB_FUNCTION = {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LAMBDA_HTTP_ENDPOINT": "http://127.0.0.1:8000"}
MANGUM = {"AWS_LAMBDA_FUNCTION_NAME": "glm"}


class Context:
    """What Lambda passes to a handler."""

    aws_request_id = "from-lambda"

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


def scope(*headers: tuple[bytes, bytes], mangum: bool = False) -> dict[str, Any]:
    return {"headers": list(headers)} | ({"aws.context": Context()} if mangum else {})


@pytest.mark.parametrize(
    ("environ", "mangum", "body_limit", "stream_limit", "may_break_off", "handler"),
    [
        ({}, False, None, None, True, False),
        ({"VERCEL": "1", "AWS_LAMBDA_FUNCTION_NAME": "x"}, False, 4_500_000, None, True, False),
        (MANGUM, True, 6_000_000, 6_000_000, False, True),
        (STREAM, False, None, None, False, False),
        (BUFFERED, False, 6_000_000, 6_000_000, False, False),
        (WEB_FUNCTION, False, None, None, True, False),
    ],
    ids=["server", "vercel", "mangum", "adapter", "buffering adapter", "web function"],
)
def test_each_platform_has_its_limits(
    environ: dict[str, str],
    mangum: bool,
    body_limit: int | None,
    stream_limit: int | None,
    may_break_off: bool,
    handler: bool,
) -> None:
    platform = platform_of(scope(mangum=mangum), environ)
    assert (platform.body_limit, platform.stream_limit) == (body_limit, stream_limit)
    assert platform.may_break_off is may_break_off
    assert calls_handler(environ) is handler


def test_what_is_larger_than_the_platform_lets_through_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms.LambdaEvent, "body_limit", 10)
    assert check_size(bytes(11), scope(), "") == bytes(11)
    assert check_size(bytes(10), scope(mangum=True), "") == bytes(10)
    with pytest.raises(TooLarge, match="Ask for less"):
        check_size(bytes(11), scope(mangum=True), "Ask for less.")


CONTEXT = (b"x-amzn-lambda-context", b'{"request_id": "from-adapter", "deadline": 1}')
CLIENTS = (b"x-request-id", b"clients")


@pytest.mark.parametrize(
    ("environ", "headers", "mangum", "expected"),
    [
        ({}, [CLIENTS], False, "clients"),
        ({}, [CONTEXT], False, ""),
        ({}, [(b"x-request-id", b"no id, but words")], False, ""),
        (MANGUM, [CONTEXT, CLIENTS], True, "from-lambda"),
        (STREAM, [CONTEXT, CLIENTS], False, "from-adapter"),
        (WEB_FUNCTION, [CONTEXT], False, ""),
        ({"VERCEL": "1"}, [(b"x-vercel-id", b"hkg1::x-1"), CLIENTS], False, "hkg1::x-1"),
    ],
)
def test_a_request_is_known_by_the_platforms_id(
    environ: dict[str, str], headers: list[tuple[bytes, bytes]], mangum: bool, expected: str
) -> None:
    assert platform_of(scope(*headers, mangum=mangum), environ).request_id() == expected


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 100_000, b'{"deadline": "soon"}'])
def test_what_is_no_context_says_nothing(value: bytes) -> None:
    platform = platform_of(scope((b"x-amzn-lambda-context", value)), STREAM)
    assert (platform.seconds_left(), platform.request_id()) == (None, "")


def test_the_adapters_header_is_believed_behind_the_adapter_alone(bundle: Bundle) -> None:
    headers = {"x-amzn-lambda-context": '{"request_id": "r-1"}'}
    with serve(STREAM) as behind_adapter:
        assert httpx.get(f"{behind_adapter.url}/ping", headers=headers).headers["x-request-id"] == "r-1"
    assert httpx.get(f"{bundle.url}/ping", headers=headers).headers["x-request-id"] != "r-1"
