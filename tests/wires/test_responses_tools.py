"""Tools as OpenAI's own client sees them in Responses, on the web service and on the open platform."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import Response

from tests.asking import sent, sent_text
from tests.bundle import Bundle
from tests.sdks import playing
from tests.sdks.playing import Way, calling
from tests.upstream import Account, Answer, StandIn, Text
from tests.wires.models import Call, Model, Turn, model

WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PATCH: Any = {"type": "custom", "name": "patch", "description": "Changes files."}
AGENTS: Any = {
    "type": "namespace",
    "name": "agents",
    "description": "Agents at work.",
    "tools": [{"type": "function", "name": "weather", "parameters": WEATHER["parameters"]}],
}
TOOLS: Any = [WEATHER, PATCH, AGENTS, {"type": "local_shell"}]
ASKED: Any = [{"role": "user", "content": "What is the weather in 北京?"}]


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


@pytest.fixture
def client(glm: Model) -> openai.OpenAI:
    return glm.bundle.client(glm.key)


def ask(client: openai.OpenAI, given: Any, *, streamed: bool, **options: Any) -> Response:
    fields: Any = {"model": "glm-5.3", "input": given, "tools": TOOLS, **options}
    if not streamed:
        made: Response = client.responses.create(**fields)
        return made
    with client.responses.stream(**fields) as events:
        items = [event.item for event in events if event.type == "response.output_item.done"]
        final: Response = events.get_final_response()
    assert [item.type for item in items] == [item.type for item in final.output]
    return final


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            Call("weather", {"city": "北京"}),
            {"type": "function_call", "name": "weather", "arguments": {"city": "北京"}},
        ),
        (Call("patch", {"input": '+ "a"\n'}), {"type": "custom_tool_call", "name": "patch", "input": '+ "a"\n'}),
        (
            Call("agents__weather", {"city": "北京"}),
            {"type": "function_call", "name": "weather", "namespace": "agents", "arguments": {"city": "北京"}},
        ),
    ],
    ids=["function", "custom", "namespace"],
)
def test_a_tool_is_called_and_its_result_is_seen(
    glm: Model, client: openai.OpenAI, call: Call, told: dict[str, Any], streamed: bool
) -> None:
    glm.play(Turn("I look.", (call,)), Turn("All is well."))
    response = ask(client, ASKED, streamed=streamed)
    message, made = (item.to_dict() for item in response.output)
    assert message["type"] == "message"
    if "arguments" in told:
        made["arguments"] = json.loads(str(made["arguments"]))
    assert {key: made.get(key) for key in told} == told
    kind = "custom_tool_call_output" if call.name == "patch" else "function_call_output"
    result = {"type": kind, "call_id": made["call_id"], "output": [{"type": "input_text", "text": "31 degrees"}]}
    final = ask(client, [*ASKED, *(item.to_dict() for item in response.output), result], streamed=streamed)
    assert final.output_text == "All is well."
    assert "31 degrees" in glm.asked()[1]
    assert all(
        value in glm.asked()[1].rpartition("I look.")[2] for value in call.arguments.values() if "\n" not in value
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_one_call_at_a_time(glm: Model, client: openai.OpenAI, streamed: bool) -> None:
    glm.play(Turn(calls=(Call("weather", {"city": "Rome"}), Call("weather", {"city": "Oslo"}))))
    made = ask(client, ASKED, streamed=streamed, parallel_tool_calls=False).output
    assert [json.loads(item.arguments) for item in made if item.type == "function_call"] == [{"city": "Rome"}]


def test_a_tool_that_has_to_be_called(glm: Model, client: openai.OpenAI) -> None:
    glm.play(Turn("I will."), Turn(calls=(Call("weather", {"city": "Rome"}),)))
    made = ask(client, ASKED, streamed=False, tool_choice={"type": "function", "name": "weather"}).output
    assert [item.name for item in made if item.type == "function_call"] == ["weather"]
    assert all("Changes files." not in asked for asked in glm.asked())


def test_no_tool_is_declared_where_none_may_be_called(glm: Model, client: openai.OpenAI) -> None:
    glm.play(Turn("It is sunny."))
    assert ask(client, ASKED, streamed=False, tool_choice="none").output_text == "It is sunny."
    assert "The weather of a city." not in glm.asked()[0]


@pytest.mark.parametrize("way", ["trained", "native"])
def test_a_kept_conversation_goes_on_with_results_and_tools(
    bundle: Bundle, upstream: StandIn, account: Account, way: Way
) -> None:
    upstream.script(Answer(*calling(playing.Call("weather", {"city": "Rome"}), way=way)))
    upstream.script(Answer(Text("It is hot.")))
    client = bundle.client(account.refresh_token)
    first = ask(client, "How is Rome?", streamed=False, store=True)
    (call,) = [item for item in first.output if item.type == "function_call"]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "31 degrees"}
    second = ask(client, [result], streamed=False, store=True, previous_response_id=first.id)
    assert second.output_text == "It is hot."
    text = sent_text(upstream)
    assert "The weather of a city." in text
    assert "31 degrees" in text
    assert "How is Rome?" not in text, "the service remembers it"
    assert sent(upstream)["conversation_id"]
