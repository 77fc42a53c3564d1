"""Real requests of Gemini CLI and google-genai: each gets the answer that its method has."""

import json
from typing import Any

import httpx
import pytest
from google.genai import types

from tests import captures
from tests.asking import sent, sent_text
from tests.bundle import Bundle
from tests.upstream import Account, Answer, StandIn, Text, Think

REQUESTS = captures.names("gemini-cli") + captures.names("google-genai")
GENERATING = [
    name
    for name in REQUESTS
    if ":generateContent" in captures.load(name, "").path and name != "google-genai-tools"  # It wants a call.
]
STREAMING = [name for name in REQUESTS if ":stream" in captures.load(name, "").path]
JSON = '{"complexity_reasoning": "So.", "complexity_score": 5, "name": "Rome", "people": 3}'
"""Fits all schemas of these requests."""


def script(upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Text(*[JSON[at : at + 9] for at in range(0, len(JSON), 9)])))


@pytest.mark.parametrize("name", GENERATING)
def test_a_whole_answer(bundle: Bundle, upstream: StandIn, account: Account, name: str) -> None:
    script(upstream)
    answer = captures.send(bundle, account, name)
    assert answer.status_code == 200, answer.text
    read = types.GenerateContentResponse.model_validate_json(answer.content)
    assert json.loads(read.text or "") == json.loads(JSON)
    asked = captures.load(name, "").body.get("generationConfig", {}).get("thinkingConfig", {})
    shows = asked.get("includeThoughts") or asked.get("include_thoughts")
    thought = [part.text for part in read.parts or () if part.thought]
    assert thought == (["Hm."] if shows else [])


@pytest.mark.parametrize("name", STREAMING)
def test_a_streamed_answer(bundle: Bundle, upstream: StandIn, account: Account, name: str) -> None:
    script(upstream)
    answer = captures.send(bundle, account, name)
    assert answer.status_code == 200, answer.text
    assert all(line.startswith("data: {") or not line for line in answer.text.split("\n"))
    chunks = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    read = [types.GenerateContentResponse.model_validate(chunk) for chunk in chunks]
    assert "".join(part.text or "" for one in read for part in one.parts or () if not part.thought) == JSON
    assert [("finishReason" in chunk["candidates"][0]) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["usageMetadata"]["totalTokenCount"] > 0


def test_results_of_calls_and_the_picture_beside_them_reach_the_model(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    captures.send(bundle, account, "gemini-cli-after-parallel-tools")
    asked = sent_text(upstream)
    assert "I look." in asked
    assert asked.index("Directory /project is empty.") > asked.index("list_directory_1796104611818_1")
    captures.send(bundle, account, "gemini-cli-after-image")
    assert "Binary content provided" in sent_text(upstream)
    assert upstream.requests("upload")


@pytest.mark.parametrize(
    ("name", "searches"),
    [("gemini-cli-web-search", True), ("google-genai-search-tools", True), ("google-genai-stream", False)],
)
def test_the_service_searches_where_the_request_says_so(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, searches: bool
) -> None:
    captures.send(bundle, account, name)
    assert sent(upstream)["meta_data"]["is_networking"] is searches


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("gemini-cli-count-tokens", 200, "totalTokens"),
        ("google-genai-models", 200, "models"),
        ("google-genai-embed", 400, "error"),
        ("google-genai-interactions", 404, "error"),
        ("google-genai-upload", 404, "error"),
    ],
)
def test_what_else_they_ask_for(bundle: Bundle, account: Account, name: str, status: int, told: str) -> None:
    request = captures.load(name, account.refresh_token)
    content: Any = None if request.method == "GET" else request.body
    answer = httpx.request(request.method, bundle.url + request.path, headers=request.headers, json=content)
    assert (answer.status_code, list(answer.json())) == (status, [told])
