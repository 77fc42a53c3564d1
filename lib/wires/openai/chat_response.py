"""`POST /v1/chat/completions`: what clients get, whole or in chunks."""

from collections.abc import Iterator, Mapping, Sequence
from secrets import token_hex
from types import MappingProxyType
from typing import Any

from lib.errors import UpstreamFailed
from lib.types import chat
from lib.types.chat import ToolCall
from lib.types.events import Event, Reasoning, Text, ToolCallArguments, ToolCallEnd, ToolCallStart, Usage
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.openai.wire import DONE, SseComments
from lib.wires.shared.custom_tool import unwrap_input
from lib.wires.shared.encoding import sse
from lib.wires.shared.reply import Annotation, Delta, Reply


class ChatAnswer:
    """The answer as one `chat.completion`."""

    def __init__(self, request: ChatRequest, wanted: chat.ChatRequest) -> None:
        self._request = request
        self._reply = Reply(wanted)

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def feed(self, events: Sequence[Event]) -> None:
        self._reply.feed(events)

    def whole(self) -> dict[str, Any]:
        reply, request = self._reply, self._request
        finish_reason = _finish_reason(reply, request)
        message: dict[str, Any] = {"role": "assistant", "content": reply.content}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        if reply.calls:
            message["content"] = reply.content or None
            message |= _calls(reply.calls, request)
        if citations := _citations(reply):
            message["annotations"] = citations
        return {
            "id": _id(reply),
            "object": "chat.completion",
            "created": reply.created,
            "model": request.model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}],
            "usage": usage_object(reply.usage()),
            "system_fingerprint": reply.answered_by or None,
        }


class ChatEncoder(SseComments):
    def __init__(self, request: ChatRequest, wanted: chat.ChatRequest, *, zhipu: bool = False) -> None:
        """`zhipu`: for Zhipu's own client, which cannot ask for the usage and expects it in the last chunk."""
        self._request = request
        self._zhipu = zhipu
        self._reply = Reply(wanted)
        self._head: dict[str, Any] = {}
        """What is the same in all chunks."""
        self._calls = 0
        self._custom: list[str] | None = None
        """The input of a custom tool's call while it comes."""

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def feed(self, events: Sequence[Event]) -> bytes:
        deltas = self._reply.feed(events)
        begin = b"" if self._head else self._begin()
        return begin + b"".join([self._chunk(fields) for delta in deltas if (fields := self._fields(delta))])

    def finish(self) -> bytes:
        if not self._head:
            raise UpstreamFailed("The service answered nothing.")
        citations = _citations(self._reply)
        data = self._chunk({"annotations": citations}) if citations else b""
        usage = {"usage": usage_object(self._reply.usage())}
        data += self._chunk({}, _finish_reason(self._reply, self._request), usage if self._zhipu else {})
        options = self._request.stream_options
        if options is not None and options.include_usage:
            data += sse(self._head | {"choices": []} | usage)
        return data + DONE

    def _begin(self) -> bytes:
        self._head = {
            "id": _id(self._reply),
            "object": "chat.completion.chunk",
            "created": self._reply.created,
            "model": self._request.model,
            "system_fingerprint": self._reply.answered_by or None,
        }
        return self._chunk({"role": "assistant", "content": ""})

    def _fields(self, delta: Delta) -> dict[str, Any] | None:
        """What the chunk of this delta holds; None where it has none."""
        match delta:
            case Text(text):
                return {"content": text}
            case Reasoning(text):
                return {"reasoning_content": text}
            case ToolCallStart():
                return self._call(delta)
            case ToolCallArguments(text):
                if self._custom is not None:
                    self._custom.append(text)
                    return None
                if self._request.functions:
                    return {"function_call": {"arguments": text}}
                return {"tool_calls": [{"index": self._calls - 1, "function": {"arguments": text}}]}
            case ToolCallEnd() if self._custom is not None:
                text, self._custom = unwrap_input("".join(self._custom)), None
                return {"tool_calls": [{"index": self._calls - 1, "custom": {"input": text}}]}
        return None

    def _call(self, start: ToolCallStart) -> dict[str, Any]:
        index, self._calls = self._calls, self._calls + 1
        if self._request.functions:
            return {"function_call": {"name": start.name, "arguments": ""}}
        call: dict[str, Any] = {"index": index, "id": start.id}
        if start.name in self._request.custom_names:
            self._custom = []
            call |= {"type": "custom", "custom": {"name": start.name, "input": ""}}
        else:
            call |= {"type": "function", "function": {"name": start.name, "arguments": ""}}
        return {"tool_calls": [call]}

    def _chunk(
        self, delta: dict[str, Any], finish_reason: str | None = None, more: Mapping[str, Any] = MappingProxyType({})
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return sse({**self._head, "choices": [choice], **more})


def usage_object(usage: Usage) -> dict[str, Any]:
    """`{"prompt_tokens", "completion_tokens", …}`. Reasoning counts as completion."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _calls(calls: Sequence[ToolCall], request: ChatRequest) -> dict[str, Any]:
    if request.functions:  # The older form knows one call.
        return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments}}
    return {"tool_calls": [_call(call, request) for call in calls]}


def _call(call: ToolCall, request: ChatRequest) -> dict[str, Any]:
    if call.name in request.custom_names:
        return {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": unwrap_input(call.arguments)},
        }
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _id(reply: Reply) -> str:
    """The conversation's id; where the upstream keeps none, one of the answer's own: clients tell answers by it."""
    return reply.conversation_id or f"chatcmpl-{token_hex(12)}"


def _finish_reason(reply: Reply, request: ChatRequest) -> str:
    reason = reply.finish()
    return "function_call" if reason == "tool_calls" and request.functions else reason


def _citations(reply: Reply) -> list[dict[str, Any]]:
    """Where sources are cited; sources that are nowhere cited stand for the whole answer."""
    cited = {annotation.url for annotation in reply.annotations}
    end = len(reply.content)
    uncited = [Annotation(0, end, one.url, one.title) for one in reply.sources if one.url not in cited]
    return list(_url_citations([*reply.annotations, *uncited]))


def _url_citations(annotations: Sequence[Annotation]) -> Iterator[dict[str, Any]]:
    for start, end, url, title in annotations:
        citation = {"start_index": start, "end_index": end, "url": url, "title": title}
        yield {"type": "url_citation", "url_citation": citation}
