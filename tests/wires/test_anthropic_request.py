"""What a request of Anthropic's says in the one vocabulary."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, FilePart, Message, ResponseFormat, TextPart, Tool, ToolCall, ToolChoice
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.shared.request import parse

type Json = dict[str, Any]

HELLO: list[Json] = [{"role": "user", "content": "Hello"}]
READ: Json = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
LATER: Json = {"name": "Fetch", "input_schema": {}, "defer_loading": True}


def wanted(messages: list[Json] | None = None, **fields: Any) -> ChatRequest:
    body = {"model": "glm-5.3", "max_tokens": 100, "messages": messages or HELLO, **fields}
    return MessageRequest.model_validate(body).check().chat_request()


def said(*content: Any, role: str = "user", **fields: Any) -> tuple[Message, ...]:
    """What messages a single one becomes."""
    return wanted([*HELLO, {"role": role, "content": list(content)}], **fields).messages[1:]


# --- Messages


def test_texts_and_blocks_of_text_say_the_same() -> None:
    block = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
    for system in ("Be kind.", [block]):
        assert wanted(system=system).messages[0] == Message("system", (TextPart("Be kind."),))
    assert wanted([{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]) == wanted()


def test_the_attribution_line_is_dropped() -> None:
    line = "x-anthropic-billing-header: cc_version=2.1.332.0; cc_entrypoint=cli;"
    assert wanted(system=[{"type": "text", "text": line}]).messages[0].role == "user"
    assert wanted(system=f"{line}\nBe kind.").messages[0].text == "Be kind."
    kept = f"What is {line}?"
    assert wanted(system=kept).messages[0].text == kept


def test_a_system_message_may_stand_in_the_middle() -> None:
    messages = wanted([*HELLO, {"role": "system", "content": "Be brief."}]).messages
    assert [(message.role, message.text) for message in messages] == [("user", "Hello"), ("system", "Be brief.")]


def test_a_system_message_may_end_with_the_users_next_words() -> None:
    brief = {"role": "system", "content": "Be brief.", "clear_at": "next_user_message"}
    assert len(wanted([*HELLO, brief]).messages) == 2
    assert len(wanted([*HELLO, brief, *HELLO]).messages) == 2


def test_calls_and_their_results_in_their_order() -> None:
    messages = wanted(
        [
            *HELLO,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                    {"type": "redacted_thinking", "data": "x"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "ä"}},
                    {"type": "tool_use", "id": "t2", "name": "Now", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "text"},
                    {"type": "tool_result", "tool_use_id": "t2", "is_error": True},
                    {"type": "text", "text": "Go on."},
                ],
            },
        ]
    ).messages
    assert messages[1:] == (
        Message(
            "assistant",
            (TextPart("I look."),),
            (ToolCall("t1", "Read", '{"path":"ä"}'), ToolCall("t2", "Now", "{}")),
            reasoning="Hm.",
        ),
        Message("tool", (TextPart("text"),), tool_call_id="t1", tool_name="Read"),
        Message("tool", (), tool_call_id="t2", tool_name="Now", is_error=True),
        Message("user", (TextPart("Go on."),)),
    )


def test_a_result_may_hold_texts_pictures_and_documents() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
    paper = {"type": "document", "source": {"type": "url", "url": "https://a.example/a.pdf"}, "title": "A"}
    (message,) = said(
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "See"}, picture, paper]}
    )
    assert message.role == "tool"
    assert message.parts == (
        TextPart("See"),
        FilePart("data:image/png;base64,iVBO", "messages[1].content[0].content[1].source", is_image=True),
        FilePart("https://a.example/a.pdf", "messages[1].content[0].content[2].source", "A"),
    )


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        (
            {"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}},
            [FilePart("https://a.example/a.png", "messages[1].content[0].source", is_image=True)],
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "data:image/png;base64,x"},
            },
            [FilePart("data:image/png;base64,x", "messages[1].content[0].source", is_image=True)],
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "context": "Of 2020.",
            },
            [TextPart("Of 2020."), FilePart("data:application/pdf;base64,JVBE", "messages[1].content[0].source")],
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Words"}, "title": "A"},
            [TextPart("A\nWords")],
        ),
        (
            {
                "type": "document",
                "source": {
                    "type": "content",
                    "content": [
                        {"type": "text", "text": "Words"},
                        {"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}},
                    ],
                },
            },
            [
                TextPart("Words"),
                FilePart("https://a.example/a.png", "messages[1].content[0].source.content[1].source", is_image=True),
            ],
        ),
        ({"type": "document", "source": {"type": "content", "content": "Words"}}, [TextPart("Words")]),
        (
            {
                "type": "search_result",
                "source": "https://a.example/",
                "title": "A",
                "content": [{"type": "text", "text": "Words"}],
            },
            [TextPart("A\nhttps://a.example/\nWords")],
        ),
    ],
)
def test_blocks_that_show_something(block: Json, parts: list[Any]) -> None:
    assert list(said(block)[0].parts) == parts


@pytest.mark.parametrize(
    "block",
    [
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "cats"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "s1",
            "content": [{"type": "web_search_result", "url": "https://a.example/", "encrypted_content": "x"}],
        },
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": {"type": "web_search_tool_result_error"}},
        {"type": "container_upload", "file_id": "f1"},
        {"type": "hologram", "depth": 3},
        {"type": None},
        {"type": ["text"]},
        {"type": "text", "text": ""},
    ],
)
def test_blocks_that_show_nothing_here_are_skipped(block: Json) -> None:
    assert said(block, role="assistant") == ()
    words = {"type": "text", "text": "So.", "citations": [{"type": "web_search_result_location", "url": "x"}]}
    assert said(block, words, role="assistant") == (Message("assistant", (TextPart("So."),)),)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "king", "content": "Hi"}, "messages[0].role"),
        ({"role": "user", "content": 5}, "messages[0].content"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}, None),
        (
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "input": {}}]},
            "messages[0].content[0].name",
        ),
        ({"role": "user", "content": "  "}, None),
    ],
)
def test_what_cannot_be_read_is_told(message: Json, param: str | None) -> None:
    body = json.dumps({"model": "glm-5.3", "max_tokens": 5, "messages": [message]}).encode()
    with pytest.raises(BadRequest) as raised:
        asyncio.run(parse(MessageRequest, body)).check().chat_request()
    assert param in (None, raised.value.param)


# --- Tools


def test_tools_that_the_caller_runs_and_those_that_it_does_not() -> None:
    request = wanted(
        tools=[
            {**READ, "strict": True, "cache_control": {"type": "ephemeral"}, "eager_input_streaming": True},
            {"type": "custom", "name": "Now", "input_schema": {}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
            {"type": "code_execution_20250825", "name": "code_execution"},
        ]
    )
    assert request.tools == (Tool("Read", "Reads.", {"type": "object"}, strict=True), Tool("Now"))
    assert request.search is True


def test_without_its_search_nothing_is_searched() -> None:
    assert wanted().search is False
    assert wanted(tools=[READ]).search is False


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "tool", "name": "Read"}, ToolChoice("required", ("Read",))),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "web_search"}, ToolChoice()),
    ],
)
def test_which_tool_is_to_be_called(choice: Json | None, expected: ToolChoice) -> None:
    tools = [READ, {"type": "web_search_20250305", "name": "web_search"}]
    assert wanted(tools=tools, tool_choice=choice).tool_choice == expected


def test_a_call_cannot_be_asked_for_where_no_tool_is() -> None:
    assert wanted(tools=[], tool_choice={"type": "any"}).tool_choice == ToolChoice()


def test_one_call_at_a_time() -> None:
    assert wanted(tools=[READ]).parallel_tool_calls
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert not wanted(tools=[READ], tool_choice=choice).parallel_tool_calls


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [READ, READ]},
        {"tools": [{"input_schema": {}}]},
        {"tools": [READ], "tool_choice": {"type": "tool", "name": "Write"}},
    ],
)
def test_tools_that_cannot_be_meant(fields: Json) -> None:
    with pytest.raises(BadRequest):
        wanted(**fields)


def _names(messages: list[Json], *tools: Json) -> list[str]:
    return [tool.name for tool in wanted([*HELLO, *messages], tools=list(tools)).tools]


def test_tools_that_are_to_be_found_first() -> None:
    found = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "tool_reference", "tool_name": "Fetch"}]}
    assert _names([], READ, LATER) == ["Read"]
    assert _names([{"role": "user", "content": [found]}], READ, LATER) == ["Read", "Fetch"]
    # Nobody but Anthropic can look for them.
    anthropics = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    assert _names([], READ, LATER, anthropics) == ["Read", "Fetch"]


def test_tools_that_come_and_go_in_mid_conversation() -> None:
    def change(kind: str, **tool: Any) -> Json:
        return {"role": "system", "content": [{"type": kind, "tool": tool}]}

    comes = change("tool_addition", type="tool_reference", name="Fetch")
    goes = change("tool_removal", type="tool_reference", name="Read")
    new = change("tool_addition", type="tool_definition", definition={**READ, "name": "New"})
    assert _names([comes], READ, LATER) == ["Read", "Fetch"]
    assert _names([goes, comes], READ, LATER) == ["Fetch"]
    assert _names([new], READ) == ["Read", "New"]
    assert _names([new, goes], READ) == ["New"]


# --- How to answer


@pytest.mark.parametrize(
    ("thinking", "config", "effort"),
    [
        (None, None, None),
        (None, {"effort": "low"}, "low"),
        ({"type": "disabled"}, {"effort": "high"}, "none"),
        ({"type": "enabled", "budget_tokens": 2048}, None, "high"),
        ({"type": "adaptive"}, None, "high"),
        ({"type": "adaptive"}, {"effort": "max"}, "max"),
        ({"type": "adaptive"}, {"effort": "heroic"}, "high"),
        ({"type": "between_tools"}, {"effort": None}, "high"),
    ],
)
def test_how_hard_to_think(thinking: Json | None, config: Json | None, effort: str | None) -> None:
    assert wanted(thinking=thinking, output_config=config).effort == effort


def test_the_form_of_the_answer() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    expected = ResponseFormat({"type": "object"}, strict=True)
    assert wanted(output_config={"format": form, "effort": "high"}).response_format == expected
    assert wanted(output_format=form).response_format == expected
    assert wanted(output_config={}).response_format is None


def test_sampling() -> None:
    sampling = wanted(temperature=0.5, top_p=0.9, top_k=5, stop_sequences=["END", ""]).sampling
    assert (sampling.temperature, sampling.top_p, sampling.stop) == (0.5, 0.9, ("END",))
    assert (sampling.max_tokens, sampling.max_completion_tokens) == (100, None)
    thinking = wanted(thinking={"type": "adaptive"}).sampling
    assert (thinking.max_tokens, thinking.max_completion_tokens) == (None, 100)


def test_what_is_unknown_is_ignored() -> None:
    unknown: Json = {
        "metadata": {"user_id": "x"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "service_tier": "auto",
        "thread": {"type": "create"},
        "mcp_servers": [],
        "betas": ["x"],
        "hologram": 3,
    }
    assert wanted(**unknown) == wanted()
    assert wanted(model="", max_tokens=None).model


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "source", "tool", "name", "input", "id", "data", "tool_use_id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_KINDS = st.sampled_from(
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "tool_addition", "search_result", "new"]
)
_BLOCK = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    _KINDS,
    st.dictionaries(st.text(max_size=8), _JSON) | _JSON.filter(lambda value: isinstance(value, dict)),
)


@given(st.sampled_from(["user", "assistant", "system"]), st.lists(_BLOCK, max_size=4))
def test_anything_is_read_or_refused(role: str, content: list[Json]) -> None:
    with contextlib.suppress(ValidationError, BadRequest):
        wanted([*HELLO, {"role": role, "content": content}])
