"""`POST /v1/messages`: what clients get, whole or as events."""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Any, Final

from lib.errors import ContextLengthExceeded, Error
from lib.tokens import tokens
from lib.types import chat
from lib.types.events import Event, FinishReason, Usage
from lib.wires.anthropic.blocks import Blocks, Json
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.anthropic.wire import error_event
from lib.wires.shared.encoding import SSE, encode_json, sse
from lib.wires.shared.reply import Reply

_STOP_REASONS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
}


def _stop_reason(reply: Reply) -> str:
    return "model_context_window_exceeded" if reply.context_full else _STOP_REASONS[reply.finish()]


class MessageAnswer:
    """The answer as the events of a stream, and, put together from them, as one `message`."""

    def __init__(self, request: MessageRequest, wanted: chat.ChatRequest) -> None:
        self._request = request
        self._wanted = wanted
        self._reply = Reply(wanted)
        self._blocks = Blocks(show_thinking=request.shows_thinking)
        self._content = Content()

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def start(self) -> Json:
        """The message before there is anything in it. Its usage is an estimate, and never zero."""
        usage = Usage(prompt_tokens(self._wanted), 0)
        return {
            "id": f"msg_{token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": self._request.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_object(usage, 0),
        }

    def events(self, events: Sequence[Event]) -> list[Json]:
        """The events that bring what is new."""
        return self._blocks.feed(self._reply.feed(events))

    def feed(self, events: Sequence[Event]) -> None:
        self._content.feed(self.events(events))

    def finish(self) -> tuple[list[Json], Json]:
        """The events that close what is open, and the fields that the message gets at last.

        Raises `UpstreamFailed` where it is not complete.
        """
        reason = self._reply.finish()
        stop_sequence = self._reply.stop_sequence if reason == "stop" else None
        fields = {
            "stop_reason": _stop_reason(self._reply) if stop_sequence is None else "stop_sequence",
            "stop_sequence": stop_sequence,
            "usage": usage_object(self._reply.usage(), self._blocks.searches),
        }
        return self._blocks.finish(), fields

    def whole(self) -> Json:
        closing, fields = self.finish()
        self._content.feed(closing)
        return self.start() | {"content": self._content.blocks} | fields


class MessageEncoder:
    media_type = SSE
    text_copies = 1

    def __init__(self, request: MessageRequest, wanted: chat.ChatRequest) -> None:
        self._answer = MessageAnswer(request, wanted)

    @property
    def finished(self) -> bool:
        return self._answer.finished

    def preamble(self) -> bytes:
        return _encoded([{"type": "message_start", "message": self._answer.start()}])

    def heartbeat(self) -> bytes:
        return _encoded([{"type": "ping"}])

    def feed(self, events: Sequence[Event]) -> bytes:
        return _encoded(self._answer.events(events))

    def finish(self) -> bytes:
        closing, fields = self._answer.finish()
        usage = fields.pop("usage")
        return _encoded(
            [*closing, {"type": "message_delta", "delta": fields, "usage": usage}, {"type": "message_stop"}]
        )

    def fail(self, error: Error, request_id: str) -> bytes:
        return _encoded([error_event(error, request_id)])


class Content:
    """The content of a whole message, put together from the events of a stream."""

    def __init__(self) -> None:
        self.blocks: list[Json] = []
        self._texts: dict[str, list[str]] = {}

    def feed(self, events: Iterable[Json]) -> None:
        for event in events:
            if event["type"] == "content_block_start":
                self.blocks.append(event["content_block"])
                self._texts = {}
            elif event["type"] == "content_block_delta":
                self._grow(**event["delta"])
            else:
                self._complete(self.blocks[-1])

    def _grow(self, type: str, **fields: Any) -> None:  # noqa: A002  The wire's word.
        if type == "citations_delta":
            self.blocks[-1].setdefault("citations", []).append(fields["citation"])
        else:
            for field, text in fields.items():
                self._texts.setdefault(field, []).append(text)

    def _complete(self, block: Json) -> None:
        for field, pieces in self._texts.items():
            text = "".join(pieces)
            if field == "partial_json":
                block["input"] = _object(text)
            else:
                block[field] = text


async def measured(wanted: chat.ChatRequest, answer: AsyncGenerator[list[Event]]) -> AsyncGenerator[list[Event]]:
    """The answer itself. Where the prompt is too long and nobody says how long, it is estimated: clients need it."""
    async with aclosing(answer):
        try:
            async for events in answer:
                yield events
        except ContextLengthExceeded as error:
            error.tokens = error.tokens or prompt_tokens(wanted)
            raise


def prompt_tokens(wanted: chat.ChatRequest) -> int:
    """About how many tokens the prompt has, with the tools in it."""
    tools = encode_json([[tool.name, tool.description, tool.parameters] for tool in wanted.tools])
    return tokens(chat.texts(wanted.messages)) + (tokens(tools) if wanted.tools else 0)


def usage_object(usage: Usage, searches: int) -> Json:
    """`{"input_tokens", "output_tokens", …}`. Clients that count on them fail where one is zero."""
    told: Json = {
        "input_tokens": max(1, usage.prompt_tokens - usage.cached_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": max(1, usage.completion_tokens),
    }
    if usage.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if searches:
        told["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": 0}
    return told


def _object(text: str) -> Json:
    """The arguments of a call; of one that was cut short, none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _encoded(events: Iterable[Json]) -> bytes:
    return b"".join([sse(event, event["type"]) for event in events])
