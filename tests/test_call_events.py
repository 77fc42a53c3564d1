"""Calls in an answer of chatglm.cn: as text, as native parts, in one answer too, told once each."""

import pytest

from lib.types.chat import ChatRequest, Message, Tool
from lib.types.events import Event, Finish, Reasoning, Text, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.upstreams.chatglm.chat.calls import CallEvents
from lib.upstreams.chatglm.stream.event_json import NativeCall

RUN = Tool("Run", parameters={"type": "object", "properties": {"command": {"type": "string"}}})
REQUEST = ChatRequest("m", (Message("user"),), tools=(RUN, Tool("ping")))


def native(name: str = "Run", call_id: str = "1", *, from_result: bool = False) -> NativeCall:
    return NativeCall(call_id, name, '{"command": "ls"}' if name == "Run" else "{}", "mc_tool_call", from_result)


def names(events: list[Event]) -> list[str]:
    """What came, in short; each call whole."""
    found: list[str] = []
    for event in events:
        match event:
            case Text(text) | Reasoning(text):
                found.append(text)
            case ToolCallStart(_, name):
                assert found[-1:] != ["…"]
                found += [name, "…"]
            case ToolCallArguments():
                assert found[-1] == "…"
            case ToolCallEnd():
                assert found.pop() == "…"
            case Finish(reason):
                found.append(reason)
    return found


def test_calls_as_text() -> None:
    calls = CallEvents(REQUEST)
    events = calls.take([Text("Now. <tool_call>ping</tool_call>"), Finish("stop")], [])
    assert names(events) == ["Now. ", "ping", "tool_calls"]
    assert calls.complete


def test_native_calls_of_one_event_are_told_once_each_and_end_the_answer() -> None:
    calls = CallEvents(REQUEST)
    events = calls.take([Text("Now. ")], [native(from_result=True), native(), native("ping", "2")])
    assert names(events) == ["Now. ", "Run", "ping", "tool_calls"]
    assert calls.complete
    assert calls.take([Text("It failed.")], [native("ping", "3")]) == []


def test_both_ways_in_one_answer() -> None:
    events = CallEvents(REQUEST).take([Text("<tool_call>ping</tool_call>")], [native()])
    assert names(events) == ["ping", "Run", "tool_calls"]
    one = CallEvents(REQUEST._replace(parallel_tool_calls=False)).take([], [native(), native("ping", "2")])
    assert names(one) == ["Run", "tool_calls"]


def test_a_native_call_does_not_come_inside_another_call() -> None:
    calls = CallEvents(REQUEST)
    calls.take([Text("<tool_call>Run<arg_key>command</arg_key><arg_value>l")], [])
    events = calls.take([], [native("ping")])
    assert not [event for event in events if isinstance(event, ToolCallStart)]
    assert calls.failure is not None


def test_calls_of_the_services_own_tools_pass_by() -> None:
    calls = CallEvents(REQUEST)
    assert calls.take([], [native("search"), native("finish")]) == []
    assert not calls.complete


@pytest.mark.parametrize(("said", "told"), [("", ["ping", "tool_calls"]), ("Hello.", ["Hello.", "stop"])])
def test_a_call_in_reasoning_counts_only_where_nothing_was_said(said: str, told: list[str]) -> None:
    events = CallEvents(REQUEST).take([Reasoning("<tool_call>ping</tool_call>"), Text(said), Finish("stop")], [])
    assert [one for one in names(events) if one and "<" not in one] == told


def test_text_that_repeats_itself_is_stopped() -> None:
    calls = CallEvents(REQUEST)
    for _ in range(1000):
        if calls.complete:
            break
        calls.take([Text("Let me look at it again. ")], [])
    assert calls.complete
