"""Google's wire on events alone, and its schemas."""

import json
from typing import Any

import pytest
from google.genai import types
from google.genai.chats import _validate_response

from lib.errors import UpstreamFailed
from lib.types.events import Citation, Finish, Source, Start, Text, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.wires.gemini.content import Content, messages
from lib.wires.gemini.request import GenerateRequest
from lib.wires.gemini.response import ArrayEncoder, GenerateAnswer, SseEncoder
from lib.wires.gemini.schema import json_schema

BODY = GenerateRequest.model_validate({"contents": [{"parts": [{"text": "Hi"}]}]})
WANTED = BODY.chat_request("glm-5.3", streamed=True)


def test_a_quiet_stream_is_kept_alive_by_what_clients_take_for_a_part_of_the_answer() -> None:
    beat = SseEncoder(BODY, WANTED).heartbeat()
    read = types.GenerateContentResponse.model_validate_json(beat.removeprefix(b"data: "))
    assert _validate_response(read), "a chat would leave the whole turn out of its history"
    assert read.text == ""


@pytest.mark.parametrize("fails", [False, True])
def test_an_array_is_json_however_it_ends(fails: bool) -> None:
    encoder = ArrayEncoder(BODY, WANTED)
    data = encoder.heartbeat() + encoder.feed([Start("1"), Text("Hi")])
    data += (
        encoder.fail(UpstreamFailed("Broken."), "id") if fails else encoder.feed([Finish("stop")]) + encoder.finish()
    )
    chunks = json.loads(data)
    assert [next(iter(chunk)) for chunk in chunks] == ["candidates", "candidates", "error" if fails else "candidates"]
    assert json.loads(ArrayEncoder(BODY, WANTED).fail(UpstreamFailed("Broken."), "id"))[0]["error"]["code"] == 502


def test_places_of_sources_are_counted_in_bytes() -> None:
    answer = GenerateAnswer(BODY, WANTED)
    source = ("https://one.example/", "One")
    answer.feed([Text("猫猫 "), Source(*source), Citation(1, *source), Text("."), Finish("stop")])
    grounding = answer.whole()["candidates"][0]["groundingMetadata"]
    segment = grounding["groundingSupports"][0]["segment"]
    text = answer.whole()["candidates"][0]["content"]["parts"][0]["text"].encode()
    assert text[segment["startIndex"] : segment["endIndex"]].decode() == segment["text"] == "[1](https://one.example/)"
    assert grounding["groundingChunks"] == [{"web": {"uri": source[0], "title": source[1]}}]


@pytest.mark.parametrize(
    ("arguments", "expected"), [('{"a": 1}', {"a": 1}), ("[1]", {"arguments": [1]}), ("{a", {"arguments": "{a"})]
)
def test_arguments_are_an_object(arguments: str, expected: Any) -> None:
    answer = GenerateAnswer(BODY, WANTED)
    call: list[Any] = [ToolCallStart("1", "f"), ToolCallArguments(arguments), ToolCallEnd()]
    answer.feed([*call, *call, Finish("tool_calls")])
    parts = answer.whole()["candidates"][0]["content"]["parts"]
    assert [part["functionCall"]["args"] for part in parts] == [expected] * 2


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"any_of": [{"type": "INTEGER"}]}, {"anyOf": [{"type": "integer"}]}),
        (
            {"type": "ARRAY", "items": {"type": "NUMBER"}, "minItems": "2"},
            {"type": "array", "items": {"type": "number"}, "minItems": 2},
        ),
        (
            {"type": "OBJECT", "properties": {"type": {"type": "STRING"}, "nullable": {"type": "BOOLEAN"}}},
            {"type": "object", "properties": {"type": {"type": "string"}, "nullable": {"type": "boolean"}}},
        ),
        ({"type": "TYPE_UNSPECIFIED", "propertyOrdering": ["a"]}, {}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "OBJECT"}}},
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}},
        ),
        (
            {"anyOf": [{"type": "STRING"}], "nullable": True},
            {"anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "null"}]},
        ),
    ],
)
def test_googles_schemas(schema: Any, expected: Any) -> None:
    assert json_schema(schema) == expected
    assert json_schema(expected) == expected


def said(*contents: Any) -> list[Any]:
    return list(messages(Content.model_validate(content) for content in contents))


def test_results_without_ids_are_those_of_the_calls_before_them() -> None:
    calls = [{"functionCall": {"name": name, "args": {"n": n}}} for n, name in enumerate("aba")]
    results = [
        {"function_response": {"name": name, "response": {"output": f"{name}{n}"}}} for n, name in enumerate("aab")
    ]
    asked, *given = said({"role": "model", "parts": calls}, {"role": "function", "parts": results})
    ids = [call.id for call in asked.tool_calls]
    assert len(set(ids)) == 3
    assert [one.tool_call_id for one in given] == [ids[0], ids[2], ids[1]]
    assert [one.text for one in given] == ["a0", "a1", "b2"]


def test_results_come_before_what_else_is_said() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}
    failed = {"functionResponse": {"id": "1", "name": "f", "response": {"error": "no"}}}
    result, rest = said({"role": "user", "parts": [picture, failed, {"text": "So?"}]})
    assert (result.role, result.text, result.is_error) == ("tool", "no", True)
    assert (rest.role, len(rest.files), rest.text) == ("user", 1, "So?")
