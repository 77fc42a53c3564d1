"""What `/openapi.json` says of OpenAI's Responses is true."""

import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis

from lib.wires.openapi import describe
from tests import captures
from tests.bundle import Bundle
from tests.upstream import Account, Answer, Intervene, Search, Source, StandIn, Text, Think

DESCRIPTION = describe()
schema = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.mark.parametrize("name", captures.names("codex"))
def test_what_codex_sends_is_as_described(name: str) -> None:
    root = {"$ref": "#/components/schemas/ResponseRequest", "components": DESCRIPTION["components"]}
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
    response = ask(bundle, account, input="Hi", tools=[{"type": "web_search"}])
    assert response.status_code == 200
    schema["/v1/responses"]["POST"].validate_response(response)
    assert json.loads(response.content)["output"]


def test_failures_are_as_described(bundle: Bundle, account: Account) -> None:
    refused = ask(bundle, account, input=[])
    assert refused.status_code == 400
    schema["/v1/responses"]["POST"].validate_response(refused)
    gone = httpx.get(f"{bundle.url}/v1/responses/resp_1")
    assert gone.status_code == 404
    schema["/v1/responses/{id}"]["GET"].validate_response(gone)


def ask(bundle: Bundle, account: Account, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    return httpx.post(f"{bundle.url}/v1/responses", json=body, headers=headers, timeout=30)
