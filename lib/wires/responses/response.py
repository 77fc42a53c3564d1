"""`POST /v1/responses`: what clients get, whole or as events."""

from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Any, Final

from lib.errors import Error
from lib.types import chat
from lib.types.events import Event, FinishReason, Usage
from lib.wires.openai.wire import COMMENT
from lib.wires.responses.output import CompactionOutput, Json, Output
from lib.wires.responses.request import ENCRYPTED_REASONING, CompactRequest, ResponseRequest
from lib.wires.responses.wire import failure_object
from lib.wires.shared.encoding import SSE, sse
from lib.wires.shared.reply import Reply

_INCOMPLETE: Final[dict[FinishReason, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete; for other reasons it is not."""


class ResponseAnswer:
    """The answer as the events of a stream, of which the last holds it as one `response`."""

    def __init__(
        self, request: ResponseRequest, wanted: chat.ChatRequest, seal: Callable[[str], str] = lambda text: text
    ) -> None:
        """`seal`: encrypts what a compaction holds."""
        self._request = request
        self._reply = Reply(wanted)
        self._random_id = f"resp_{token_hex(16)}"
        self._keeps = wanted.conversation_id is not None
        self._output = CompactionOutput(seal) if request.compacts else self._items()
        self._begun = False

    def _items(self) -> Output:
        request = self._request
        return Output(
            request.declared.names,
            shows_searches=request.shows_searches,
            encrypts_reasoning=ENCRYPTED_REASONING in (request.include or ()),
        )

    @property
    def finished(self) -> bool:
        return self._reply.finish_reason is not None

    def feed(self, events: Sequence[Event]) -> list[Json]:
        """The events that bring what is new. The first ones say that there is a response, and by what id."""
        deltas = self._reply.feed(events)
        return [*self._begin(), *self._output.feed(deltas)]

    def finish(self) -> list[Json]:
        """The events that close what is open; the last holds the whole response.

        Raises `UpstreamFailed` where it is not complete.
        """
        reason = self._reply.finish()
        why = None if self._request.compacts else _INCOMPLETE.get(reason)
        status = "incomplete" if why else "completed"
        details = {"reason": why} if why else None
        events = [*self._begin(), *self._output.finish(status)]
        response = self._object(status) | {
            "incomplete_details": details,
            "output": self._output.items,
            "usage": usage_object(self._reply.usage()),
        }
        return [*events, {"type": f"response.{status}", "response": response}]

    def fail(self, error: Error) -> list[Json]:
        """The events that say why there will be no more."""
        response = self._object("failed") | {"error": failure_object(error), "output": self._output.items}
        return [*self._begin(), {"type": "response.failed", "response": response}]

    def heartbeat(self) -> list[Json]:
        """Events that say that it is still coming, which Codex counts; none before the response has its id."""
        if self._keeps and not self._reply.conversation_id:
            return []
        return self._begin() or [{"type": "response.in_progress", "response": self._object("in_progress")}]

    def whole(self) -> Json:
        response: Json = self.finish()[-1]["response"]
        if isinstance(self._request, CompactRequest):
            kept = {name: response[name] for name in ("id", "created_at", "output", "usage")}
            return {**kept, "object": "response.compaction"}
        return response

    def _begin(self) -> list[Json]:
        if self._begun:
            return []
        self._begun = True
        response = self._object("in_progress")
        return [{"type": f"response.{kind}", "response": response} for kind in ("created", "in_progress")]

    def _object(self, status: str) -> Json:
        """The response without its output. What it echoes is what the client has said."""
        request = self._request
        kept_id = self._reply.conversation_id if self._keeps else ""
        reasoning = request.reasoning
        return {
            "id": kept_id or self._random_id,
            "object": "response",
            "created_at": self._reply.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": request.instructions_text or None,
            "max_output_tokens": request.max_output_tokens,
            "metadata": request.metadata or {},
            "model": request.model,
            "output": [],
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "reasoning": {
                "effort": reasoning.effort if reasoning else None,
                "summary": reasoning.summary if reasoning else None,
            },
            "store": bool(kept_id),
            "temperature": request.temperature,
            "text": {"format": {"type": "text"}} | (_echo(request.text) or {}),
            "tool_choice": _echo(request.tool_choice) or "auto",
            "tools": [_echo(tool) for tool in request.tools or ()],
            "top_p": request.top_p,
            "truncation": "disabled",
            "usage": None,
            "user": request.user,
            "safety_identifier": request.safety_identifier,
            "prompt_cache_key": request.prompt_cache_key,
        }


class ResponseEncoder:
    media_type = SSE
    text_copies = 5
    """In its delta, when its part is done (twice), its item, and the response."""

    def __init__(
        self, request: ResponseRequest, wanted: chat.ChatRequest, seal: Callable[[str], str] = lambda text: text
    ) -> None:
        self._answer = ResponseAnswer(request, wanted, seal)
        self._sent = 0

    @property
    def finished(self) -> bool:
        return self._answer.finished

    def preamble(self) -> bytes:
        return b""

    def heartbeat(self) -> bytes:
        return self._encoded(self._answer.heartbeat()) or COMMENT

    def feed(self, events: Sequence[Event]) -> bytes:
        return self._encoded(self._answer.feed(events))

    def finish(self) -> bytes:
        return self._encoded(self._answer.finish())

    def fail(self, error: Error, request_id: str) -> bytes:
        return self._encoded(self._answer.fail(error))

    def _encoded(self, events: list[Json]) -> bytes:
        first, self._sent = self._sent, self._sent + len(events)
        return b"".join([sse({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events, first)])


def usage_object(usage: Usage) -> Json:
    """`{"input_tokens", "output_tokens", …}`. Reasoning counts as output."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _echo(value: Any) -> Any:
    """A part of the request as the client wrote it."""
    return value.model_dump(by_alias=True, exclude_unset=True) if hasattr(value, "model_dump") else value
