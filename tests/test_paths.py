"""Paths that are not quite right: who asks for them is told what to use."""

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import pytest

import api.index
from lib.serving.lambda_handler import LambdaHandler
from tests import raw_http
from tests.bundle import CHECKOUT, Bundle


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/chat/completions", "/models", "/models/glm-5.3", "/messages", "/images/generations", "/async-result/x"]
)
def test_a_base_url_without_v1_is_told_what_to_use(bundle: Bundle, method: str, path: str) -> None:
    response = httpx.request(method, bundle.url + path)
    assert response.status_code == 404
    assert response.json()["error"]["message"].startswith(f"Use /v1{path}: ")


@pytest.mark.parametrize("path", ["/nothing", "/v1/nothing", "/chat", "/v2/nothing"])
def test_other_paths_are_not_found(bundle: Bundle, path: str) -> None:
    response = httpx.post(bundle.url + path)
    assert response.status_code == 404
    assert "/v1/" not in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/chat/completion", "/v1/chat/completions"),
        ("/v1/image/generations", "/v1/images/generations"),
        ("/v1/embedding", "/v1/embeddings"),
        ("/v1/messages/count_token", "/v1/messages/count_tokens"),
    ],
)
def test_a_path_that_is_nearly_right_is_told_the_right_one(bundle: Bundle, path: str, meant: str) -> None:
    assert httpx.post(bundle.url + path).json()["error"]["message"].endswith(f"Did you mean {meant}?")


def test_a_method_that_is_not_taken_is_named(bundle: Bundle) -> None:
    response = httpx.put(f"{bundle.url}/v1/videos/generations/x")
    assert response.status_code == 405
    assert response.headers["allow"] == "DELETE, GET, HEAD"
    assert response.json()["error"]["message"] == "This path takes DELETE, GET, HEAD, not PUT."


@pytest.mark.parametrize("path", ["/v1/models/no", "/nothing", "/v1/nothing"])
def test_who_speaks_anthropics_api_is_told_in_its_form(bundle: Bundle, path: str) -> None:
    told = httpx.get(bundle.url + path, headers={"anthropic-version": "2023-06-01"}).json()
    assert (told["type"], told["error"]["type"]) == ("error", "not_found_error")


def test_a_request_may_name_its_whole_url(bundle: Bundle) -> None:
    answer = raw_http.exchange(bundle.url, raw_http.compose("GET", f"{bundle.url}/v1/models"))
    assert answer.json()["object"] == "list"


LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "stream"}


@pytest.mark.parametrize(
    ("environ", "ahead"),
    [
        ({}, False),
        ({"VERCEL": "1", **LAMBDA}, False),
        (LAMBDA, False),
        ({"AWS_LWA_INVOKE_MODE": "response_stream", **LAMBDA}, True),
        ({"AWS_LAMBDA_HTTP_ENDPOINT": "127.0.0.1:8080", **LAMBDA}, True),
    ],
)
def test_the_chat_is_imported_at_the_start_where_lambda_starts_a_web_server(
    environ: dict[str, str], ahead: bool
) -> None:
    script = "import api.index, sys; print('api.v1.chat.completions' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], env=environ, cwd=CHECKOUT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == str(ahead)


class Context:
    """What Lambda passes beside an event."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


V1: dict[str, Any] = {
    "httpMethod": "GET",
    "headers": {},
    "multiValueHeaders": {},
    "queryStringParameters": None,
    "body": None,
}
V2: dict[str, Any] = {"version": "2.0", "headers": {}, "rawQueryString": "", "isBase64Encoded": False}


@pytest.mark.parametrize(
    ("kind", "path", "stage", "route", "proxy"),
    [
        ("http", "/v1/models", "$default", "$default", None),
        ("http", "/dev/v1/models", "dev", "$default", None),
        ("http", "/v1/v1/models", "v1", "$default", None),
        ("http", "/dev/v1/models", "dev", "ANY /{proxy+}", "v1/models"),
        ("http", "/glm/v1/models", "$default", "ANY /{proxy+}", "v1/models"),
        ("rest", "/v1/models", "v1", "/{proxy+}", "v1/models"),
        ("rest", "/v1/models", "v1", "/v1/models", None),
        ("rest", "/glm/v1/models", "prod", "/{proxy+}", "v1/models"),
    ],
)
def test_a_stage_and_a_base_path_of_api_gateway_are_not_part_of_the_path(
    kind: str, path: str, stage: str, route: str, proxy: str | None
) -> None:
    facts: dict[str, Any] = {
        "stage": stage,
        "identity": {},
        "http": {"method": "GET", "path": path, "sourceIp": "1.1.1.1"},
    }
    event: dict[str, Any] = {"requestContext": facts, "pathParameters": proxy and {"proxy": proxy}}
    event |= {**V2, "rawPath": path, "routeKey": route} if kind == "http" else {**V1, "path": path, "resource": route}
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    answer = LambdaHandler(api.index.app)(event, Context())
    loop.close()
    assert (answer["statusCode"], "glm-5.3" in answer["body"]) == (200, True)


def test_a_mark_after_a_models_name_is_no_call_of_googles(bundle: Bundle) -> None:
    assert httpx.get(f"{bundle.url}/v1/models/glm-5.3:latest").json().get("object") == "model"
