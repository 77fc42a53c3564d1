"""Whole answers of every wire: what the upstream takes back is in none of them, and what clients split is whole."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest

from lib.errors import UpstreamFailed
from lib.serving.wire import WholeAnswer
from lib.types.events import Event, Finish, Revision, Start, Text, ToolCallArguments, ToolCallStart, Usage, merged
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.anthropic.message_response import MessageAnswer, MessageEncoder
from lib.wires.gemini.request import GenerateRequest
from lib.wires.gemini.response import GenerateAnswer, SseEncoder
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.openai.chat_response import ChatAnswer, ChatEncoder
from lib.wires.openai.completion_request import CompletionRequest
from lib.wires.openai.completion_response import CompletionAnswer, CompletionEncoder
from lib.wires.responses.request import ResponseRequest
from lib.wires.responses.response import ResponseAnswer, ResponseEncoder
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import json_response

MESSAGES = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hi"}]}
CHAT = ChatRequest.model_validate(MESSAGES)
COMPLETION = CompletionRequest.model_validate({"prompt": "Hi"})
MESSAGE = MessageRequest.model_validate(MESSAGES | {"max_tokens": 100})
GEMINI = GenerateRequest.model_validate({"contents": [{"parts": [{"text": "Hi"}]}]})
RESPONSE = ResponseRequest.model_validate({"input": "Hi"})

WHOLE: dict[str, Callable[[], WholeAnswer]] = {
    "chat": lambda: ChatAnswer(CHAT, CHAT.chat_request()),
    "completions": lambda: CompletionAnswer(COMPLETION, COMPLETION.chat_request()),
    "messages": lambda: MessageAnswer(MESSAGE, MESSAGE.chat_request()),
    "responses": lambda: ResponseAnswer(RESPONSE, RESPONSE.chat_request()),
    "gemini": lambda: GenerateAnswer(GEMINI, GEMINI.chat_request("glm-5.3", streamed=False)),
}
STREAMS: dict[str, Callable[[], Any]] = {
    "chat": lambda: ChatEncoder(CHAT, CHAT.chat_request()),
    "completions": lambda: CompletionEncoder(COMPLETION, COMPLETION.chat_request()),
    "messages": lambda: MessageEncoder(MESSAGE, MESSAGE.chat_request()),
    "responses": lambda: ResponseEncoder(RESPONSE, RESPONSE.chat_request()),
    "gemini": lambda: SseEncoder(GEMINI, GEMINI.chat_request("glm-5.3", streamed=True)),
}
LINE_ENDS = "a\u2028b\u2029c\x85d\x0be\x1cf"


def collected(wire: str, *lists: Sequence[Event]) -> str:
    async def answer() -> AsyncGenerator[list[Event]]:
        for events in lists:
            yield list(events)

    return bytes(json_response(asyncio.run(collect(WHOLE[wire], answer()))).body).decode()


@pytest.mark.parametrize("wire", WHOLE)
def test_what_is_taken_back_is_in_no_whole_answer(wire: str) -> None:
    revised = Revision((Text("Bet"),))
    body = collected(wire, [Start("c1"), Usage(7, 8), Text("Wrong")], [revised], [Text("ter."), Finish("stop")])
    assert "Better." in body
    assert "Wrong" not in body
    assert ":7," in body, "the usage was told before"


@pytest.mark.parametrize("wire", WHOLE)
def test_an_answer_without_an_end_has_failed(wire: str) -> None:
    with pytest.raises(UpstreamFailed):
        collected(wire, [Start("c1"), Text("Half")])


@pytest.mark.parametrize("wire", STREAMS)
def test_no_letter_of_an_answer_ends_a_line(wire: str) -> None:
    encoder = STREAMS[wire]()
    data = encoder.preamble() + encoder.feed([Start("c1"), Text(LINE_ENDS)]) + encoder.feed([Finish("stop")])
    lines = (data + encoder.finish()).decode()
    assert lines.splitlines() == lines.split("\n")[:-1]
    told = [json.loads(line.removeprefix("data: ")) for line in lines.splitlines() if line.startswith("data: {")]
    assert json.dumps(LINE_ENDS)[1:-1] in json.dumps(told)
    whole = collected(wire, [Text(LINE_ENDS), Finish("stop")])
    assert len(whole.splitlines()) == 1
    assert json.dumps(LINE_ENDS)[1:-1] in json.dumps(json.loads(whole))


def test_neighbouring_deltas_of_one_text_become_one() -> None:
    events: list[Event] = [Text("a"), Text("b"), ToolCallStart("1", "f"), ToolCallStart("2", "g")]
    arguments: list[Event] = [ToolCallArguments("{"), ToolCallArguments("}"), Text("c")]
    assert list(merged(events + arguments)) == [Text("ab"), *events[2:], ToolCallArguments("{}"), Text("c")]
