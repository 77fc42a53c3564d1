"""Anthropic's wire on events alone: the blocks of a stream, in their order, and the whole message that they make."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lib.errors import UpstreamFailed
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
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.anthropic.message_response import MessageAnswer, MessageEncoder
from lib.wires.shared.collect import collect

type Json = dict[str, Any]

_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)

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


def request(**options: Any) -> MessageRequest:
    fields = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1000}
    return MessageRequest.model_validate({**fields, "thinking": {"type": "adaptive"}, **options})


def stream(*lists: Iterable[Any], **options: Any) -> list[Json]:
    """The events of a stream, each with its name."""
    body = request(**options)
    encoder = MessageEncoder(body, body.chat_request())
    data = encoder.preamble() + b"".join(encoder.feed(list(events)) for events in lists) + encoder.finish()
    events = []
    for event in data.decode().removesuffix("\n\n").split("\n\n"):
        name, value = event.split("\n")
        events.append(json.loads(value.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    return events


def message(*lists: Iterable[Any], **options: Any) -> Json:
    """The whole message."""

    async def answer() -> AsyncGenerator[list[Event]]:
        for events in lists:
            yield list(events)

    body = request(**options)
    return dict(asyncio.run(collect(lambda: MessageAnswer(body, body.chat_request()), answer())))


def put_together(events: Iterable[Json]) -> Json:
    """What Anthropic's own client makes of a stream."""
    snapshot, buffers = None, {}  # type: ignore[var-annotated]
    for event in events:
        snapshot = accumulate_event(event=_EVENT.validate_python(event), current_snapshot=snapshot, json_bufs=buffers)
    assert snapshot is not None
    return json.loads(snapshot.to_json())  # type: ignore[no-any-return]


def check_order(events: list[Json]) -> None:
    """One block at a time, numbered from 0, and nothing outside of them."""
    assert [events[0]["type"], events[-2]["type"], events[-1]["type"]] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    open_block, begun = None, 0
    for event in events[1:-2]:
        match event["type"]:
            case "content_block_start":
                assert open_block is None
                open_block = event["index"]
                assert open_block == begun
                begun += 1
            case "content_block_delta":
                assert event["index"] == open_block
            case "content_block_stop":
                assert event["index"] == open_block
                open_block = None
            case other:
                raise AssertionError(other)
    assert open_block is None


def kinds(blocks: Iterable[Json]) -> list[str]:
    return [block["type"] for block in blocks]


def test_thinking_text_and_a_call_in_their_order() -> None:
    events = stream(
        [Start("c1"), Usage(40, 0), Reasoning("Hm. ")],
        [Reasoning("Well."), Text("I'll ")],
        [Text("look."), *CALL[:2]],
        CALL[2:],
        [Usage(50, 7, 3, 10), Finish("tool_calls")],
    )
    check_order(events)
    assert [event["delta"]["type"] for event in events if event["type"] == "content_block_delta"] == [
        "thinking_delta",
        "thinking_delta",
        "signature_delta",
        "text_delta",
        "text_delta",
        "input_json_delta",
        "input_json_delta",
    ]
    start = events[0]["message"]
    assert start["content"] == []
    assert start["stop_reason"] is None
    assert start["usage"]["input_tokens"] > 0
    assert start["usage"]["output_tokens"] > 0
    assert events[-2] == {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {
            "input_tokens": 40,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 10,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 3},
        },
    }
    made = put_together(events)
    thinking, text, call = made["content"]
    assert thinking["thinking"] == "Hm. Well."
    assert thinking["signature"]
    assert text["text"] == "I'll look."
    assert (call["id"], call["name"], call["input"]) == ("call_1", "read", {"path": "a"})


def test_a_call_without_arguments_has_an_empty_object() -> None:
    ends = [ToolCallStart("call_1", "now"), ToolCallEnd(), Finish("tool_calls")]
    assert put_together(stream(ends))["content"][0]["input"] == {}
    assert message(ends)["content"][0]["input"] == {}
    assert [event["delta"]["partial_json"] for event in stream(ends) if "delta" in event and "index" in event] == ["{}"]


def test_several_calls_are_blocks_of_their_own() -> None:
    answer: Any = [[*CALL, ToolCallStart("call_2", "now"), ToolCallEnd(), Finish("tool_calls")]]
    assert [block["id"] for block in message(*answer)["content"]] == ["call_1", "call_2"]
    assert [block["id"] for block in put_together(stream(*answer))["content"]] == ["call_1", "call_2"]


