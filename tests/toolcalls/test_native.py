"""Native calls: the caller's are read, however glued, cut or wrapped in strings; the service's own are not."""

import json
from typing import Any

import pytest

from lib.toolcalls.call_events import CallEvents
from lib.types.chat import Tool
from lib.types.events import Draft, Finish, Text
from lib.upstreams.chatglm.chat.native import NativeCalls, names_of
from lib.upstreams.chatglm.stream.event_json import CALLERS_CALL, NativeCall
from tests.toolcalls.calls import TOOLS

BASH = Tool(
    "RunCommand",
    parameters={
        "type": "object",
        "properties": {"command": {"type": "string"}, "blocking": {"type": "boolean"}, "timeout": {"type": "number"}},
    },
)
TODO = Tool(
    "TodoWrite",
    parameters={
        "type": "object",
        "properties": {
            "todos": {
                "type": "array",
                "items": {"type": "object", "properties": {"content": {"type": "string"}, "done": {"type": "boolean"}}},
            }
        },
    },
)
OPEN_URL = Tool("open_url", parameters={"type": "object", "properties": {"url": {"type": "string"}}})
FINISH = Tool("finish")
ALL = (*TOOLS, BASH, TODO, OPEN_URL, FINISH)


def read(name: str, arguments: str = "", show_type: str = CALLERS_CALL) -> list[tuple[str, Any]]:
    """The calls in a native one, with those that cannot be read as they are written."""
    native = NativeCall("n1", name, arguments, show_type, from_result=False)
    if native.is_services:
        return []
    calls = NativeCalls(names_of(ALL))
    told = calls.feed(Draft(native.id, name, arguments, "", declared=show_type == CALLERS_CALL))
    told += calls.finish()
    assert all(call.id for call in told)
    return [(call.name, json.loads(call.arguments) if call.declared else None) for call in told]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("RunCommand", '{"command": "mkdir x", "blocking": "true"}', {"command": "mkdir x", "blocking": True}),
        ("RunCommand", '{"command": "sleep 1", "timeout": "1.5"}', {"command": "sleep 1", "timeout": 1.5}),
        ("RunCommand", '{"command": 12, "blocking": false}', {"command": "12", "blocking": False}),
        ("RunCommand", '"{\\"command\\": \\"ls\\"}"', {"command": "ls"}),
        ("RunCommand", '{"command": "ls"', {"command": "ls"}),
        ("RunCommand", '{"command": "ls"}}', {"command": "ls"}),
        ("RunCommand", '{"command": "a\nb"}', {"command": "a\nb"}),
        ("RunCommand", "{}", {}),
        ('RunCommand{"command": "ls"}', "", {"command": "ls"}),
        ('RunCommand{"command": "ls"}}', "{}", {"command": "ls"}),
        ("RunCommand<arg_key>command</arg_key><arg_value>ls</arg_value></tool_call>", "", {"command": "ls"}),
        ("<tool_call>RunCommand<arg_key>command</arg_key><arg_value>ls</arg_value></tool_call>", "", {"command": "ls"}),
        (
            "TodoWrite",
            '{"todos": "[{\\"content\\": \\"a\\", \\"done\\": \\"true\\"}]"}',
            {"todos": [{"content": "a", "done": True}]},
        ),
        ("TodoWrite", '{"todos": {"content": "a"}}', {"todos": [{"content": "a"}]}),
        ('TodoWritetodos[{"content": "a"}]', "", {"todos": [{"content": "a"}]}),
        ('TodoWritetodos[{"content": "a"}]}', "{}", {"todos": [{"content": "a"}]}),
        ('TodoWrite{"todos": [{"content": "a"}', "", {"todos": [{"content": "a"}]}),
        ('open_url{"url": "https://a.b"}}', "", {"url": "https://a.b"}),
        ('open_url{"url": "<~tool_call>"}', "", {"url": "<tool_call>"}),
    ],
)
def test_calls_of_the_callers(name: str, arguments: str, expected: dict[str, Any]) -> None:
    ((found, values),) = read(name, arguments)
    assert found in name
    assert values == expected


