"""OpenAI's Responses on events alone: the events of a stream, in their order, and the whole response."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from lib.errors import (
    AccountBusy,
    ContextLengthExceeded,
    Error,
    Forbidden,
    QuotaExceeded,
    UpstreamFailed,
    UpstreamUnavailable,
)
from lib.types.events import (
    Citation,
    Event,
    Finish,
    Reasoning,
    Revision,
    Search,
    Source,
    Start,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from lib.wires.responses.request import ResponseRequest
from lib.wires.responses.response import ResponseAnswer, ResponseEncoder
from lib.wires.shared.collect import collect

type Json = dict[str, Any]

_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)

FUNCTION: Json = {"type": "function", "name": "read", "parameters": {"type": "object"}}
PATCH: Json = {"type": "custom", "name": "apply_patch"}
SEARCH: Json = {"type": "web_search"}
AGENTS: Json = {
    "type": "namespace",
    "name": "agents",
    "description": "Others.",
    "tools": [FUNCTION, {**PATCH, "name": "say"}],
}
CALL: list[Any] = [
    ToolCallStart("call_1", "read"),
    ToolCallArguments('{"path"'),
    ToolCallArguments(':"a"}'),
    ToolCallEnd(),
]
FOUND: list[Any] = [
    Search("cats"),
    Source("https://one.example/", "One", "All of cats."),
    Source("https://two.example/", ""),
]


def request(**options: Any) -> ResponseRequest:
    return ResponseRequest.model_validate({"model": "glm-5.3", "input": "Hi", "tools": [FUNCTION, PATCH], **options})


def encoder_of(**options: Any) -> ResponseEncoder:
    body = request(**options)
    return ResponseEncoder(body, body.chat_request())


def read(data: bytes) -> list[Json]:
    """The events of a stream: valid, each with its name, and numbered."""
    events = []
    for number, event in enumerate(data.decode().removesuffix("\n\n").split("\n\n")):
        name, value = event.split("\n")
        events.append(json.loads(value.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
        assert events[-1]["sequence_number"] == number
        _EVENT.validate_python(_known_to_openai(events[-1]))
    return events


def _known_to_openai(event: Json) -> Json:
    """The event with a code that OpenAI's client lists: those that Codex goes by are not all among them."""
    if event["type"] != "response.failed":
        return event
    error = {**event["response"]["error"], "code": "server_error"}
    return {**event, "response": {**event["response"], "error": error}}


def stream(*lists: Iterable[Any], **options: Any) -> list[Json]:
    encoder = encoder_of(**options)
    return read(encoder.preamble() + b"".join(encoder.feed(list(events)) for events in lists) + encoder.finish())


def response(*lists: Iterable[Any], **options: Any) -> Json:
    """The whole response."""

    async def answer() -> AsyncGenerator[list[Event]]:
        for events in lists:
            yield list(events)

    body = request(**options)
    made = dict(asyncio.run(collect(lambda: ResponseAnswer(body, body.chat_request()), answer())))
    Response.model_validate(made)
    return made


def check_order(events: list[Json]) -> None:
    """One item is open at a time; what came in pieces is what is complete in the end."""
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    done: list[Json] = []
    open_id, pieces = "", ""
    for event in events[2:-1]:
        if event["type"] == "response.output_item.added":
            assert not open_id
            assert event["output_index"] == len(done)
            open_id, pieces = event["item"]["id"], ""
        elif event["type"] == "response.output_item.done":
            item = event["item"]
            assert (item["id"], event["output_index"]) == (open_id, len(done))
            texts = [*item.get("content", ()), *item.get("summary", ())]
            held = texts[0]["text"] if texts else item.get("arguments", item.get("input", ""))
            assert held == pieces
            done.append(item)
            open_id = ""
        else:
            assert event["item_id"] == open_id
            if event["type"].endswith(".delta"):
                pieces += event["delta"]
    assert not open_id
    assert done
    assert events[-1]["response"]["output"] == done