def test_ids_that_are_taken_are_replaced() -> None:
    """Claude Code drops all but the first call of an id."""
    again = [*CALL, *CALL, ToolCallStart("a b", "now"), ToolCallEnd(), Finish("tool_calls")]
    ids = [block["id"] for block in message(again)["content"]]
    assert ids[0] == "call_1"
    assert len(set(ids)) == 3
    assert all(re.fullmatch("call_[0-9a-f]+", one) for one in ids[1:])
    call = {"type": "tool_use", "id": "call_1", "name": "read", "input": {}}
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [call]}]
    assert message([*CALL, Finish("tool_calls")], messages=messages)["content"][0]["id"] != "call_1"


def test_a_call_that_was_cut_short_is_no_broken_json() -> None:
    made = message([*CALL[:2], Finish("length")])
    assert made["content"][0]["input"] == {}
    assert made["stop_reason"] == "max_tokens"


def test_thinking_that_nobody_asked_for_is_not_shown_and_parts_no_text() -> None:
    answer: Any = [[Reasoning("Hm."), Text("One ")], [Reasoning("Well."), Text("text.")], [Finish("stop")]]
    for hidden in (
        {"thinking": None},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive", "display": "omitted"}},
    ):
        assert [block["text"] for block in message(*answer, **hidden)["content"]] == ["One text."]
        assert kinds(put_together(stream(*answer, **hidden))["content"]) == ["text"]


@pytest.mark.parametrize("model", ["glm-5.3-think", "claude-opus-4-8-think", "GLM-4-Think-Offline"])
def test_a_name_that_asks_for_thinking_shows_it(model: str) -> None:
    answer: Any = [Reasoning("Hm."), Text("So."), Finish("stop")]
    assert kinds(message(answer, model=model, thinking=None)["content"]) == ["thinking", "text"]
    assert kinds(message(answer, model=model, thinking={"type": "disabled"})["content"]) == ["text"]


@pytest.mark.parametrize("blank", ["", " ", "\n\n"])
def test_no_text_block_is_empty_or_blank(blank: str) -> None:
    answer: Any = [[Reasoning("Hm."), Text(blank)], [Text(blank), *CALL], [Text(blank), Finish("tool_calls")]]
    check_order(stream(*answer))
    assert kinds(put_together(stream(*answer))["content"]) == ["thinking", "tool_use"]
    assert kinds(message(*answer)["content"]) == ["thinking", "tool_use"]


def test_white_space_before_a_text_is_part_of_it() -> None:
    assert put_together(stream([Text("\n ")], [Text("\tif"), Finish("stop")]))["content"][0]["text"] == "\n \tif"


