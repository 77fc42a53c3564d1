"""The stand-in plays a model that calls tools: in the text, natively, and as a test's own function."""

import json
import threading
import time
from typing import Any

import pytest

from tests.upstream import (
    Answer,
    Asked,
    NativeCall,
    NativeCalls,
    OwnTool,
    StandIn,
    Text,
    ThinkingDone,
    ToolCallText,
    call_text,
)
from tests.upstream_tests.client import STOP, STREAM, Client, contents, parse, question

ARGUMENTS = {"path": "a b\n", "lines": [1, 2]}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "trained",
            "<tool_call>Read<arg_key>path</arg_key><arg_value>a b\n</arg_value>"
            "<arg_key>lines</arg_key><arg_value>[1, 2]</arg_value></tool_call>",
        ),
        (
            "trained45",
            "<tool_call>Read\n<arg_key>path</arg_key>\n<arg_value>a b\n</arg_value>\n"
            "<arg_key>lines</arg_key>\n<arg_value>[1, 2]</arg_value>\n</tool_call>",
        ),
        ("json", '<tool_call>{"name": "Read", "arguments": {"path": "a b\\n", "lines": [1, 2]}}</tool_call>'),
        (
            "invoke",
            '<invoke name="Read">\n<parameter name="path">a b\n</parameter>\n'
            '<parameter name="lines">[1, 2]</parameter>\n</invoke>',
        ),
        (
            "dsml",
            '<|DSML|invoke name="Read"><|DSML|parameter name="path"><![CDATA[a b\n]]></|DSML|parameter>'
            '<|DSML|parameter name="lines"><![CDATA[[1, 2]]]></|DSML|parameter></|DSML|invoke>',
        ),
    ],
)
def test_a_call_in_the_text(stand_in: StandIn, client: Client, form: Any, text: str) -> None:
    assert call_text("Read", ARGUMENTS, form) == text
    stand_in.script(Answer(ToolCallText("Read", ARGUMENTS, form, before="I read. ", size=3)))
    said = contents(client.events())
    assert len(said) > 20
    assert said[-1] == ("text", "finish", "I read. " + text)


def test_a_call_in_a_fence_and_one_without_arguments() -> None:
    fence, body, end = call_text("Read", ARGUMENTS, "fenced").partition("\n")
    assert (fence, json.loads(end and end.removesuffix("```"))["name"]) == ("```json", "Read")
    assert body == "\n"
    assert call_text("now", {}) == "<tool_call>now</tool_call>"


def test_a_native_call_fails_and_the_model_tries_again(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(NativeCall("Run", {"command": "x"}, id="tool-1", next_try=0.05)))
    begun = time.monotonic()
    events = client.events()
    assert time.monotonic() - begun >= 0.05
    call, failed, *_ = (event["parts"][0] for event in events)
    named = {"id": "tool-1", "name": "Run", "arguments": '{"command": "x"}'}
    assert (call["content"][0]["tool_calls"], call["meta_data"]["show_type"]) == (named, "mc_tool_call")
    assert (call["model"], call["status"], call["role"]) == ("moe_5", "finish", "assistant")
    assert (failed["role"], failed["status"], failed["model"]) == ("tool", "error", "all-tools")
    assert (failed["content"][0]["type"], failed["content"][0]["tool_calls"]) == ("tool_result", named)
    assert [event["status"] for event in events[:2]] == ["init", "init"]
    assert contents(events)[-1][0] == "text"


def test_a_native_call_can_be_mangled_and_half_shown(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(NativeCall('Read{"a": 1', "", show_type="", status="error", next_try=None)))
    stand_in.script(Answer(NativeCall("Read", "{", call_shown=False, next_try=None)))
    call = client.events()[0]["parts"][0]
    assert (call["status"], "show_type" in call["meta_data"]) == ("error", False)
    assert call["content"][0]["tool_calls"]["name"] == 'Read{"a": 1'
    assert [event["parts"][0]["role"] for event in client.events()] == ["tool", "tool"]


def test_the_next_try_is_stopped_in_time(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(NativeCall("Run", {}, next_try=60.0)))
    headers = client.headers(Accept="text/event-stream")
    with client.http.stream("POST", STREAM, json=question(), headers=headers) as response:
        stand_in.wait_for(lambda: stand_in.requests("chat")[0].events == 2)
        (history_id,) = stand_in.running(client.account)
        assert client.post(STOP, {"history_id": history_id}).json()["status"] == 0
        assert parse(response.read())[-1]["status"] == "finish"


def test_calls_in_one_event_and_the_service_s_own_tools(stand_in: StandIn, client: Client) -> None:
    calls = NativeCalls(NativeCall("a", {}), NativeCall("b", {}, next_try=None))
    stand_in.script(Answer(OwnTool("open_url", {"url": "x"}, "page"), ThinkingDone(), calls))
    parts = [event["parts"] for event in client.events()[:-1]]
    assert [[part["meta_data"]["show_type"] for part in one] for one in parts] == [
        ["mc_tool_call2"],
        ["mc_tool_result2"],
        ["mc_tool_call2"],
        ["mc_tool_call", "mc_tool_call"],
        ["mc_tool_result"],
        ["mc_tool_result"],
    ]
    assert parts[2][0]["content"][0]["tool_calls"] == {"name": "finish", "arguments": "{}"}


def test_a_function_plays_the_model(stand_in: StandIn, client: Client) -> None:
    seen: list[Asked] = []

    def play(asked: Asked) -> Any:
        seen.append(asked)
        assert threading.current_thread() is not threading.main_thread()
        return [Text("one"), "two", None][asked.number]

    stand_in.play(play)
    stand_in.script(Answer(Text("scripted")))
    texts = [contents(client.events(text=f"turn {number}"))[-1][2] for number in range(4)]
    assert texts[:3] == ["scripted", "one", "two"]
    assert "You said: turn 3" in texts[3]
    assert [asked.prompt for asked in seen] == ["turn 1", "turn 2", "turn 3"]
    assert (seen[0].account, seen[0].body["chat_type"]) == (client.account, "user_chat")
    stand_in.play(None)
    assert "You said" in contents(client.events())[-1][2]
