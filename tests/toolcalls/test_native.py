"""Native calls: the caller's are read, however glued, cut or wrapped in strings; the service's own are not."""

import json
from typing import Any

import pytest

from lib.toolcalls.native import read_native
from lib.toolcalls.reader import CallReader
from lib.types.chat import Tool
from lib.types.events import Text, ToolCallStart
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


def read(name: str, arguments: str = "", show_type: str = "mc_tool_call") -> list[tuple[str, Any]]:
    calls = read_native(name, arguments, show_type, ALL)
    assert all(call.id for call in calls)
    return [(call.name, json.loads(call.arguments)) for call in calls]


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
        ("RunCommand", "", {}),
        ("RunCommand", "{}", {}),
        (" RunCommand ", "null", {}),
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
    assert name.strip().removeprefix("<tool_call>").startswith(found)
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
        ("search", '{"query": "x"}', "mc_tool_call"),
        ("unknown", "{}", "mc_tool_call"),
        ("", "{}", "mc_tool_call"),
        ("RunCommand", '{"command": "rm -rf /tmp', "mc_tool_call"),
        ("RunCommand", "12", "mc_tool_call"),
        ('Run{"command": "ls"}', "", "mc_tool_call"),
        ("RunCommandx[1]", "", "mc_tool_call"),
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


def events_of(*pieces: str, native: int, parallel: bool = True) -> tuple[list[str], CallReader]:
    """Text and names of what comes out where `native` calls follow the pieces, then more text and another call."""
    reader = CallReader(ALL, parallel=parallel)
    events = [event for piece in pieces for event in reader.feed(piece)]
    calls = read_native("RunCommand", '{"command": "ls"}' * native, "mc_tool_call", ALL)
    events += reader.take_calls(calls) + reader.feed("It failed. ")
    events += reader.take_calls(read_native("ping", "{}", "", ALL)) + reader.end(cut=False)
    told = [event.text for event in events if isinstance(event, Text)]
    told += [event.name for event in events if isinstance(event, ToolCallStart)]
    return told, reader


def test_both_ways_in_one_answer() -> None:
    told, reader = events_of("\n<tool_call>ping</tool_call>\n", native=1)
    assert told == ["ping", "RunCommand", "ping"]
    assert reader.called
    assert reader.stopped
    assert events_of("I look. <", native=2)[0] == ["I look. ", "<", "RunCommand", "RunCommand", "ping"]
    assert events_of(" \n", native=1)[0] == ["RunCommand", "ping"]
    assert events_of("", native=2, parallel=False)[0] == ["RunCommand"]
    assert events_of("<tool_call>ping</tool_call>", native=1, parallel=False)[0] == ["ping"]


def test_a_call_in_the_text_that_breaks_off_with_a_native_one() -> None:
    told, reader = events_of("<tool_call>Write<arg_key>content</arg_key><arg_value>ha", native=1)
    assert told[:1] == ["Write"]
    assert reader.failure is not None
    assert "RunCommand" not in told
