"""`POST /v1/chat/completions`: what clients get, whole or in chunks."""

import json
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Literal

from lib.errors import UpstreamFailed
from lib.runtime import context
from lib.types.chat import Sampling
from lib.types.old_events import End, Event, FinishReason, Source, Start, Thought
from lib.types.usage import estimate
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.shared.markdown import Markdown
from lib.wires.shared.stop_filter import StopFilter

type Answer = AsyncGenerator[list[Event]]
type Delta = tuple[Literal["content", "reasoning_content"], str]

DONE = b"data: [DONE]\n\n"


async def whole(request: ChatRequest, answer: Answer) -> dict[str, Any]:
    """The answer as one `chat.completion`."""
    reply = Reply(request)
    async with aclosing(answer):
        async for events in answer:
            reply.add(events)
            if reply.finish_reason is not None:
                break
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.sources:
        message["annotations"] = reply.annotations()
    return {
        "id": reply.id,
        "object": "chat.completion",
        "created": reply.created,
        "model": request.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finished(), "logprobs": None}],
        "usage": reply.usage(),
    }


async def stream(request: ChatRequest, answer: Answer) -> AsyncGenerator[bytes]:
    """The answer as server-sent events, one for each kind of text that arrived together.

    The last of them goes out before the answer is closed, so that nobody waits for what is cleaned up after it.
    """
    reply = Reply(request)
    chunks: Chunks | None = None
    async with aclosing(answer):
        async for events in answer:
            deltas = reply.add(events)
            data = b"".join([chunks.text(*delta) for delta in deltas]) if chunks else b""
            if chunks is None:
                chunks = Chunks(reply, request)
                data = chunks.delta({"role": "assistant", "content": ""})
                data += b"".join([chunks.text(*delta) for delta in deltas])
            if data:
                yield data
            if reply.finish_reason is not None:
                break
        if chunks is None:
            raise UpstreamFailed("The service answered nothing.")
        last = chunks.last(reply, with_usage=bool(request.stream_options and request.stream_options.include_usage))
        context.current().answered = True
        yield last


class Reply:
    """What has been said so far, in the client's terms."""

    def __init__(self, request: ChatRequest) -> None:
        self.id = ""
        self.created = int(time.time())
        self.sources: list[Source] = []
        self.finish_reason: FinishReason | None = None
        self._request = request
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._markdown = Markdown()
        self._cut = StopFilter(
            Sampling(stop=tuple(request.stop or ()), max_tokens=request.max_completion_tokens or request.max_tokens)
        )

    @property
    def content(self) -> str:
        """The text so far."""
        return "".join(self._content)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return "".join(self._reasoning)

    def add(self, events: Iterable[Event]) -> list[Delta]:
        """Take what arrived together, and return what is new to the client, neighbours of one kind joined."""
        deltas: list[Delta] = []
        for event in events:
            if isinstance(event, Start):
                self.id = event.conversation_id
            elif isinstance(event, Source):
                self.sources.append(event)
            elif isinstance(event, Thought):
                self._reasoning.append(event.text)
                _join(deltas, ("reasoning_content", event.text))
            else:
                text = self._end(event) if isinstance(event, End) else self._cut.take(self._markdown.render(event))
                self._content.append(text)
                _join(deltas, ("content", text))
            if self._cut.reason is not None:
                self.finish_reason = self._cut.reason
                break
        return deltas

    def _end(self, end: End) -> str:
        self.finish_reason = end.reason
        text = self._cut.take(self._markdown.end()) + self._cut.rest()
        if end.note:
            text += f"\n\n{end.note}" if text or any(self._content) else end.note
        return text

    def finished(self) -> FinishReason:
        """Why the answer ended. Raises `UpstreamFailed` where it has not."""
        if self.finish_reason is None:
            raise UpstreamFailed("The service broke the answer off without an end.")
        return self.finish_reason

    def annotations(self) -> list[dict[str, Any]]:
        """The sources as OpenAI cites them. Which words come from which is not known: each stands for the whole."""
        end = len(self.content)
        return [
            {
                "type": "url_citation",
                "url_citation": {"start_index": 0, "end_index": end, "url": source.url, "title": source.title},
            }
            for source in self.sources
        ]

    def usage(self) -> dict[str, object]:
        """The tokens, estimated."""
        usage = estimate(self._request.text(), self.content, self.reasoning)
        return {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }


class Chunks:
    """Makes the events of one stream. What is the same in all of them is encoded once."""

    def __init__(self, reply: Reply, request: ChatRequest) -> None:
        self._head = (
            f'data: {{"id":{_json(reply.id)},"object":"chat.completion.chunk","created":{reply.created},'
            f'"model":{_json(request.model)},"choices":'
        )

    def text(self, field: str, text: str) -> bytes:
        """A chunk with a piece of text."""
        return (f'{self._head}[{{"index":0,"delta":{{"{field}":{_json(text)}}},"finish_reason":null}}]}}\n\n').encode(
            errors="replace"
        )

    def delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        """A chunk with any delta."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"{self._head}[{_json(choice)}]}}\n\n".encode(errors="replace")

    def last(self, reply: Reply, *, with_usage: bool) -> bytes:
        """The chunks that end the stream."""
        data = self.delta({"annotations": reply.annotations()}) if reply.sources else b""
        data += self.delta({}, reply.finished())
        if with_usage:
            data += f'{self._head}[],"usage":{_json(reply.usage())}}}\n\n'.encode()
        return data + DONE


def _join(deltas: list[Delta], delta: Delta) -> None:
    field, text = delta
    if not text:
        return
    if deltas and deltas[-1][0] == field:
        deltas[-1] = (field, deltas[-1][1] + text)
    else:
        deltas.append(delta)


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_json = _encoder.encode
