"""Answers that are not what was asked for: asked for once more, then an error that says what was wrong."""

import json
from typing import Any

import openai
import pytest

from tests.asking import ask, sent, sent_text
from tests.bundle import Bundle
from tests.sdks.playing import Call, calling
from tests.upstream import Account, Answer, StandIn, Text, Think, cut

TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
STRICT: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]},
    },
}
CALL = Answer(*calling(Call("get_weather", {"days": 3})))
NODE: dict[str, Any] = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["value", "next"],
    "additionalProperties": False,
}
NODES = {"$ref": "#/$defs/node", "$defs": {"node": NODE}}
LIST = {"value": 1, "next": {"value": 2, "next": None}}


def form(schema: Any) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "nodes", "schema": schema, "strict": True}}


def written(value: Any) -> Answer:
    return Answer(Text(*cut(json.dumps(value), 7)))


def content(told: Any, *, streamed: bool) -> str:
    if not streamed:
        words: str = told.choices[0].message.content
        return words
    return "".join(choice.delta.content or "" for chunk in told for choice in chunk.choices)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("first", "fields", "wish"),
    [
        (Answer(Text("I will look.")), {"tools": [TOOL], "tool_choice": "required"}, "No tool was called."),
        (Answer(Think("Hm.")), {"tools": [TOOL]}, "Go on"),
        (Answer(*calling(Call("get_weather", {"days": "many"}))), {"tools": [STRICT]}, "at $.days: 'many' is not of"),
    ],
    ids=["no call", "a thought alone", "wrong arguments"],
)
def test_a_call_is_asked_for_again(
    bundle: Bundle, upstream: StandIn, account: Account, first: Answer, fields: Any, wish: str, streamed: bool
) -> None:
    upstream.script(first)
    upstream.script(CALL)
    told = ask(bundle, account, **fields, stream=streamed)
    choices = [choice for chunk in told for choice in chunk.choices] if streamed else told.choices
    assert choices[-1].finish_reason == "tool_calls"
    assert wish in sent_text(upstream)
    assert len(upstream.requests("chat")) == 2


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("answer", "fields", "code"),
    [
        (Answer(Text("I will look.")), {"tools": [TOOL], "tool_choice": "required"}, "tool_call_missing"),
        (Answer(*calling(Call("get_weather"))), {"tools": [STRICT]}, "invalid_tool_arguments"),
        (Answer(Think("Hm.")), {"tools": [TOOL]}, "empty_answer"),
        (written({"value": "1", "next": None}), {"response_format": form(NODES)}, "invalid_structured_output"),
        (Answer(Text("I cannot.")), {"response_format": {"type": "json_object"}}, "invalid_structured_output"),
    ],
    ids=["no call", "wrong arguments", "a thought alone", "another schema", "no JSON"],
)
def test_twice_is_an_error(
    bundle: Bundle, upstream: StandIn, account: Account, answer: Answer, fields: Any, code: str, streamed: bool
) -> None:
    upstream.script(answer, times=2)
    with pytest.raises(openai.APIError) as caught:
        list(ask(bundle, account, **fields, stream=streamed))
    assert caught.value.code == code
    assert len(upstream.requests("chat")) == 2


@pytest.mark.parametrize("streamed", [True, False])
def test_a_value_is_asked_for_again_with_what_was_wrong(
    bundle: Bundle, upstream: StandIn, account: Account, streamed: bool
) -> None:
    upstream.script(written({"value": 1, "next": {"value": 2}}))
    upstream.script(written(LIST))
    told = ask(bundle, account, response_format=form(NODES), stream=streamed)
    assert json.loads(content(told, streamed=streamed)) == LIST
    assert "at $.next:" in sent_text(upstream)
    assert sent(upstream)["meta_data"]["is_networking"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"$id": "http://127.0.0.1:9/", "properties": {"a": {"$ref": "other"}}},
        {"properties": {"a": {"pattern": r"(a*)*\1"}}},
        {"properties": {"a": {"pattern": "("}}},
    ],
)
def test_a_hostile_schema_is_refused_before_anybody_is_asked(
    bundle: Bundle, upstream: StandIn, account: Account, schema: Any
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(bundle, account, response_format=form(schema))
    assert caught.value.param == "response_format"
    assert not upstream.requests("chat")
