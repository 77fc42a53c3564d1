"""Calls that come as parts of the service's own, which then fails to run them and lets the model try again."""

import json
import time
from typing import Any

import pytest

from tests.asking import ask, sent
from tests.bundle import Bundle
from tests.sdks.playing import Call, calling
from tests.upstream import (
    Account,
    Answer,
    NativeCall,
    NativeCalls,
    OwnTool,
    StandIn,
    Text,
    Think,
    ThinkingDone,
)
from tests.upstream.parts import Part

RUN: Any = {
    "type": "function",
    "function": {
        "name": "RunCommand",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}, "blocking": {"type": "boolean"}},
        },
    },
}
SEARCH: Any = {"type": "function", "function": {"name": "search"}}
LS = {"command": "ls", "blocking": True}
NEXT_TRY = 20.0
"""Seconds after which the model would go on; whoever waits for it has not stopped the service."""


def called(name: str = "RunCommand", arguments: Any = None, **options: Any) -> NativeCall:
    return NativeCall(name, arguments or {"command": "ls", "blocking": "true"}, **{"next_try": NEXT_TRY, **options})


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("parts", "calls"),
    [
        ([called()], [LS]),
        ([called(status="error")], [LS]),
        ([called(call_shown=False)], [LS]),
        ([called(show_type="")], [LS]),
        ([called(show_type="mc_tool_result2")], [LS]),
        ([called("RunCommand" + json.dumps(LS) + "}", "")], [LS]),
        ([called(arguments=json.dumps(json.dumps(LS)))], [LS]),
        ([called(arguments=json.dumps(LS)[:-1])], [LS]),
        ([NativeCalls(called(), called(arguments={"command": "pwd"}))], [LS, {"command": "pwd"}]),
        ([NativeCalls(called(id="tool-1"), called(id="tool-1"))], [LS]),
        ([Think("Hm."), ThinkingDone(), OwnTool("open_url", {"url": "x"}, "page"), called()], [LS]),
        ([*calling(Call("RunCommand", {"command": "pwd"})), called()], [{"command": "pwd"}, LS]),
        ([*calling(Call("RunCommand", LS), way="dsml"), called()], [LS, LS]),
    ],
    ids=[
        *("one", "with an error", "its result alone", "no show type", "a result's", "glued", "twice encoded", "cut"),
        *("two", "one twice", "after the service's own", "after one in the text", "after one of another dialect"),
    ],
)
def test_it_is_the_callers_and_the_service_is_stopped(
    bundle: Bundle,
    upstream: StandIn,
    account: Account,
    parts: list[Part],
    calls: list[Any],
    streamed: bool,
    dialect: Any,
) -> None:
    upstream.script(Answer(*parts, dialect=dialect))
    began = time.monotonic()
    told = ask(bundle, account, tools=[RUN, SEARCH], stream=streamed)
    if streamed:
        choices = [choice for chunk in told for choice in chunk.choices]
        pieces = [call for choice in choices for call in choice.delta.tool_calls or ()]
        found: list[str] = [""] * (pieces[-1].index + 1)
        for piece in pieces:
            found[piece.index] += piece.function.arguments
        said = "".join(choice.delta.content or "" for choice in choices)
        reason = choices[-1].finish_reason
    else:
        choice = told.choices[0]
        found = [call.function.arguments for call in choice.message.tool_calls]
        said, reason = choice.message.content or "", choice.finish_reason
    assert [json.loads(one) for one in found] == calls
    assert (said, reason) == ("", "tool_calls")
    if streamed:
        bundle.logged(told.response.headers["x-request-id"])  # What is left to do is done.
    assert time.monotonic() - began < NEXT_TRY / 2
    assert len(upstream.requests("stop")) == 1
    assert sent(upstream)["meta_data"]["is_networking"] is False


@pytest.mark.parametrize(
    "part",
    [
        OwnTool("search", {"query": "x"}, "found"),
        OwnTool("RunCommand", LS, "ran"),
        called("search", show_type="mc_tool_call2", next_try=0.0),
        called("retrieve", show_type="", next_try=0.0),
        Think("I run it.", before_tool="RunCommand"),
        ThinkingDone(),
    ],
    ids=["search", "its own", "by its show type", "by its name", "a thought", "finish"],
)
def test_it_is_not_the_callers(bundle: Bundle, upstream: StandIn, account: Account, part: Part) -> None:
    upstream.script(Answer(part, Text("Well.")))
    choice = ask(bundle, account, tools=[RUN, SEARCH]).choices[0]
    assert choice.message.tool_calls is None
    assert choice.message.content.endswith("Well.")
    assert choice.finish_reason == "stop"


def test_one_of_no_declared_tool_is_asked_for_once_more(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(called("Unknown", next_try=0.0), Text("Well.")))
    upstream.script(Answer(called(next_try=0.0)))
    (call,) = ask(bundle, account, tools=[RUN, SEARCH]).choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("RunCommand", LS)
    assert "there is no function Unknown" in sent(upstream)["messages"][0]["content"][0]["text"]


def test_one_that_cannot_be_read_is_handed_out_as_it_is_written(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(called(arguments='{"command": "ls', next_try=0.0), Text("Well.")))
    upstream.script(Answer(Text("No.")))
    (call,) = ask(bundle, account, tools=[RUN, SEARCH]).choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("RunCommand", '{"command": "ls')
