"""`POST /v1/completions`: what clients of the old text endpoint get, whole or in chunks."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from lib.types import chat
from lib.types.events import Event, Text
from lib.wires.openai.chat_response import usage_object
from lib.wires.openai.completion_request import CompletionRequest
from lib.wires.openai.wire import DONE, SseComments
from lib.wires.shared.encoding import sse
from lib.wires.shared.reply import Delta, Reply


class CompletionAnswer:
    """The answer as one `text_completion`. Reasoning and sources have no place in it."""

    def __init__(self, request: CompletionRequest, wanted: chat.ChatRequest) -> None:
        self._reply = Reply(wanted)
        self._id = f"cmpl-{token_hex(12)}"
        self._model = request.model

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def feed(self, events: Sequence[Event]) -> list[Delta]:
        return self._reply.feed(events)

    def whole(self) -> dict[str, Any]:
        return self.of_text(self._reply.content, self._reply.finish()) | self.usage()

    def of_text(self, text: str, finish_reason: str | None = None) -> dict[str, Any]:
        return self.of_choices([{"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}])

    def of_choices(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        fields = {"id": self._id, "object": "text_completion", "created": self._reply.created, "model": self._model}
        return fields | {"choices": choices}

    def last(self) -> dict[str, Any]:
        """The chunk that says why the answer ended."""
        return self.of_text("", self._reply.finish())

    def usage(self) -> dict[str, Any]:
        return {"usage": usage_object(self._reply.usage())}


class CompletionEncoder(SseComments):
    def __init__(self, request: CompletionRequest, wanted: chat.ChatRequest) -> None:
        self._answer = CompletionAnswer(request, wanted)
        self._options = request.stream_options

    @property
    def finished(self) -> bool:
        return self._answer.finished

    def feed(self, events: Sequence[Event]) -> bytes:
        deltas = self._answer.feed(events)
        return b"".join([sse(self._answer.of_text(delta.text)) for delta in deltas if isinstance(delta, Text)])

    def finish(self) -> bytes:
        data, usage = sse(self._answer.last()), self._answer.usage()
        if self._options is not None and self._options.include_usage:
            data += sse(self._answer.of_choices([]) | usage)
        return data + DONE