def test_a_text() -> None:
    events = stream(
        [Start("1"), Text("ha ")], [Text("ha")], [Usage(10, 5, reasoning_tokens=2, cached_tokens=4), Finish("stop")]
    )
    check_order(events)
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    done = events[-1]["response"]
    assert done["status"] == "completed"
    assert done["incomplete_details"] is None
    assert done["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }
    assert events[0]["response"]["id"] == done["id"]
    assert done["id"].startswith("resp_")
    assert done["store"] is False


def test_reasoning_comes_before_the_text_and_has_both_arrays() -> None:
    events = stream([Start("1"), Reasoning("Hm, ")], [Reasoning("well.")], [Text("So."), Finish("stop")])
    check_order(events)
    thought, said = events[-1]["response"]["output"]
    assert thought["type"] == "reasoning"
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm, well."}]
    assert thought["content"] == []
    assert "encrypted_content" not in thought
    assert said["content"][0]["text"] == "So."
    kinds = [event["type"] for event in events]
    assert "response.reasoning_summary_part.added" in kinds
    assert "response.reasoning_summary_text.delta" in kinds


def test_reasoning_that_is_to_come_back_encrypted_says_nothing() -> None:
    done = response([Start("1"), Reasoning("Hm."), Finish("stop")], include=["reasoning.encrypted_content"])
    assert done["output"][0]["encrypted_content"]


def test_a_function_is_called() -> None:
    events = stream([Start("1"), Text("I look."), *CALL], [Finish("tool_calls")])
    check_order(events)
    said, call = events[-1]["response"]["output"]
    assert said["status"] == call["status"] == "completed"
    assert (call["type"], call["call_id"], call["name"]) == ("function_call", "call_1", "read")
    assert call["arguments"] == '{"path":"a"}'
    assert "namespace" not in call
    assert events[-1]["response"]["status"] == "completed"


def test_a_call_without_arguments_has_an_empty_object() -> None:
    events = stream([Start("1"), ToolCallStart("call_1", "read"), ToolCallEnd(), Finish("tool_calls")])
    check_order(events)
    assert events[-1]["response"]["output"][0]["arguments"] == "{}"


def test_a_custom_tool_gets_its_raw_text() -> None:
    arguments = json.dumps({"input": '*** Begin Patch\n"\\n"'})
    events = stream(
        [Start("1"), ToolCallStart("call_1", "apply_patch"), ToolCallArguments(arguments[:9])],
        [ToolCallArguments(arguments[9:]), ToolCallEnd(), Finish("tool_calls")],
    )
    check_order(events)
    call = events[-1]["response"]["output"][0]
    assert (call["type"], call["name"]) == ("custom_tool_call", "apply_patch")
    assert call["input"] == '*** Begin Patch\n"\\n"'


@pytest.mark.parametrize(
    ("flat", "name", "kind"), [("agents__read", "read", "function_call"), ("agents__say", "say", "custom_tool_call")]
)
def test_a_tool_in_a_namespace_is_called_by_both_names(flat: str, name: str, kind: str) -> None:
    arguments = [ToolCallArguments('{"input":"x"}'), ToolCallEnd()]
    done = response([Start("1"), ToolCallStart("c", flat), *arguments, Finish("tool_calls")], tools=[FUNCTION, AGENTS])
    call = done["output"][0]
    assert (call["type"], call["name"], call["namespace"]) == (kind, name, "agents")


def test_calls_have_ids_that_the_conversation_does_not_hold_yet() -> None:
    old: list[Json] = [
        {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "a"},
    ]
    calls = response([Start("1"), *CALL, *CALL, Finish("tool_calls")], input=old)["output"]
    ids = [call["call_id"] for call in calls]
    assert len({*ids, "call_1"}) == 3
    assert all(ids)


def test_white_space_alone_is_no_message() -> None:
    events = stream([Start("1"), Text("\n\n"), *CALL, Text(" \n"), Text("So."), Finish("stop")])
    check_order(events)
    call, said = events[-1]["response"]["output"]
    assert call["type"] == "function_call"
    assert said["content"][0]["text"] == " \nSo."


def test_an_answer_without_a_word_is_an_empty_message() -> None:
    events = stream([Start("1"), Finish("stop")])
    check_order(events)
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == ""


@pytest.mark.parametrize(("reason", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_is_incomplete(reason: Any, told: str) -> None:
    events = stream([Start("1"), Text("Once upon")], [Finish(reason)])
    check_order(events)
    assert events[-1]["type"] == "response.incomplete"
    done = events[-1]["response"]
    assert (done["status"], done["incomplete_details"]) == ("incomplete", {"reason": told})
    assert done["output"][0]["status"] == "incomplete"


def test_reasoning_counts_among_the_tokens() -> None:
    done = response([Start("1"), Reasoning("Hm, well. " * 3), Text("so " * 40), Finish("stop")], max_output_tokens=20)
    assert done["incomplete_details"] == {"reason": "max_output_tokens"}
    said = done["output"][1]["content"][0]["text"]
    assert 0 < len(said.split()) < 20


def test_a_search_that_was_declared_is_told() -> None:
    events = stream([Start("1"), *FOUND, Text("Cats "), Finish("stop")], tools=[SEARCH])
    check_order(events)
    search, said = events[-1]["response"]["output"]
    assert search["type"] == "web_search_call"
    assert search["action"]["query"] == "cats"
    assert [source["url"] for source in search["action"]["sources"]] == ["https://one.example/", "https://two.example/"]
    kinds = [event["type"] for event in events]
    for kind in ("in_progress", "searching", "completed"):
        assert f"response.web_search_call.{kind}" in kinds
    assert [one["url"] for one in said["content"][0]["annotations"]] == ["https://one.example/", "https://two.example/"]


def test_a_search_that_was_not_declared_is_not() -> None:
    assert [item["type"] for item in response([Start("1"), *FOUND, Text("So."), Finish("stop")])["output"]] == [
        "message"
    ]


def test_citations_say_where_they_are_also_after_a_call() -> None:
    cited = [Text("Cats purr"), Citation(1, "https://one.example/", "One"), Text(".")]
    events = stream([Start("1"), Text("I look."), *CALL, *FOUND], [*cited, Finish("stop")])
    check_order(events)
    part = events[-1]["response"]["output"][2]["content"][0]
    first, uncited = part["annotations"]
    assert (first["type"], first["title"]) == ("url_citation", "One")
    assert part["text"][first["start_index"] : first["end_index"]] == "[1](https://one.example/)"
    assert (uncited["start_index"], uncited["end_index"]) == (0, len(part["text"]))
    told = [event["annotation"] for event in events if event["type"] == "response.output_text.annotation.added"]
    assert told == part["annotations"]


def test_a_whole_answer_begins_anew_with_a_revision() -> None:
    done = response([Start("1"), Text("No")], [Revision((Text("Yes"),)), Finish("stop")])
    assert done["output"][0]["content"][0]["text"] == "Yes"


def test_an_answer_that_ends_without_an_end_has_failed() -> None:
    encoder = encoder_of()
    encoder.feed([Start("1"), Text("Half")])
    with pytest.raises(UpstreamFailed):
        encoder.finish()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ContextLengthExceeded("Too long."), "context_length_exceeded", "Too long."),
        (QuotaExceeded("Used up."), "insufficient_quota", "Used up."),
        (AccountBusy("Busy.", retry_after=3.4), "rate_limit_exceeded", "Busy. Please try again in 4s."),
        (Forbidden("You may not."), "invalid_prompt", "You may not."),
        (UpstreamUnavailable("Down."), "server_error", "Down."),
    ],
)
def test_a_failure_in_mid_stream(error: Error, code: str, words: str) -> None:
    encoder = encoder_of()
    begun = encoder.feed([Start("1"), *CALL])
    events = read(begun + encoder.fail(error, "id"))
    assert events[-1]["type"] == "response.failed"
    failed = events[-1]["response"]
    assert failed["status"] == "failed"
    assert failed["error"] == {"code": code, "message": words}
    assert failed["id"] == events[0]["response"]["id"]
    assert [item["type"] for item in failed["output"]] == ["function_call"]


