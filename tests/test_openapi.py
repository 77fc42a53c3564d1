"""The description of the endpoints: valid, complete, and true, as Schemathesis finds by trying it out."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from api.openapi import description
from tests.bundle import CHECKOUT, Bundle, serve
from tests.endpoints import endpoints
from tests.upstream import (
    Account,
    Answer,
    Code,
    Error,
    Intervene,
    Output,
    Pictures,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    Video,
)

DESCRIPTION: dict[str, Any] = description()
schema = schemathesis.openapi.from_dict(DESCRIPTION)

EXAMPLES = 60
"""Requests that Schemathesis makes up for each operation, besides those that it makes of the schema systematically."""

EXPECTED_FAULTS = {501, 502, 503, 504}
"""What may be answered though the request is fine: the service's faults, and the deployment's."""

NOT_CHECKED = [
    checks.negative_data_rejection,  # Numbers and truths may come as texts: clients send them so.
    checks.positive_data_acceptance,  # What the service cannot do is refused (n above 1), though it is OpenAI's.
    checks.not_a_server_error,  # Some are expected; `status_code_conformance` refuses the others.
]


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    """A stand-in whose accounts live as long as the tests here."""
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def key(service: StandIn) -> str:
    return service.account(generations=10).refresh_token


@pytest.fixture(scope="module")
def deployed(service: StandIn) -> Iterator[Bundle]:
    """A bundle as it is deployed: it fetches no files from this machine."""
    with serve({"GLM_CHATGLM_URL": service.url}) as bundle:
        yield bundle


# --- Valid


def test_it_is_openapi() -> None:
    schema.validate()
    assert DESCRIPTION["openapi"].startswith("3.1.")
    for name, described in DESCRIPTION["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(described | {"$schema": "https://json-schema.org/draft/2020-12/schema"}), (
            name
        )


def test_each_reference_leads_somewhere_and_each_component_is_led_to() -> None:
    components = DESCRIPTION["components"]
    there = {f"{kind}/{name}" for kind in ("schemas", "responses", "headers") for name in components[kind]}
    named = set(re.findall(r'"\$ref": "#/components/(\w+/[\w-]+)"', json.dumps(DESCRIPTION)))
    assert named == there


def test_it_is_served_as_it_is(bundle: Bundle) -> None:
    response = httpx.get(f"{bundle.url}/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(json.dumps(DESCRIPTION))


def test_every_endpoint_is_described() -> None:
    routed = {(path, method.lower()) for method, path in endpoints()}
    described = {
        (path, method) for path, item in DESCRIPTION["paths"].items() for method in item if method != "parameters"
    }
    assert routed == described


def test_it_costs_nothing_until_it_is_asked_for() -> None:
    code = "import sys, api.index; sys.exit('lib.wires.openapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0


# --- True


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_what_schemathesis_makes_of_it(case: schemathesis.Case[Any], deployed: Bundle, key: str) -> None:
    response = case.call(base_url=deployed.url, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code < 500 or response.status_code in EXPECTED_FAULTS
    case.validate_response(response, excluded_checks=NOT_CHECKED)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(Text("Hello")),
        Answer(Think("Hm."), Search("x", Source("One", "https://one.example/", "…")), Text("So.")),
        Answer(Code("print(1)"), Output("1"), Pictures(0, 1, prompt="a cat")),
        Answer(Text("Once "), ending=Intervene("换个话题吧")),
    ],
    ids=["text", "thought", "code", "filtered"],
)
def test_answers_are_as_described(
    bundle: Bundle, upstream: StandIn, account: Account, answer: Answer, stream: bool
) -> None:
    upstream.script(answer)
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    response = ask(bundle, account, "POST", "/v1/chat/completions", body | {"stream_options": {"include_usage": True}})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream" if stream else "application/json")


def test_a_stream_that_breaks_off_is_as_described(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one"), ending=Error()))
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    received = b""
    url = f"{bundle.url}/v1/chat/completions"
    # Without its last chunk, to show that it is not whole.
    with httpx.stream("POST", url, json=body, headers=headers) as response, suppress(httpx.RemoteProtocolError):
        for piece in response.iter_bytes():
            received += piece
    last = json.loads(received.decode().strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["message"]


def test_a_call_of_a_tool_is_as_described(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text('<tool_call>{"name": "find", "arguments": {"q": "x"}}</tool_call>')))
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
    body = {"messages": [{"role": "user", "content": "Hi"}], "tools": [tool]}
    answer = ask(bundle, account, "POST", "/v1/chat/completions", body).json()
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "find"


def test_answers_are_described_by_their_vendors() -> None:
    """All but the three that are nobody else's."""
    own = {"/ping", "/token/check"}
    for path, item in DESCRIPTION["paths"].items():
        for method, operation in item.items():
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            if path not in own and not (path.startswith("/v1/responses/") or method == "delete"):
                assert answer["externalDocs"]["url"].startswith("https://"), path


@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_pictures_are_as_described(bundle: Bundle, account: Account, form: str) -> None:
    body = {"prompt": "A cat", "n": 2, "response_format": form}
    assert len(ask(bundle, account, "POST", "/v1/images/generations", body).json()["data"]) == 2


@pytest.mark.parametrize("outcome", ["finished", "failed"])
def test_videos_are_as_described(bundle: Bundle, upstream: StandIn, account: Account, outcome: Any) -> None:
    upstream.video(Video(polls=1, outcome=outcome, message="no"))
    path = "/v1/videos/generations"
    job = ask(bundle, account, "POST", path, {"prompt": "A cat"}).json()["id"]
    states = [ask(bundle, account, "GET", path + "/{id}", id=job).json()["task_status"] for _ in range(3)]
    assert states == ["PROCESSING", *["SUCCESS" if outcome == "finished" else "FAIL"] * 2]
    assert ask(bundle, account, "GET", "/v1/async-result/{id}", id=job).json()["task_status"] == states[-1]
    assert ask(bundle, account, "DELETE", path + "/{id}", id=job).json()["deleted"]


def test_a_checked_token_is_as_described(bundle: Bundle, account: Account) -> None:
    assert ask(bundle, account, "POST", "/token/check", {"token": account.refresh_token}).json()["live"]
    assert ask(bundle, account, "GET", "/v1/models/{id}", id="glm-4").json()["id"] == "glm-4"


def ask(
    bundle: Bundle, account: Account, method: str, path: str, body: dict[str, Any] | None = None, **parameters: str
) -> httpx.Response:
    """What is answered, which is as described."""
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    response = httpx.request(method, bundle.url + path.format(**parameters), json=body, headers=headers, timeout=60)
    schema[path][method].validate_response(response)
    return response
