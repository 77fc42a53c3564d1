"""`POST /v1/chat/completions`: what clients get, whole or in chunks."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Any, Final

from lib.errors import UpstreamFailed
from lib.types import chat
from lib.types.chat import ToolCall
from lib.types.events import Event, Reasoning, Revision, Text, ToolCallArguments, ToolCallEnd, ToolCallStart, Usage
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.shared.custom_tool import unwrap_input
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.reply import Annotation, Delta, Reply

DONE: Final = b"data: [DONE]\n\n"
_CHUNK_END: Final = "}\n\n"


async def whole(request: ChatRequest, wanted: chat.ChatRequest, answer: AsyncGenerator[list[Event]]) -> dict[str, Any]:
    """The answer as one `chat.completion`."""
    reply = Reply(wanted)
    async with aclosing(answer):
        async for events in answer:
            for event in events:
                if isinstance(event, Revision):
                    reply = reply.anew()
                reply.add(event.events if isinstance(event, Revision) else [event])
            if reply.finish_reason is not None:
                break
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["content"] = reply.content or None
        message |= _calls(reply.calls, request)
    if citations := _citations(reply):
        message["annotations"] = citations
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(reply, request), "logprobs": None}
    return {
        "id": _id(reply),
        "object": "chat.completion",
        "created": reply.created,
        "model": request.model,
        "choices": [choice],
        "usage": usage_object(reply.usage()),
    }


class ChunkEncoder:
    """Makes the chunks of one stream. What is the same in all of them is encoded once."""

    head = b""

    def __init__(self, request: ChatRequest, wanted: chat.ChatRequest, *, zhipu: bool = False) -> None:
        """`zhipu`: for Zhipu's own client, which cannot ask for the usage and expects it in the last chunk."""
        self._request = request
        self._zhipu = zhipu
        self._reply = Reply(wanted)
        self._start = ""
        self._calls = 0
        self._custom: list[str] | None = None
        """The input of a custom tool's call while it comes."""

    @property
    def finished(self) -> bool:
        """See `Encoder.finished`."""
        return self._reply.finish_reason is not None

    def add(self, events: Sequence[Event]) -> bytes:
        """See `Encoder.add`."""
        deltas = self._reply.add(events)
        data = "" if self._start else self._begin()
        return (data + "".join([self._delta(delta) for delta in deltas])).encode(errors="replace")

    def end(self) -> bytes:
        """See `Encoder.end`."""
        if not self._start:
            raise UpstreamFailed("The service answered nothing.")
        citations = _citations(self._reply)
        data = self._chunk({"annotations": citations}) if citations else ""
        last = self._chunk({}, _finish_reason(self._reply, self._request))
        usage = encode_json(usage_object(self._reply.usage()))
        data += f'{last.removesuffix(_CHUNK_END)},"usage":{usage}{_CHUNK_END}' if self._zhipu else last
        options = self._request.stream_options
        if options is not None and options.include_usage:
            data += f'{self._start}[],"usage":{usage}}}\n\n'
        return data.encode(errors="replace") + DONE

    def _begin(self) -> str:
        reply = self._reply
        self._start = (
            f'data: {{"id":{encode_json(_id(reply))},"object":"chat.completion.chunk",'
            f'"created":{reply.created},"model":{encode_json(self._request.model)},"choices":'
        )
        return self._chunk({"role": "assistant", "content": ""})

    def _delta(self, delta: Delta) -> str:
        if isinstance(delta, (Text, Reasoning)):
            field, text = "content" if isinstance(delta, Text) else "reasoning_content", encode_json(delta.text)
            return f'{self._start}[{{"index":0,"delta":{{"{field}":{text}}},"finish_reason":null}}]}}\n\n'
        if isinstance(delta, ToolCallStart):
            return self._call(delta)
        if isinstance(delta, ToolCallArguments):
            if self._custom is not None:
                self._custom.append(delta.text)
                return ""
            return self._arguments(delta.text)
        if isinstance(delta, ToolCallEnd) and self._custom is not None:
            text, self._custom = unwrap_input("".join(self._custom)), None
            return self._chunk({"tool_calls": [{"index": self._calls - 1, "custom": {"input": text}}]})
        return ""

    def _call(self, start: ToolCallStart) -> str:
        index, self._calls = self._calls, self._calls + 1
        if self._request.functions:
            return self._chunk({"function_call": {"name": start.name, "arguments": ""}})
        call: dict[str, Any] = {"index": index, "id": start.id}
        if start.name in self._request.custom_names:
            self._custom = []
            call |= {"type": "custom", "custom": {"name": start.name, "input": ""}}
        else:
            call |= {"type": "function", "function": {"name": start.name, "arguments": ""}}
        return self._chunk({"tool_calls": [call]})

    def _arguments(self, text: str) -> str:
        if self._request.functions:
            return self._chunk({"function_call": {"arguments": text}})
        return self._chunk({"tool_calls": [{"index": self._calls - 1, "function": {"arguments": text}}]})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"{self._start}[{encode_json(choice)}]}}\n\n"


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
    reason = reply.finished()
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
