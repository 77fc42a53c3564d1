"""Tools in chat completions over the web service, which writes calls: as the official client meets them."""

import json
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tests.asking import ask, sent_text
from tests.bundle import Bundle
from tests.sdks.playing import WAYS, Call, Way, calling
from tests.upstream import Account, Answer, StandIn, Text, call_text, cut

HELLO: Any = [{"role": "user", "content": "Hello"}]

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


class GetWeather(BaseModel):
    """The weather in a city."""

    city: str
    days: int


class City(BaseModel):
    """A city."""

    name: str
    people: int


SHANGHAI: dict[str, Any] = {"name": "上海", "people": 24_870_000}


@pytest.mark.parametrize("way", ["trained", "native"])
def test_the_official_client_parses_a_call(bundle: Bundle, upstream: StandIn, account: Account, way: Way) -> None:
    tools = [openai.pydantic_function_tool(GetWeather)]
    upstream.script(Answer(*calling(Call("GetWeather", {"city": "北京", "days": 3}), way=way)), times=2)
    chat = bundle.client(account.refresh_token).chat.completions
    (call,) = chat.parse(model="glm-4.7", messages=HELLO, tools=tools).choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == GetWeather(city="北京", days=3)
    with chat.stream(model="glm-4.7", messages=HELLO, tools=tools) as events:
        kinds = [event.type for event in events]
        (call,) = events.get_final_completion().choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == GetWeather(city="北京", days=3)
    assert "tool_calls.function.arguments.delta" in kinds
    assert kinds.count("tool_calls.function.arguments.done") == 1


def test_the_official_client_parses_an_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    written = f"Here:\n```json\n{json.dumps(SHANGHAI, ensure_ascii=False)}\n```"
    upstream.script(Answer(Text(*cut(written, 7))), times=2)
    chat = bundle.client(account.refresh_token).chat.completions
    told = chat.parse(model="glm-4.7", messages=HELLO, response_format=City).choices[0].message
    assert told.parsed == City(**SHANGHAI)
    with chat.stream(model="glm-4.7", messages=HELLO, response_format=City) as events:
        for _ in events:
            pass
        assert events.get_final_completion().choices[0].message.parsed == City(**SHANGHAI)


def test_both_ways_in_one_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    other = Call("get_weather", {"city": "Paris"})
    upstream.script(Answer(*calling(BEIJING, before="I look."), *calling(other, way="native")), times=2)
    message = collect(ask(bundle, account, tools=[WEATHER], stream=True))
    assert message["content"] == "I look."
    assert [json.loads("".join(call["pieces"])) for call in message["calls"]] == [BEIJING.arguments, other.arguments]
    told = ask(bundle, account, tools=[WEATHER], parallel_tool_calls=False).choices[0].message
    assert [json.loads(call.function.arguments) for call in told.tool_calls] == [BEIJING.arguments]


FUNCTION = {"type": "function", "function": {"name": "get_weather"}}
OTHER = {"type": "function", "function": {"name": "other"}}


def allowed(mode: str, *tools: Any) -> Any:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


