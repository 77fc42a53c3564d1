"""Tools in chat completions over the web service, which writes calls: as the official client meets them."""

import json
from typing import Any

import pytest

from tests.asking import ask
from tests.bundle import Bundle
from tests.sdks.playing import WAYS, Call, Way, calling
from tests.upstream import Account, Answer, StandIn

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
BEIJING = Call("get_weather", {"city": "北京", "days": 3})


def collect(stream: Any) -> dict[str, Any]:
    """A stream's chunks as one message, as clients put them together."""
    message: dict[str, Any] = {"content": "", "calls": [], "finish": []}
    for chunk in stream:
        for choice in chunk.choices:
            message["content"] += choice.delta.content or ""
            for piece in choice.delta.tool_calls or []:
                if piece.index == len(message["calls"]):
                    assert piece.id
                    assert piece.function.name
                    message["calls"].append({"id": piece.id, "name": piece.function.name, "pieces": []})
                else:
                    assert piece.index == len(message["calls"]) - 1
                    assert piece.id is None
                    message["calls"][-1]["pieces"].append(piece.function.arguments)
            if choice.finish_reason:
                message["finish"].append(choice.finish_reason)
    return message


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
@pytest.mark.parametrize("way", WAYS)
def test_a_call_comes_whole(bundle: Bundle, upstream: StandIn, account: Account, way: Way, dialect: Any) -> None:
    upstream.script(Answer(*calling(BEIJING, way=way), dialect=dialect))
    choice = ask(bundle, account, tools=[WEATHER]).choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert json.loads(call.function.arguments) == {"city": "北京", "days": 3}
    assert choice.message.content is None


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
@pytest.mark.parametrize("way", WAYS)
def test_a_call_comes_in_pieces(bundle: Bundle, upstream: StandIn, account: Account, way: Way, dialect: Any) -> None:
    upstream.script(Answer(*calling(BEIJING, way=way), dialect=dialect))
    message = collect(ask(bundle, account, tools=[WEATHER], stream=True))
    (call,) = message["calls"]
    assert call["name"] == "get_weather"
    assert json.loads("".join(call["pieces"])) == {"city": "北京", "days": 3}
    assert (message["content"], message["finish"]) == ("", ["tool_calls"])
