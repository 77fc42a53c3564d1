"""`POST /v1/completions`: what clients of the old text endpoint get, whole or in chunks."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Any

from lib.types import chat
from lib.types.events import Event, Text
from lib.wires.openai.chat_response import DONE, usage_object
from lib.wires.openai.completion_request import CompletionRequest
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.reply import Reply


class Completion:
    """One answer as it grows. Reasoning and sources have no place in it."""

    def __init__(self, request: CompletionRequest, wanted: chat.ChatRequest) -> None:
        self.reply = Reply(wanted)
        self._id = f"cmpl-{token_hex(12)}"
        self._model = request.model

    def object_of(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """A `text_completion` of these choices."""
        return {
            "id": self._id,
            "object": "text_completion",
            "created": self.reply.created,
            "model": self._model,
            "choices": choices,
        }

    def of_text(self, text: str, finish_reason: str | None = None) -> dict[str, Any]:
        """A `text_completion` of this text."""
        return self.object_of([{"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}])


async def whole(
    request: CompletionRequest, wanted: chat.ChatRequest, answer: AsyncGenerator[list[Event]]
) -> dict[str, Any]:
    """The answer as one `text_completion`."""
    made = Completion(request, wanted)
    async with aclosing(answer):
        async for events in answer:
            made.reply.add(events)
            if made.reply.finish_reason is not None:
                break
    found = made.of_text(made.reply.content, made.reply.finished())
    return found | {"usage": usage_object(made.reply.usage())}


class CompletionEncoder:
    """Makes the chunks of one stream."""

    head = b""

    def __init__(self, request: CompletionRequest, wanted: chat.ChatRequest) -> None:
        self._made = Completion(request, wanted)
        self._options = request.stream_options

    @property
    def finished(self) -> bool:
        """See `Encoder.finished`."""
        return self._made.reply.finish_reason is not None

    def add(self, events: Sequence[Event]) -> bytes:
        """See `Encoder.add`."""
        deltas = self._made.reply.add(events)
        return b"".join([_chunk(self._made.of_text(delta.text)) for delta in deltas if isinstance(delta, Text)])

    def end(self) -> bytes:
        """See `Encoder.end`."""
        data = _chunk(self._made.of_text("", self._made.reply.finished()))
        usage = usage_object(self._made.reply.usage())
        if self._options is not None and self._options.include_usage:
            data += _chunk(self._made.object_of([]) | {"usage": usage})
        return data + DONE


def _chunk(value: dict[str, Any]) -> bytes:
    return f"data: {encode_json(value)}\n\n".encode()