@pytest.mark.parametrize(
    ("choice", "declared", "must"),
    [
        ("auto", ["get_weather", "other"], False),
        ({"type": "auto"}, ["get_weather", "other"], False),
        ("none", [], False),
        ({"type": "none"}, [], False),
        ("required", ["get_weather", "other"], True),
        ("any", ["get_weather", "other"], True),
        ({"type": "required"}, ["get_weather", "other"], True),
        (FUNCTION, ["get_weather"], True),
        ({"type": "custom", "custom": {"name": "other"}}, ["other"], True),
        (allowed("auto", FUNCTION), ["get_weather"], False),
        (allowed("required", FUNCTION, OTHER), ["get_weather", "other"], True),
        (allowed("required"), [], False),
        ({"type": "web_search"}, ["get_weather", "other"], False),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_which_tool_is_to_be_called(
    bundle: Bundle, upstream: StandIn, account: Account, choice: Any, declared: list[str], must: bool
) -> None:
    arguments = {"input": "Paris"} if declared == ["other"] else {"city": "Paris"}
    upstream.script(Answer(*calling(Call(declared[0] if declared else "get_weather", arguments))))
    tools = [WEATHER, {"type": "custom", "custom": {"name": "other"}}]
    told = ask(bundle, account, tools=tools, tool_choice=choice).choices[0]
    names = [name for name in ("get_weather", "other") if f'"name":"{name}"' in sent_text(upstream)]
    assert names == declared
    assert ("This answer must call" in sent_text(upstream)) == must
    assert told.finish_reason == ("tool_calls" if declared else "stop")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [WEATHER, {"type": "custom"}]}, "tools[1].custom"),
        ({"tools": [WEATHER, WEATHER]}, "tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": OTHER}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": allowed("auto", OTHER)}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": "always"}, "tool_choice"),
        ({"functions": [WEATHER["function"]], "function_call": {"name": "other"}}, "tool_choice"),
        ({"functions": [WEATHER["function"]], "function_call": "always"}, "function_call"),
        ({"functions": [{"name": "a<b"}]}, "functions[0].name"),
    ],
)
def test_what_cannot_be_meant_names_its_field(
    bundle: Bundle, upstream: StandIn, account: Account, fields: Any, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(bundle, account, extra_body=fields)
    assert caught.value.param == param
    assert not upstream.requests("chat")


@pytest.mark.parametrize("name", ["a.b-c:d/e", "查询 天气", "Read(file)", "x|y", "search", "client__search", "a'b"])
@pytest.mark.parametrize("way", ["trained", "native"])
def test_a_tool_may_be_called_anything(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, way: Way
) -> None:
    tools = [{"type": "function", "function": {"name": name}}]
    shown = f"client__{name}" if "search" in name else name
    upstream.script(Answer(*calling(Call(shown), way=way)))
    (call,) = ask(bundle, account, tools=tools).choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == (name, "{}")


@pytest.mark.parametrize("name", ["a<b", "a>b", "a{b", "[a]", 'a"b', "a\nb", " a", "a "])
@pytest.mark.parametrize("path", ["chat/completions", "responses", "messages"])
def test_but_not_what_no_call_could_say(bundle: Bundle, account: Account, name: str, path: str) -> None:
    tool: dict[str, Any] = {"name": name, "input_schema": {}}
    if path != "messages":
        tool = {"type": "function", "name": name, "function": {"name": name}}
    body = {"model": "glm-4.7", "input": "Hi", "messages": HELLO, "max_tokens": 9, "tools": [tool]}
    key = {"Authorization": f"Bearer {account.refresh_token}"}
    response = httpx.post(f"{bundle.url}/v1/{path}", headers=key, json=body)
    assert response.status_code == 400
    assert "name" in response.json()["error"]["message"]


@pytest.mark.parametrize("streamed", [True, False])
def test_the_older_form_has_one_call(bundle: Bundle, upstream: StandIn, account: Account, streamed: bool) -> None:
    upstream.script(Answer(*calling(BEIJING, BEIJING)))
    wanted: Any = {"functions": [WEATHER["function"]], "function_call": {"name": "get_weather"}, "stream": streamed}
    told = ask(bundle, account, **wanted)
    if streamed:
        choices = [chunk.choices[0] for chunk in told]
        calls = [choice.delta.function_call for choice in choices if choice.delta.function_call]
        names = [call.name for call in calls if call.name]
        arguments = "".join(call.arguments or "" for call in calls)
    else:
        choices = told.choices
        names = [choices[0].message.function_call.name]
        arguments = choices[0].message.function_call.arguments
    assert names == ["get_weather"]
    assert json.loads(arguments) == BEIJING.arguments
    assert choices[-1].finish_reason == "function_call"


@pytest.mark.parametrize("streamed", [True, False])
def test_a_custom_tool_gets_its_raw_text(bundle: Bundle, upstream: StandIn, account: Account, streamed: bool) -> None:
    text = 'line one\n  "two" \\ three\n'
    upstream.script(Answer(*calling(Call("shell", {"input": text}))))
    told = ask(bundle, account, tools=[{"type": "custom", "custom": {"name": "shell"}}], stream=streamed)
    if streamed:
        calls = [call for chunk in told for call in chunk.choices[0].delta.tool_calls or ()]
        assert (calls[0].type, calls[0].custom["name"]) == ("custom", "shell")
        assert "".join(call.custom["input"] for call in calls) == text
    else:
        (call,) = told.choices[0].message.tool_calls
        assert (call.type, call.custom.name, call.custom.input) == ("custom", "shell", text)


@pytest.mark.parametrize("streamed", [True, False])
def test_nothing_is_called_behind_a_stop_sequence(
    bundle: Bundle, upstream: StandIn, account: Account, streamed: bool
) -> None:
    upstream.script(Answer(Text("One STOP two." + call_text(*BEIJING))))  # All in one event.
    told = ask(bundle, account, tools=[WEATHER], stop="STOP", stream=streamed)
    if streamed:
        assert collect(told) == {"content": "One ", "calls": [], "finish": ["stop"]}
    else:
        message = told.choices[0].message
        assert (message.content, message.tool_calls, told.choices[0].finish_reason) == ("One ", None, "stop")


def test_a_name_with_the_prefix_is_told_apart(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("search", "client__search")]
    upstream.script(Answer(*calling(Call("client__search"), Call("client__client__search"))))
    calls = ask(bundle, account, tools=tools).choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["search", "client__search"]
