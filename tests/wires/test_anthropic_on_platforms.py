"""Anthropic's Messages on both platforms: Vercel's runtime, and the streaming function of Lambda."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.asking import sent_text
from tests.platforms import aws, npm
from tests.platforms.vercel import Deployment, build
from tests.sdks.playing import Call, loop
from tests.upstream import Account, Answer, Error, Gate, StandIn, Text, Think
from tests.wires.messages import HELLO, ask, client, stream, text_of

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module", params=["vercel", "lambda"])
def url(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[str]:
    """Where a running instance is."""
    if request.param == "lambda":
        with aws.Server(aws.package(), GLM_CHATGLM_URL=stand_in.url) as server:
            yield server.url
    else:
        npm.need("vercel", "vercel")
        with Deployment(build(), {"GLM_CHATGLM_URL": stand_in.url}) as deployment:
            yield deployment.url


@pytest.fixture
def account(upstream: StandIn) -> Account:
    """Instances without a store in common can only share a token that is not taken out of use."""
    return upstream.account(rotation="lenient")


def test_whole_and_as_it_is_written(url: str, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("ha ", "ha ", "haha")))
    assert text_of(ask(url, account, model="claude-opus-4-8")) == "ha ha haha"
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    official = client(url, account)
    with official, official.messages.stream(model="glm-5.3", max_tokens=100, messages=HELLO) as events:
        words = iter(events.text_stream)
        assert next(words) == "ha "
        gate.release()
        assert "".join(words) == "ha haha"


def test_thinking_and_a_tool(url: str, upstream: StandIn, account: Account) -> None:
    weather: Any = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    asked: Any = {"tools": [weather], "thinking": {"type": "adaptive"}}
    rome = Call("weather", {"city": "Rome"})
    upstream.play(loop([rome], says="It is hot."))
    message = stream(url, account, messages=HELLO, **asked)[1]
    (call,) = [block for block in message.content if block.type == "tool_use"]
    assert (call.name, call.input, message.stop_reason) == ("weather", {"city": "Rome"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "31 degrees"}
    turns = [*HELLO, {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    assert text_of(ask(url, account, messages=turns, **asked)) == "It is hot."
    assert "31 degrees" in sent_text(upstream)
    upstream.play(lambda asked: Answer(Think("Hm."), Text("Yes.")))
    for thought in (ask(url, account, **asked), stream(url, account, **asked)[1]):
        assert [block.type for block in thought.content] == ["thinking", "text"]


def test_tokens_models_and_the_first_look(url: str, account: Account) -> None:
    with client(url, account) as official:
        assert official.messages.count_tokens(model="glm-5.3", messages=HELLO).input_tokens > 0
        assert "claude-opus" in [model.id for model in official.models.list()]
    assert httpx.head(f"{url}/").status_code == 200


def test_errors_are_anthropics_own(url: str, upstream: StandIn, account: Account) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        ask(url, "no-token")
    with pytest.raises(anthropic.BadRequestError, match="must not end in /v1"):
        ask(f"{url}/v1", account)
    upstream.script(Answer(Text("Half an ", "answer"), ending=Error()))
    with pytest.raises(anthropic.APIStatusError) as broken:
        stream(url, account)
    assert broken.value.type == "api_error"