def test_a_failure_before_anything_else() -> None:
    events = read(encoder_of().fail(UpstreamUnavailable("Down."), "id"))
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]


def test_what_the_client_said_is_repeated() -> None:
    options: Json = {
        "instructions": "Be kind.",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "tools": [FUNCTION, AGENTS],
        "tool_choice": {"type": "function", "name": "read"},
        "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
        "reasoning": {"effort": "high"},
        "parallel_tool_calls": False,
    }
    done = response([Start("1"), Text("So."), Finish("stop")], **options)
    for field in ("instructions", "metadata", "temperature", "tools", "tool_choice", "text", "parallel_tool_calls"):
        assert done[field] == options[field]
    assert done["reasoning"] == {"effort": "high", "summary": None}


events_of_answers = st.lists(
    st.one_of(
        st.builds(Text, st.text("a \n", max_size=3)),
        st.builds(Reasoning, st.text("r ", max_size=3)),
        st.builds(Search, st.text(max_size=3)),
        st.builds(Source, st.sampled_from(["https://one.example/", "https://two.example/"]), st.text(max_size=3)),
        st.builds(Citation, st.integers(1, 3), st.sampled_from(["https://one.example/"]), st.text(max_size=3)),
        st.sampled_from([CALL, [ToolCallStart("", "apply_patch"), ToolCallArguments('{"input":"x"}'), ToolCallEnd()]]),
    ),
    max_size=12,
)


@given(events_of_answers, st.sampled_from(["stop", "length", "content_filter", "tool_calls"]), st.booleans())
def test_events_are_in_order_whatever_the_answer_is(answer: list[Any], reason: Any, searches: bool) -> None:
    events = [inner for event in answer for inner in (event if isinstance(event, list) else [event])]
    tools = [FUNCTION, PATCH, *([SEARCH] if searches else [])]
    streamed = stream([Start("1")], *([event] for event in events), [Finish(reason)], tools=tools)
    check_order(streamed)
    for item in streamed[-1]["response"]["output"]:
        for part in item.get("content", ()):
            for citation in part["annotations"]:
                assert 0 <= citation["start_index"] <= citation["end_index"] <= len(part["text"])