def test_a_search_its_results_and_what_they_are_cited_for() -> None:
    answer: Any = [
        [Start("c1"), *FOUND[:1]],
        FOUND[1:2],
        [*FOUND[2:], Text("Cats "), Citation(1, "https://one.example/", "One"), Text(" purr.")],
        [Finish("stop")],
    ]
    events = stream(*answer)
    check_order(events)
    for made in (put_together(events), message(*answer)):
        asked, results, text = made["content"]
        assert (asked["type"], asked["name"], asked["input"]) == ("server_tool_use", "web_search", {"query": "cats"})
        assert results["tool_use_id"] == asked["id"]
        assert [(one["title"], one["url"]) for one in results["content"]] == [
            ("One", "https://one.example/"),
            ("https://two.example/", "https://two.example/"),
        ]
        assert all(one["encrypted_content"] for one in results["content"])
        assert text["text"] == "Cats [1](https://one.example/) purr."
        (citation,) = text["citations"]
        assert (citation["url"], citation["cited_text"]) == ("https://one.example/", "All of cats.")
        assert citation["encrypted_index"]
        assert made["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
        assert made["stop_reason"] == "end_turn"
        Message.model_validate(made)


def test_sources_without_a_search_and_searches_without_sources() -> None:
    made = put_together(stream([*FOUND[1:], Text("So.")], [Search("a"), Search("b"), Finish("stop")]))
    assert kinds(made["content"]) == [
        "server_tool_use",
        "web_search_tool_result",
        "text",
        "server_tool_use",
        "web_search_tool_result",
        "server_tool_use",
        "web_search_tool_result",
    ]
    assert made["content"][-1]["content"] == []
    assert made["usage"]["server_tool_use"]["web_search_requests"] == 3


@pytest.mark.parametrize(
    ("end", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("tool_calls", "tool_use")],
)
def test_why_it_ended(end: Any, reason: str) -> None:
    answer: Any = [Text("So."), Finish(end)]
    assert message(answer)["stop_reason"] == reason
    assert put_together(stream(answer))["stop_reason"] == reason


def test_the_filters_words_are_shown() -> None:
    assert message([Text("So."), Finish("content_filter", "Let us talk of something else.")])["content"][0]["text"] == (
        "So.\n\nLet us talk of something else."
    )


def test_a_stop_sequence_is_named_and_not_shown() -> None:
    answer: Any = [[Text("one, two, EN")], [Text("D three")], [Finish("stop")]]
    for made in (
        message(*answer, stop_sequences=["X", "END"]),
        put_together(stream(*answer[:2], stop_sequences=["END"])),
    ):
        assert made["content"][0]["text"] == "one, two, "
        assert (made["stop_reason"], made["stop_sequence"]) == ("stop_sequence", "END")
    assert message(*answer, stop_sequences=["X"])["stop_sequence"] is None


def test_the_answer_is_cut_at_max_tokens() -> None:
    for thinking in ({"type": "adaptive"}, None):
        made = message([Text("word " * 100), Finish("stop")], max_tokens=10, thinking=thinking)
        assert made["stop_reason"] == "max_tokens"
        assert len(made["content"][0]["text"]) < 100


def test_thinking_that_is_not_shown_uses_nothing_up() -> None:
    answer: Any = [Reasoning("hm " * 100), Text("So."), Finish("stop")]
    assert message(answer, max_tokens=10, thinking=None)["content"][0]["text"] == "So."
    assert message(answer, max_tokens=10)["stop_reason"] == "max_tokens"


def test_a_whole_answer_begins_anew_where_the_service_takes_words_back() -> None:
    revised = Revision((Reasoning("Well."), Text("Better.")))
    made = message([Start("c1"), Text("Bad"), *FOUND], [revised], [Text(" Good."), Finish("stop")])
    assert kinds(made["content"]) == ["thinking", "text"]
    assert made["content"][1]["text"] == "Better. Good."


def test_usage_is_never_zero() -> None:
    made = message([Usage(5, 1, 0, 5), Text("So."), Finish("stop")])
    assert made["usage"]["input_tokens"] == 1
    assert made["usage"]["cache_read_input_tokens"] == 5
    assert made["usage"]["output_tokens"] > 0


def test_what_has_no_end_has_failed() -> None:
    with pytest.raises(UpstreamFailed):
        message([Text("Half an ")])
    with pytest.raises(UpstreamFailed):
        stream([Text("Half an ")])


_TEXTS = st.text("ab \n", max_size=4)
_PARTS: st.SearchStrategy[list[Event]] = st.one_of(
    st.lists(_TEXTS.map(Text), max_size=3),
    st.lists(_TEXTS.map(Reasoning), max_size=3),
    st.just(CALL),
    st.just([ToolCallStart("call_2", "now"), ToolCallEnd()]),
    st.just(FOUND),
    st.just([Search("b")]),
    st.just([Citation(1, "https://one.example/", "One")]),
)


@given(st.lists(_PARTS, max_size=8), st.booleans())
def test_any_answer_is_well_formed_and_the_same_whole_and_streamed(parts: list[list[Event]], thinking: bool) -> None:
    answer: Any = [*parts, [Finish("stop")]]
    options: Json = {"thinking": {"type": "enabled" if thinking else "disabled"}}
    events = stream(*answer, **options)
    check_order(events)
    streamed, made = put_together(events), message(*answer, **options)
    Message.model_validate(made)
    assert [_comparable(block) for block in streamed["content"]] == [_comparable(block) for block in made["content"]]
    assert all(block["text"].strip() for block in made["content"] if block["type"] == "text")


def _comparable(block: Json) -> Json:
    """A block without ids, which are new each time, and fields that are not there."""
    return {name: value for name, value in block.items() if name not in ("id", "tool_use_id") and value is not None}