@pytest.mark.parametrize(
    ("name", "arguments", "show_type"),
    [
        ("search", '{"query": "x"}', "mc_tool_call2"),
        ("RunCommand", '{"command": "ls"}', "mc_tool_call2"),
        ("open_url", '{"url": "x"}', "mc_tool_call2"),
        ("open_url", '{"url": "x"}', ""),
        ("finish", "{}", ""),
        ("finish", "{}", "mc_tool_result"),
        ("unknown", "{}", ""),
        ('Run{"command": "ls"}', "", ""),
    ],
)
def test_what_is_no_call_of_the_callers(name: str, arguments: str, show_type: str) -> None:
    assert read(name, arguments, show_type) == []


@pytest.mark.parametrize("show_type", ["", "mc_tool_call", "mc_tool_result", "mc_tool_result2"])
def test_a_declared_name_counts_whatever_the_show_type_is(show_type: str) -> None:
    assert read("RunCommand", '{"command": "ls"}', show_type) == [("RunCommand", {"command": "ls"})]
    assert read("client__open_url", '{"url": "x"}', show_type) == [("open_url", {"url": "x"})]


def test_a_service_name_that_is_declared_counts_where_the_service_says_so() -> None:
    assert read("open_url", '{"url": "x"}', "mc_tool_call") == [("open_url", {"url": "x"})]


def test_calls_joined_in_one_string() -> None:
    joined = '{"command": "a"}{"command": "b"}'
    assert read("RunCommand", joined) == [("RunCommand", {"command": "a"}), ("RunCommand", {"command": "b"})]
    assert read("RunCommand", f"[{joined.replace('}{', '},{')}]") == read("RunCommand", joined)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("unknown", "{}"), ("search", '{"query": "x"}'), ('Run{"command": "ls"}', ""), ("RunCommandx[1]", "")],
)
def test_a_call_of_no_tool_that_is_declared_is_told_as_one(name: str, arguments: str) -> None:
    ((_, values),) = read(name, arguments)
    assert values is None


def test_a_call_that_cannot_be_read_is_told_as_it_is_written() -> None:
    calls = NativeCalls(names_of(ALL))
    assert calls.feed(Draft("n1", "RunCommand", '{"command": "rm -rf /tmp', "")) == []
    (told,) = calls.finish()
    assert (told.name, told.arguments) == ("RunCommand", '{"command": "rm -rf /tmp')


def test_one_that_comes_in_part_and_then_whole_is_one_call() -> None:
    calls = NativeCalls(names_of(ALL))
    for arguments in ("", '{"command": "l'):
        assert calls.feed(Draft("n1", "RunCommand", arguments, "")) == []
    (told,) = calls.feed(Draft("n1", "RunCommand", '{"command": "ls"}', ""))
    assert json.loads(told.arguments) == {"command": "ls"}
    assert calls.feed(Draft("n1", "RunCommand", '{"command": "ls"}', "")) == calls.finish() == []


def events_of(*pieces: str, native: int, parallel: bool = True) -> list[str]:
    """Text and names of what comes out where `native` calls follow the pieces in one piece with more text."""
    calls = CallEvents(names_of(ALL), parallel=parallel, natives=NativeCalls(names_of(ALL)))
    came = [Draft(f"n{number}", "RunCommand", '{"command": "ls"}', "") for number in range(native)]
    out = [event for piece in pieces for event in calls.feed([Text(piece)])]
    out += calls.feed([*came, Text("It failed."), Finish("stop")])
    assert calls.complete
    return [event.text if isinstance(event, Text) else event.name for event in out if isinstance(event, Text | Draft)]


def test_both_ways_in_one_answer() -> None:
    assert events_of("\n<tool_call>ping</tool_call>\n", native=1) == ["ping", "RunCommand"]
    assert events_of("I look. <", native=2) == ["I look. ", "<", "RunCommand", "RunCommand"]
    assert events_of(" \n", native=1) == ["RunCommand"]
    assert events_of("", native=2, parallel=False) == ["RunCommand"]
    assert events_of("<tool_call>ping</tool_call>", native=1, parallel=False) == ["ping"]
    assert events_of("<tool_call>Read<arg_key>file_path</arg_key><arg_value>a", native=1) == ["Read", "RunCommand"]
