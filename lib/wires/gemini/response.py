"""`:generateContent`, `:streamGenerateContent`: what clients get.

A stream holds nothing but `data:` lines and blank ones: official clients lose the answer by comments and named events.
"""

import json
from collections.abc import Sequence
from secrets import token_hex
from typing import Any, Final

from lib.errors import Error
from lib.types import chat
from lib.types.events import Event, FinishReason, Reasoning, Search, Text, ToolCallEnd, Usage
from lib.wires.gemini.request import GenerateRequest
from lib.wires.gemini.wire import error_object
from lib.wires.shared.encoding import SseStream, encode, sse
from lib.wires.shared.reply import Reply

type Json = dict[str, Any]

_FINISH_REASONS: Final[dict[FinishReason, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "tool_calls": "STOP",
}


class GenerateAnswer:
    """The answer as the chunks of a stream, and, of all parts together, as one response."""

    def __init__(self, request: GenerateRequest, wanted: chat.ChatRequest) -> None:
        self._reply = Reply(wanted)
        self._fields = {"modelVersion": wanted.model, "responseId": token_hex(12)}
        self._shows_thoughts = request.shows_thoughts
        self._queries: list[str] = []
        self._calls = 0
        self._parts: list[Json] = []
        """Of the whole answer."""

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def parts(self, events: Sequence[Event]) -> list[Json]:
        """What is new. A call is one part, once its arguments are complete."""
        parts: list[Json] = []
        for delta in self._reply.feed(events):
            match delta:
                case Text(text):
                    parts.append({"text": text})
                case Reasoning(text) if self._shows_thoughts:
                    parts.append({"text": text, "thought": True})
                case Search(query):
                    self._queries.append(query)
                case ToolCallEnd():
                    call, self._calls = self._reply.calls[self._calls], self._calls + 1
                    made = {"id": call.id, "name": call.name, "args": _arguments(call.arguments)}
                    parts.append({"functionCall": made})
        return parts

    def feed(self, events: Sequence[Event]) -> None:
        self._parts += self.parts(events)

    def chunk(self, parts: Sequence[Json]) -> Json:
        """A response of these parts, or of an empty text: clients leave a turn out of the history that has no parts."""
        content = {"parts": list(parts) or [{"text": ""}], "role": "model"}
        return {"candidates": [{"content": content, "index": 0}], **self._fields}

    def last(self, parts: Sequence[Json] = ()) -> Json:
        """The chunk that says why the answer ended. Raises `UpstreamFailed` where it has not."""
        reason = self._reply.finish()
        chunk = self.chunk(parts)
        chunk["candidates"][0]["finishReason"] = _FINISH_REASONS[reason]
        if grounding := self._grounding():
            chunk["candidates"][0]["groundingMetadata"] = grounding
        return chunk | {"usageMetadata": _usage(self._reply.usage())}

    def whole(self) -> Json:
        return self.last(_joined(self._parts))

    def _grounding(self) -> Json:
        """Where the answer comes from. Places in the text are counted in bytes, as Google does."""
        sources = {source.url: {"web": {"uri": source.url, "title": source.title}} for source in self._reply.sources}
        cited = {one.url: {"web": {"uri": one.url, "title": one.title}} for one in self._reply.annotations}
        chunks = cited | sources
        places = {url: place for place, url in enumerate(chunks)}
        text = self._reply.content
        supports = [
            {
                "segment": {
                    "startIndex": len(text[: one.start].encode(errors="replace")),
                    "endIndex": len(text[: one.end].encode(errors="replace")),
                    "text": text[one.start : one.end],
                },
                "groundingChunkIndices": [places[one.url]],
            }
            for one in self._reply.annotations
        ]
        found = {
            "webSearchQueries": self._queries,
            "groundingChunks": list(chunks.values()),
            "groundingSupports": supports,
        }
        return {name: value for name, value in found.items() if value}


class SseEncoder(SseStream):
    """The answer as server-sent events, where `alt=sse` asks for them."""

    def __init__(self, request: GenerateRequest, wanted: chat.ChatRequest) -> None:
        self._answer = GenerateAnswer(request, wanted)

    @property
    def finished(self) -> bool:
        return self._answer.finished

    def heartbeat(self) -> bytes:
        return self._framed(self._answer.chunk([]))

    def feed(self, events: Sequence[Event]) -> bytes:
        parts = self._answer.parts(events)
        return self._framed(self._answer.chunk(parts)) if parts else b""

    def finish(self) -> bytes:
        return self._framed(self._answer.last())

    def fail(self, error: Error, request_id: str) -> bytes:
        return self._framed({"error": error_object(error)})

    def _framed(self, chunk: Json) -> bytes:
        return sse(chunk)


class ArrayEncoder(SseEncoder):
    """The answer as one JSON array, which grows by an object for each chunk."""

    media_type = "application/json"

    def __init__(self, request: GenerateRequest, wanted: chat.ChatRequest) -> None:
        super().__init__(request, wanted)
        self._begun = False

    def finish(self) -> bytes:
        return super().finish() + b"]"

    def fail(self, error: Error, request_id: str) -> bytes:
        return super().fail(error, request_id) + b"]"

    def _framed(self, chunk: Json) -> bytes:
        before, self._begun = b",\r\n" if self._begun else b"[", True
        return before + encode(chunk)


def _arguments(text: str) -> Json:
    """The arguments of a call, an object. What the model wrote in another form is handed out as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return value if isinstance(value, dict) else {"arguments": value}


def _joined(parts: Sequence[Json]) -> list[Json]:
    """The same, neighbouring texts of one kind as one."""
    joined: list[Json] = []
    for part in parts:
        if joined and "text" in part and "text" in joined[-1] and joined[-1].get("thought") == part.get("thought"):
            joined[-1] = part | {"text": joined[-1]["text"] + part["text"]}
        else:
            joined.append(part)
    return joined


def _usage(usage: Usage) -> Json:
    counts = {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.completion_tokens - usage.reasoning_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "totalTokenCount": usage.prompt_tokens + usage.completion_tokens,
    }
    told = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")
    return {name: count for name, count in counts.items() if count or name in told}
