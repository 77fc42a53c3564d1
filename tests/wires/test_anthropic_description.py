"""What `/openapi.json` says of Anthropic's Messages is true."""

import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from lib.wires.openapi import describe
from tests import captures
from tests.bundle import Bundle
from tests.upstream import Account, Answer, Intervene, Search, Source, StandIn, Text, Think

DESCRIPTION = describe()
schema = schemathesis.openapi.from_dict(DESCRIPTION).include(path_regex="^/v1/messages")

NOT_CHECKED = [
    checks.negative_data_rejection,  # Numbers and truths may come as texts: clients send them so.
    checks.positive_data_acceptance,  # Files that cannot be had, and messages that ask nothing, are refused.
    checks.not_a_server_error,  # Some are expected; `status_code_conformance` refuses the others.
]


@schema.parametrize()
@settings(max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_schemathesis_makes_of_it(case: schemathesis.Case[Any], bundle: Bundle, stand_in: StandIn) -> None:
    key = stand_in.account().refresh_token
    response = case.call(base_url=bundle.url, headers={"Authorization": f"Bearer {key}"})
    case.validate_response(response, excluded_checks=NOT_CHECKED)


@pytest.mark.parametrize("name", [name for name in captures.names("claude-code") if name != "claude-code-probe"])
def test_what_claude_code_sends_is_as_described(name: str) -> None:
    root = {"$ref": "#/components/schemas/MessageRequest", "components": DESCRIPTION["components"]}
    jsonschema_rs.validator_for(root).validate(captures.load(name, "").body)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Text("Hello")),
        Answer(Think("Hm."), Search("x", Source("One", "https://one.example/", "…")), Text("So.")),
        Answer(Text("Once "), ending=Intervene("换个话题吧")),
    ],
    ids=["text", "search", "filtered"],
)
def test_answers_are_as_described(bundle: Bundle, upstream: StandIn, account: Account, answer: Answer) -> None:
    upstream.script(answer)
    headers = {"x-api-key": account.refresh_token}
    body = {"messages": [{"role": "user", "content": "Hi"}], "thinking": {"type": "enabled"}}
    response = httpx.post(f"{bundle.url}/v1/messages", json=body, headers=headers, timeout=30)
    assert response.status_code == 200
    schema["/v1/messages"]["POST"].validate_response(response)
    assert json.loads(response.content)["content"]
