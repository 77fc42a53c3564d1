"""Bodies of one wire in another's words, as clients send them: what they say all the same."""

from typing import Any

import httpx
import pytest

from lib.types.chat import ChatRequest as Wanted
from lib.types.chat import FilePart, Message, TextPart, ToolCall
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.responses.request import ResponseRequest
from tests.asking import sent_text
from tests.bundle import Bundle
from tests.upstream import Account, Answer, StandIn, Text

PICTURE = "data:image/png;base64,aGk="


def chat(*messages: Any, **fields: Any) -> Wanted:
    return ChatRequest.model_validate({"messages": [*messages], **fields}).check().chat_request()


def messages(*given: Any, **fields: Any) -> Wanted:
    return MessageRequest.model_validate({"messages": [*given], **fields}).check().chat_request()


def responses(*given: Any, **fields: Any) -> Wanted:
    return ResponseRequest.model_validate({"input": [*given], **fields}).check().chat_request()


@pytest.mark.parametrize("ask", [chat, messages, responses])
@pytest.mark.parametrize(
    "part",
    [
        "Hi",
        {"type": "text", "text": "Hi"},
        {"type": "input_text", "text": "Hi"},
        {"type": "output_text", "text": "Hi", "annotations": []},
    ],
)
def test_words(ask: Any, part: Any) -> None:
    assert ask({"role": "user", "content": [part]}).messages[0].parts == (TextPart("Hi"),)


@pytest.mark.parametrize("ask", [chat, messages, responses])
@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "image_url", "image_url": PICTURE},
        {"type": "input_image", "image_url": PICTURE},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ],
)
def test_a_picture(ask: Any, part: Any) -> None:
    (found,) = ask({"role": "user", "content": [part]}).messages[0].parts
    assert isinstance(found, FilePart)
    assert (found.url, found.is_image) == (PICTURE, True)


def test_anthropics_calls_and_results_in_chat() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "A cat."}]}
    wanted = chat(
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, use]},
        {"role": "user", "content": [result, {"type": "text", "text": "And now?"}]},
    )
    made, given, asked = wanted.messages
    assert (made.tool_calls, made.reasoning) == ((ToolCall("t1", "look", '{"at":1}'),), "Hm.")
    assert given._replace(tool_name="") == Message("tool", (TextPart("A cat."),), tool_call_id="t1")
    assert asked == Message("user", (TextPart("And now?"),))


def test_a_body_of_responses_at_chats_path() -> None:
    body = {
        "model": "glm-5.3",
        "instructions": "Be kind.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Look."}]},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "A cat."},
        ],
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}],
    }
    wanted = ChatRequest.model_validate(body).check().chat_request()
    assert [message.role for message in wanted.messages] == ["system", "user", "assistant", "tool"]
    assert [tool.name for tool in wanted.tools] == ["look"]


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"reasoning_effort": "ultra"}, "max"),
        ({"reasoning_effort": "High"}, "high"),
        ({"reasoning_effort": "off"}, "none"),
        ({"reasoning": {"effort": "low"}}, "low"),
        ({"reasoning": {"enabled": False}}, "none"),
        ({"enable_thinking": False}, "none"),
        ({"chat_template_kwargs": {"enable_thinking": True}}, "high"),
        ({"thinking": {"type": "disabled"}}, "none"),
        ({}, None),
    ],
)
def test_how_hard_to_think(fields: Any, effort: Any) -> None:
    assert chat({"role": "user", "content": "Hi"}, **fields).effort == effort


def test_the_assistants_last_words_are_gone_on_with(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    said = [{"role": "user", "content": "Count."}, {"role": "assistant", "content": "One, t"}]
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    for path, field in (("chat/completions", "messages"), ("messages", "messages"), ("responses", "input")):
        upstream.script(Answer(Text("wo.")))
        answered = httpx.post(f"{bundle.url}/v1/{path}", headers=headers, json={field: said, "max_tokens": 99})
        assert answered.status_code == 200
        assert "Go on with your last message" in sent_text(upstream)


@pytest.mark.parametrize("ask", [chat, responses])
def test_instructions_alone_are_answered(ask: Any) -> None:
    assert ask({"role": "developer", "content": "Say hi."}).messages[-1].role == "system"


def test_instructions_with_an_empty_message_are_answered() -> None:
    assert responses({"role": "user", "content": ""}, instructions="Say hi.").messages
    assert messages({"role": "user", "content": ""}, system="Say hi.").messages


@pytest.mark.parametrize("path", ["chat/completions", "completions", "messages", "responses", "embeddings"])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_has_not_is_refused(bundle: Bundle, account: Account, path: str, number: str) -> None:
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    said = '"input": "NaN", "messages": [{"role": "user", "content": "Hi"}]'
    body = f'{{"metadata": {{"a": {number}}}, {said}}}'
    answered = httpx.post(f"{bundle.url}/v1/{path}", headers=headers, content=body)
    assert answered.status_code == 400
    assert number in answered.json()["error"]["message"]
