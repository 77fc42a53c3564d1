"""What the Lambda Web Adapter tells, and that it is believed where it runs and nowhere else."""

from typing import Any

import httpx
import pytest

from lib.invocation import lambda_adapter
from tests.bundle import Bundle, serve

ADAPTER = {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LWA_INVOKE_MODE": "response_stream"}


def scope(value: bytes) -> dict[str, Any]:
    return {"headers": [(b"host", b"x"), (b"x-amzn-lambda-context", value)]}


def test_the_context_is_read_where_the_adapter_runs() -> None:
    told = scope(b'{"request_id": "r-1", "deadline": 1}')
    assert lambda_adapter.context(told, ADAPTER) == {"request_id": "r-1", "deadline": 1}
    for environ in ({}, {"AWS_LAMBDA_FUNCTION_NAME": "glm"}, {"AWS_LWA_INVOKE_MODE": "response_stream"}):
        assert lambda_adapter.context(told, environ) == {}


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 100_000])
def test_what_is_no_context_is_none(value: bytes) -> None:
    assert lambda_adapter.context(scope(value), ADAPTER) == {}


def test_the_request_is_known_by_the_platforms_id(bundle: Bundle) -> None:
    headers = {"x-amzn-lambda-context": '{"request_id": "r-1"}'}
    with serve(ADAPTER) as behind_adapter:
        assert httpx.get(f"{behind_adapter.url}/ping", headers=headers).headers["x-request-id"] == "r-1"
    assert httpx.get(f"{bundle.url}/ping", headers=headers).headers["x-request-id"] != "r-1"
