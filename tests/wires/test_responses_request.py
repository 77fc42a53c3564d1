"""What a request of OpenAI's Responses says in the one vocabulary."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, FilePart, Message, ResponseFormat, TextPart, ToolCall, ToolChoice
from lib.wires.responses.request import ResponseRequest
from lib.wires.responses.tool_names import MAX_LENGTH, Kind, ToolNames
from lib.wires.shared.request import parse

type Json = dict[str, Any]

READ: Json = {"type": "function", "name": "read", "description": "Reads.", "parameters": {"type": "object"}}
PATCH: Json = {"type": "custom", "name": "patch", "format": {"type": "grammar", "definition": "start: WORD"}}
AGENTS: Json = {"type": "namespace", "name": "agents", "description": "Other agents.", "tools": [READ]}


def wanted(given: Any = "Hello", **fields: Any) -> ChatRequest:
    body = ResponseRequest.model_validate({"model": "glm-5.3", "input": given, **fields})
    return body.check().chat_request()


def said(*items: Json, **fields: Any) -> tuple[Message, ...]:
    return wanted(list(items), **fields).messages


def user(*content: Any) -> Json:
    return {"type": "message", "role": "user", "content": list(content)}


def call(name: str = "read", call_id: str = "c1", arguments: str = '{"a":1}', **fields: Any) -> Json:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, **fields}


def output(given: Any = "done", call_id: str = "c1", kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": call_id, "output": given}


# --- Items


def test_a_text_is_what_the_user_says() -> None:
    assert wanted("Hi", instructions="Be kind.").messages == (
        Message("system", (TextPart("Be kind."),)),
        Message("user", (TextPart("Hi"),)),
    )


def test_messages_of_every_role() -> None:
    roles = ("system", "developer", "user", "assistant")
    items = [{"role": role, "content": f"I am {role}."} for role in roles]
    assert [message.role for message in said(*items)] == ["system", "system", "user", "assistant"]


def test_parts_of_every_kind() -> None:
    (message,) = said(
        user(
            {"type": "input_text", "text": "Look:"},
            {"type": "input_image", "image_url": "https://a.example/a.png", "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "JVBERi0="},
            {"type": "input_file", "file_url": "https://a.example/b.pdf"},
            {"type": "output_text", "text": "so", "annotations": []},
            {"type": "refusal", "refusal": "no"},
        )
    )
    assert message.parts == (
        TextPart("Look:"),
        FilePart("https://a.example/a.png", "input[0].content[1].image_url", is_image=True),
        FilePart("data:;base64,JVBERi0=", "input[0].content[2].file_data", "a.pdf"),
        FilePart("https://a.example/b.pdf", "input[0].content[3].file_url"),
        TextPart("so"),
        TextPart("no"),
    )


@pytest.mark.parametrize("kind", ["input_image", "input_file"])
def test_a_file_that_openai_would_have_kept(kind: str) -> None:
    with pytest.raises(BadRequest, match="Files API") as refused:
        said(user({"type": kind, "file_id": "file-1"}))
    assert refused.value.param == "input[0].content[0]"


def test_what_the_assistant_thought_said_and_called_in_one_go_is_one_message() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "content": None}
    spoken = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]}
    _, turn, first, second, end = said(
        user({"type": "input_text", "text": "Go"}),
        thought,
        spoken,
        call(),
        call(call_id="c2"),
        output(),
        output("two", "c2"),
        {"role": "assistant", "content": "Done."},
    )
    calls = (ToolCall("c1", "read", '{"a":1}'), ToolCall("c2", "read", '{"a":1}'))
    assert turn == Message("assistant", (TextPart("I look."),), calls, reasoning="Hm.")
    assert first == Message("tool", (TextPart("done"),), tool_call_id="c1", tool_name="read")
    assert second.tool_call_id == "c2"
    assert end == Message("assistant", (TextPart("Done."),))


def test_results_may_be_texts_parts_pictures_or_any_json() -> None:
    picture = [{"type": "input_image", "image_url": "data:image/png;base64,iVBO"}]
    messages = said(call(), output(picture), output({"a": 1}), output(None), output([1, 2]))
    assert messages[1].files == (FilePart("data:image/png;base64,iVBO", "input[1].output[0].image_url", is_image=True),)
    assert [message.text for message in messages[2:]] == ['{"a":1}', "", "[1,2]"]


def test_custom_tools_are_functions_of_one_text() -> None:
    request = wanted(
        [
            {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": 'a "b"\n'},
            output("ok", kind="custom_tool_call_output"),
        ],
        tools=[PATCH],
    )
    assert json.loads(request.messages[0].tool_calls[0].arguments) == {"input": 'a "b"\n'}
    assert request.messages[1].tool_name == "patch"
    assert "start: WORD" in request.tools[0].description
    assert list(request.tools[0].parameters["properties"]) == ["input"]


def test_items_that_nobody_knows_are_left_out() -> None:
    odd: list[Json] = [
        {},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "tool_search_call", "call_id": None},
        {"type": 7},
    ]
    assert len(said(*odd, user({"type": "input_text", "text": "Hi"}))) == 1


@pytest.mark.parametrize("item", [{"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}])
def test_an_item_that_is_only_named_is_refused(item: Json) -> None:
    with pytest.raises(BadRequest, match="send the item itself") as refused:
        said(user({"type": "input_text", "text": "Hi"}), item)
    assert refused.value.param == "input[1]"


@pytest.mark.parametrize("empty", ["", [], [{"role": "user", "content": ""}]])
def test_nothing_to_answer(empty: Any) -> None:
    with pytest.raises(BadRequest, match="nothing to answer"):
        wanted(empty)


# --- Tools


def test_a_namespace_is_told_with_its_first_tool() -> None:
    first, second = wanted(tools=[{**AGENTS, "tools": [READ, {**READ, "name": "write"}]}]).tools
    assert (first.name, first.description) == ("agents__read", "Other agents.\n\nReads.")
    assert (second.name, second.description) == ("agents__write", "Reads.")


def test_old_calls_have_the_names_that_the_tools_have() -> None:
    request = wanted([call(namespace="agents"), call(), output()], tools=[READ, AGENTS])
    assert [one.name for one in request.messages[0].tool_calls] == ["agents__read", "read"]
    assert [tool.name for tool in request.tools] == ["read", "agents__read"]


def test_a_name_that_another_tool_has_already_is_told_apart() -> None:
    mean = {**READ, "name": "agents__read"}
    names = [tool.name for tool in wanted(tools=[AGENTS, mean]).tools]
    assert names[1] == "agents__read"
    assert names[0].startswith("agents__read_")
    assert wanted(tools=[mean, AGENTS]).tools[1].name == names[0], "whatever order they come in"


names = st.text("ab_- é", min_size=1, max_size=70)
tools = st.lists(
    st.tuples(st.one_of(st.just(""), names), names, st.sampled_from(["function", "custom"])),
    max_size=8,
    unique_by=lambda tool: tool[:2],
)


@given(tools)
def test_names_are_told_apart_and_found_again(given_tools: list[tuple[str, str, Kind]]) -> None:
    known = ToolNames(given_tools)
    flat = [known.flat(name, namespace) for namespace, name, _ in given_tools]
    assert len(set(flat)) == len(given_tools) == len(known)
    for (namespace, name, kind), one in zip(given_tools, flat, strict=True):
        assert known.find(one) == (name, namespace, kind)
        assert not namespace or (len(one) <= MAX_LENGTH and one.isascii() and " " not in one)


@pytest.mark.parametrize("two", [[READ, READ], [READ, {**PATCH, "name": "read"}], [AGENTS, AGENTS]])
def test_two_tools_of_one_name_are_refused(two: list[Json]) -> None:
    with pytest.raises(BadRequest, match="same name"):
        wanted(tools=two)


def test_tools_that_only_openai_runs_are_left_out() -> None:
    kinds = ("file_search", "mcp", "code_interpreter", "image_generation", "tool_search", "new_one")
    assert wanted(tools=[{"type": kind, "name": ""} for kind in kinds]).tools == ()


@pytest.mark.parametrize(
    ("given", "means"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "auto"}, ToolChoice()),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "required"}, ToolChoice("required")),
        ({"type": "function", "name": "read"}, ToolChoice("required", ("read",))),
        ({"type": "custom", "name": "patch"}, ToolChoice("required", ("patch",))),
        ({"type": "function", "name": "read", "namespace": "agents"}, ToolChoice("required", ("agents__read",))),
        ({"type": "web_search"}, ToolChoice()),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]},
            ToolChoice("required", ("patch",)),
        ),
    ],
)
def test_which_tool_is_to_be_called(given: Any, means: ToolChoice) -> None:
    assert wanted(tools=[READ, PATCH, AGENTS], tool_choice=given).tool_choice == means


def test_a_choice_of_a_tool_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadRequest, match="not in tools"):
        wanted(tools=[READ], tool_choice={"type": "function", "name": "write"})


@pytest.mark.parametrize(
    ("declared", "searches"),
    [
        ([], False),
        ([READ], False),
        ([{"type": "web_search"}], True),
        ([{"type": "web_search_preview"}], True),
        ([{"type": "web_search", "external_web_access": True}], True),
        ([{"type": "web_search", "external_web_access": False}], False),
    ],
)
def test_the_service_searches_where_its_search_is_declared(declared: list[Json], searches: bool) -> None:
    assert wanted(tools=declared).search is searches


# --- The rest


def test_how_the_answer_is_to_be() -> None:
    schema = {"type": "object"}
    request = wanted(
        text={"format": {"type": "json_schema", "name": "x", "schema": schema, "strict": True}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        max_output_tokens=100,
        temperature=0.5,
        parallel_tool_calls=False,
    )
    assert request.response_format == ResponseFormat(schema, "x", "", strict=True)
    assert request.effort == "high"
    assert request.sampling.max_completion_tokens == 100
    assert request.sampling.temperature == 0.5
    assert request.parallel_tool_calls is False
    assert wanted(text={"format": {"type": "json_object"}}).response_format == ResponseFormat()
    assert wanted(reasoning=None, text={"format": None}).effort is None


@pytest.mark.parametrize(("store", "conversation"), [(None, None), (False, None), (True, "")])
def test_what_is_kept(store: bool | None, conversation: str | None) -> None:
    assert wanted(store=store).conversation_id == conversation


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("background", True),
        ("conversation", "conv_1"),
        ("prompt", {"id": "pmpt_1"}),
        ("top_logprobs", 3),
        ("include", ["message.output_text.logprobs"]),
    ],
)
def test_what_cannot_be_done_is_refused(field: str, value: Any) -> None:
    with pytest.raises(BadRequest):
        wanted(**{field: value})


def test_a_kept_conversation_is_not_gone_on_with_without_a_trace() -> None:
    with pytest.raises(BadRequest, match="store"):
        wanted(previous_response_id="resp_1", store=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "role", "content", "text", "input", "output", "name", "call_id", "tools", "summary", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
items = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["message", "function_call", "function_call_output", "reasoning", "custom_tool_call", "x"]
        )
    },
    optional={
        "role": st.sampled_from(["user", "assistant"]),
        "content": json_values,
        "output": json_values,
        "name": st.text(max_size=3),
        "arguments": json_values,
        "summary": json_values,
    },
)


@given(
    st.fixed_dictionaries(
        {"input": st.one_of(json_values, st.lists(items, max_size=4))},
        optional={
            "tools": json_values,
            "instructions": json_values,
            "text": json_values,
            "tool_choice": json_values,
            "reasoning": json_values,
        },
    )
)
def test_whatever_comes_is_read_or_refused(body: Json) -> None:
    with contextlib.suppress(BadRequest):
        asyncio.run(parse(ResponseRequest, json.dumps(body).encode())).check().chat_request()


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(ValidationError):
        ResponseRequest.model_validate({"input": [{"role": "king", "content": "Hi"}]})
    with pytest.raises(BadRequest) as refused:
        asyncio.run(parse(ResponseRequest, b'{"input": [{"role": "user", "content": [{"type": "audio"}]}]}'))
    assert refused.value.param == "input[0].content[0]"
