"""Real requests of Codex, with a token and with an API key: what reaches the model, and what Codex reads of the answer.

Codex reads whole items alone, by their types; the SDK's types stand for its reader here.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import httpx
import pytest
from openai.types.responses import CompactedResponse, ResponseStreamEvent
from pydantic import TypeAdapter

from tests import captures
from tests.bundle import Bundle, serve
from tests.upstream import Answer, StandIn, Text
from tests.wires.models import Call, Model, Turn, model

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


class Served(NamedTuple):
    """What comes of a request: words that reach the model, what the model does, and the item that Codex gets."""

    reaches: tuple[str, ...] = ("exec_command",)
    turn: Turn = Turn("Done.")
    item: dict[str, Any] = {"type": "message"}  # noqa: RUF012  Nobody changes it.


EXEC: Final = "text(await tools.exec_command({cmd: \"ls\"}));\n'}{'"
LITE: Final = Served(
    ("functions__exec", "collaboration__spawn_agent", "say hi"),
    Turn(calls=(Call("functions__exec", {"input": EXEC}),)),
    {"type": "custom_tool_call", "name": "exec", "namespace": "functions", "input": EXEC},
)
SPAWN: Final = Served(
    turn=Turn(calls=(Call("collaboration__spawn_agent", {"task_name": "t", "message": "count"}),)),
    item={"type": "function_call", "name": "spawn_agent", "namespace": "collaboration"},
)
SEARCH: Final = Served(
    ("tool_search",),
    Turn(calls=(Call("tool_search", {"query": "add"}),)),
    {"type": "tool_search_call", "execution": "client", "arguments": {"query": "add"}},
)
ADD: Final = Served(
    ("mcp__calc__add", "Adds two numbers."),
    Turn(calls=(Call("mcp__calc__add", {"a": "1", "b": "2"}),)),
    {"type": "function_call", "name": "add", "namespace": "mcp__calc"},
)
COMPACTED: Final = Served(("echo hi",), Turn("We said hi."), {"type": "compaction"})
SERVED: Final[dict[str, Served]] = {
    "codex-lite-first-turn": LITE,
    "codex-lite-after-exec": LITE._replace(reaches=("hi-42", "functions__exec")),
    "codex-lite-resumed": LITE,
    "codex-lite-after-view-image": LITE,
    "codex-lite-compaction": Served(("hi-42",)),
    "codex-lite-after-agents": SPAWN._replace(reaches=("child answer", "FINAL_ANSWER")),
    "codex-lite-subagent": SPAWN._replace(reaches=("sub task", "NEW_TASK")),
    "codex-after-change-of-model": SPAWN._replace(reaches=("exec_command", "functions__exec")),
    "codex-custom-tool": SEARCH,
    "codex-after-custom-tool": SEARCH._replace(reaches=("Updated the following files",)),
    "codex-after-tool-search": ADD,
    "codex-after-found-tool": ADD._replace(reaches=("sum 42",)),
    "codex-after-mcp-call": ADD._replace(reaches=("sum 42",)),
    "codex-after-remote-compaction": Served(("cannot be read",)),
    "codex-compaction": Served(("echo hi",)),
    "codex-after-namespace-call": Served(("Arendt", "multi_agent_v1__spawn_agent")),
    "codex-after-tool": Served(("Process exited with code 0",)),
    "probe-codex-compact": COMPACTED,
    "probe-codex-output-schema": Served(("codex_output_schema",), Turn('{"a": "b"}')),
}
NAMES: Final = [*captures.names("codex"), "probe-codex-compact", "probe-codex-output-schema"]


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


def ask(glm: Model, name: str, path: str = "", **fields: Any) -> httpx.Response:
    request = captures.load(name, glm.key)
    body = {**request.body, **fields}
    return httpx.post(f"{glm.bundle.url}{path or request.path}", headers=request.headers, json=body, timeout=30)


def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    events = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
    for event in events:
        _EVENT.validate_python(event)
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1]["type"] == "response.completed"
    return events


def items_of(response: httpx.Response) -> list[dict[str, Any]]:
    return [event["item"] for event in events_of(response) if event["type"] == "response.output_item.done"]


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_served(glm: Model, name: str) -> None:
    expected = SERVED.get(name, Served())
    glm.play(expected.turn)
    (item,) = items_of(ask(glm, name))
    assert {field: item.get(field) for field in expected.item} == expected.item
    (asked,) = glm.asked()
    for words in expected.reaches:
        assert words in asked


def test_each_tool_is_told_once(glm: Model) -> None:
    glm.play(Turn("Done."))
    ask(glm, "codex-lite-resumed")
    told = glm.asked()[0].replace('\\"', '"').replace('": "', '":"')
    assert told.count('"name":"functions__wait"') == 1


def test_a_summary_stands_for_the_past(glm: Model) -> None:
    glm.play(Turn("The user likes blue."), Turn("It goes on."), Turn("And on."))
    (sealed,) = items_of(ask(glm, "probe-codex-compact"))
    assert "blue" not in sealed["encrypted_content"]
    later = [{"type": "message", "role": "user", "content": "Which colour?"}, sealed]
    assert items_of(ask(glm, "codex-first-turn", input=later, model="glm-5.3-flash"))[0]["type"] == "message"
    assert "The user likes blue." in glm.asked()[-1]
    changed = {**sealed, "encrypted_content": sealed["encrypted_content"][:-9] + "AAAAAAAA="}
    refused = ask(glm, "codex-first-turn", input=[*later[:1], changed])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_prompt")
    assert "cannot be read" in refused.json()["error"]["message"]


def test_a_path_compacts_too(glm: Model) -> None:
    glm.play(Turn("We said hi."))
    answered = ask(glm, "codex-first-turn", "/v1/responses/compact")
    compacted = CompactedResponse.model_validate_json(answered.content)
    assert [item.type for item in compacted.output] == ["compaction"]


def test_another_access_key_reads_it_and_another_token_is_told_why_not(upstream: StandIn) -> None:
    first, second = upstream.account().refresh_token, upstream.account().refresh_token
    environ = {"GLM_CHATGLM_URL": upstream.url}
    body = {"model": "glm-5.3", "input": [{"role": "user", "content": "Hi"}, {"type": "compaction_trigger"}]}

    def send(bundle: Bundle, key: str, given: Any) -> httpx.Response:
        upstream.script(Answer(Text("A summary.")))
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(f"{bundle.url}/v1/responses", headers=headers, json={**body, "input": given}, timeout=30)

    with serve({**environ, "GLM_TOKENS": first, "GLM_ACCESS_KEYS": "key-one-1234567890,key-two-1234567890"}) as shared:
        (sealed,) = send(shared, "key-one-1234567890", body["input"]).json()["output"]
        assert send(shared, "key-two-1234567890", [sealed]).status_code == 200
    with serve(environ) as open_to_all:
        (sealed,) = send(open_to_all, second, body["input"]).json()["output"]
        assert send(open_to_all, second, [sealed]).status_code == 200
        refused = send(open_to_all, upstream.account().refresh_token, [sealed])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_prompt")
