"""Real requests of agents that use chat completions: each gets a valid answer, whole and streamed."""

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests import captures
from tests.asking import sent_text
from tests.bundle import Bundle
from tests.sdks.playing import Call, calling
from tests.upstream import Account, Answer, StandIn

CALLED = {"opencode-after-tool": "bash", "qwen-code-after-tool": "tool_search"}
"""The tool whose result each of them brings."""


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_is_answered(bundle: Bundle, upstream: StandIn, account: Account, name: str, streamed: bool) -> None:
    declared = captures.load(name, "").body["tools"][0]["function"]
    tool = declared["name"]
    arguments = dict.fromkeys(declared["parameters"].get("required", ()), "foxes")
    upstream.script(Answer(*calling(Call(tool, arguments), before="I go on.")))
    response = captures.send(bundle, account, name, stream=streamed)
    assert response.status_code == 200
    if streamed:
        *events, done = response.text.removesuffix("\n\n").split("\n\n")
        assert done == "data: [DONE]"
        chunks = [ChatCompletionChunk.model_validate(json.loads(event.removeprefix("data: "))) for event in events]
        assert [chunk.usage.total_tokens > 1000 for chunk in chunks if chunk.usage] == [True]
        choices = [choice for chunk in chunks for choice in chunk.choices]
        assert "".join(choice.delta.content or "" for choice in choices) == "I go on."
        assert choices[-1].finish_reason == "tool_calls"
    else:
        completion = ChatCompletion.model_validate_json(response.content)
        assert completion.usage is not None
        assert completion.usage.prompt_tokens > 1000
        message = completion.choices[0].message
        assert message.content == "I go on."
        assert [call.function.name for call in message.tool_calls or () if call.type == "function"] == [tool]


@pytest.mark.parametrize("name", CALLED)
def test_the_model_sees_the_call_and_its_result(bundle: Bundle, upstream: StandIn, account: Account, name: str) -> None:
    captures.send(bundle, account, name, stream=False)
    text = sent_text(upstream)
    assert f"<tool_call>{CALLED[name]}<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>" in text
    assert text.count(f"[TOOL RESULT from {CALLED[name]} (call_1)]\nThe quick") == 1
    for tool in captures.load(name, "").body["tools"]:
        assert f'"name":"{tool["function"]["name"]}"' in text
