"""Tools as Anthropic's own client sees them, on the web service and on the open platform."""

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import beta_tool

from tests.bundle import Bundle
from tests.upstream import StandIn
from tests.wires.messages import ask, client, stream, text_of
from tests.wires.models import Call, Model, Turn, model

WEATHER: Any = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ASKED: Any = [{"role": "user", "content": "What is the weather in 北京?"}]


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_is_called_and_its_result_is_seen(glm: Model, streamed: bool) -> None:
    def send(messages: Any) -> Any:
        options: Any = {"messages": messages, "tools": [WEATHER]}
        return stream(glm.bundle.url, glm.key, **options)[1] if streamed else ask(glm.bundle.url, glm.key, **options)

    glm.play(Turn("I look.", (Call("weather", {"city": "北京"}),)), Turn("It is sunny."))
    message = send(ASKED)
    assert message.stop_reason == "tool_use"
    text, call = message.content
    assert text.text.strip() == "I look."
    assert (call.type, call.name, call.input) == ("tool_use", "weather", {"city": "北京"})
    assert "The weather of a city." in glm.asked()[0]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "31 degrees"}]}
    turns = [
        *ASKED,
        {"role": "assistant", "content": [block.to_dict() for block in message.content]},
        {"role": "user", "content": [result]},
    ]
    final = send(turns)
    assert (text_of(final), final.stop_reason) == ("It is sunny.", "end_turn")
    assert "31 degrees" in glm.asked()[1]


def test_several_calls_in_one_answer(glm: Model) -> None:
    glm.play(Turn(calls=(Call("weather", {"city": "Rome"}), Call("weather", {"city": "Oslo"}))))
    message = ask(glm.bundle.url, glm.key, messages=ASKED, tools=[WEATHER])
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
    assert len({call.id for call in calls}) == 2


def test_the_clients_own_loop(glm: Model) -> None:
    cities = []

    @beta_tool
    def weather(city: str) -> str:
        """The weather of a city.

        Args:
            city: Its name.
        """
        cities.append(city)
        return "31 degrees"

    glm.play(Turn(calls=(Call("weather", {"city": "Rome"}),)), Turn("It is hot."))
    with client(glm.bundle.url, glm.key) as official:
        runner = official.beta.messages.tool_runner(
            model="claude-opus-4-8", max_tokens=1000, tools=[weather], messages=ASKED
        )
        final = runner.until_done()
    assert cities == ["Rome"]
    assert [block.text for block in final.content if block.type == "text"] == ["It is hot."]


def test_a_tool_that_has_to_be_called(glm: Model) -> None:
    """As the AI SDK asks for an object: by a tool that is forced."""
    glm.play(Turn(calls=(Call("json", {"city": "Rome"}),)))
    forced: Any = {**WEATHER, "name": "json"}
    message = ask(
        glm.bundle.url,
        glm.key,
        messages=ASKED,
        tools=[forced],
        tool_choice={"type": "tool", "name": "json", "disable_parallel_tool_use": True},
    )
    assert [block.input for block in message.content if block.type == "tool_use"] == [{"city": "Rome"}]
    assert message.stop_reason == "tool_use"


def test_no_tool_is_declared_where_none_may_be_called(glm: Model) -> None:
    glm.play(Turn("It is sunny."))
    ask(glm.bundle.url, glm.key, messages=ASKED, tools=[WEATHER], tool_choice={"type": "none"})
    assert "The weather of a city." not in glm.asked()[0]


def test_tools_count_among_the_tokens(glm: Model) -> None:
    with client(glm.bundle.url, glm.key) as official:
        plain = official.messages.count_tokens(model="glm-5.3", messages=ASKED).input_tokens
        long: Any = {**WEATHER, "description": "The weather of a city. " * 100}
        tools = official.messages.count_tokens(model="glm-5.3", messages=ASKED, tools=[long]).input_tokens
    assert tools > plain + 200
