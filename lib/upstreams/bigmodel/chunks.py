"""The chunk reader: bytes of the platform's stream in, events out. No I/O.

`delta.reasoning_content`, `delta.content`, `delta.tool_calls`; usage in the last chunk, unasked; `[DONE]`. `choices`
may be empty and `object` missing (open platform, "Stream": [documented]).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from pydantic_core import from_json

from lib.errors import ContextLengthExceeded, Error, UpstreamFailed, UpstreamUncertain
from lib.tokens import tokens
from lib.types.chat import Tool
from lib.types.events import (
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Source,
    Start,
    Text,
    Usage,
    merged,
)
from lib.upstreams.bigmodel import errors
from lib.upstreams.bigmodel.marks import Marks
from lib.upstreams.bigmodel.models import Wanted
from lib.upstreams.bigmodel.tool_calls import ToolCalls
from lib.upstreams.shared.sse_decoder import SseDecoder

_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",  # The context is full: `_CONTEXT_FULL`.
    "sensitive": "content_filter",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_NETWORK_ERROR: Final = "network_error"
_CONTEXT_FULL: Final = "model_context_window_exceeded"
_ONLY_THOUGHT: Final = "[The answer ended within its reasoning, which max_tokens counts: allow more, or think less.]"

_log = logging.getLogger("glm.bigmodel.chunks")


class Chunks:
    """Reads one answer. Feed it what arrives; it gives the events that are complete."""

    def __init__(
        self, count_prompt: Callable[[], int], model: Wanted, tools: Sequence[Tool] = (), *, one_call: bool = False
    ) -> None:
        """`count_prompt` estimates the prompt's tokens, should the platform not tell; `tools`: the caller's."""
        self.finished = False
        """The model has ended the answer. Usage may still come."""
        self.done = False
        """Nothing more comes."""
        self.failure: Error | None = None
        """Why the answer failed, where it did. The events before the failure have been given."""
        self._count_prompt = count_prompt
        self._silent = model.silent
        self._marks = Marks() if model.row.writes_marks else None
        self._decoder = SseDecoder()
        self._calls = ToolCalls(tools, only_first=one_call)
        self._has_tools = bool(tools)
        self._started = False
        self._model = ""
        self._reason = ""
        self._usage: dict[str, Any] | None = None
        self._sources: set[str] = set()
        self._said = self._thought = 0
        self._held: list[Event] = []
        """What came while a call was open; it is told after that."""
        self._unreadable = False

    @property
    def counted(self) -> bool:
        """The platform has told what the answer cost, which it does last."""
        return self._usage is not None

    def feed(self, piece: bytes) -> list[Event]:
        """The events that `piece` completes, neighbouring texts as one. Look at `failure` and `done` afterwards."""
        return self._read(self._decoder.feed(piece))

    def finish(self) -> list[Event]:
        """The last events, at the end of the stream. Look at `failure` afterwards."""
        events = self._read(self._decoder.finish())
        if self.failure is None and not self.finished:
            # Before the first word nobody knows what it has done with the request; after it no key is asked again.
            kind = UpstreamFailed if self._started else UpstreamUncertain
            self.failure = kind("The open platform broke the answer off without an end.")
        return events if self.failure else [*events, *self.closing()]

    def whole(self, body: Any) -> list[Event]:
        """All events of an answer that did not come as a stream."""
        events: list[Event] = []
        self._chunk(body, events)
        self.finished = self.finished or bool(events)
        return self._started_with(events)

    def closing(self, reason: FinishReason | None = None) -> list[Event]:
        """What ends the answer: the rest of its calls, usage, finish. Look at `failure` afterwards.

        `reason`: it ends before its time, and why.
        """
        events: list[Event] = []
        if self._marks is not None:
            self._say(self._marks.finish(), events)
        reason = reason or _REASONS.get(self._reason, "stop")
        events += [*self._calls.finish(cut=reason in ("length", "content_filter")), *self._held]
        if reason in ("stop", "tool_calls"):
            reason = "tool_calls" if self._calls.made else "stop"
        said = self._said or self._calls.made
        if self._reason == _CONTEXT_FULL and not said:
            self.failure = ContextLengthExceeded("The prompt is longer than the model takes.")
            return []
        if reason == "stop" and not said and not (self._has_tools and self._thought):  # A call may have leaked there.
            self.failure = UpstreamFailed("The model ended the answer without saying anything.")
            return []
        note = _ONLY_THOUGHT if reason == "length" and self._thought and not said else ""
        end = Finish(reason, note, context_full=self._reason == _CONTEXT_FULL)
        return self._started_with([*events, self._counted(), end])

    def _read(self, payloads: Iterator[bytes]) -> list[Event]:
        events: list[Event] = []
        try:
            for payload in payloads:
                if self.done or self.failure:
                    break
                self._payload(payload.strip(), events)
        except UpstreamFailed as error:
            self.failure = error
        return self._started_with(list(merged(events)))

    def _started_with(self, events: list[Event]) -> list[Event]:
        if not events or self._started:
            return events
        self._started = True
        return [Start("", self._model), *events]

    def _payload(self, payload: bytes, events: list[Event]) -> None:
        if payload == b"[DONE]":
            self.done = True
            return
        try:
            chunk = from_json(payload)  # Three times as fast as json.
        except ValueError:
            chunk = None
        if isinstance(chunk, dict):
            self._chunk(chunk, events)
        elif not self._unreadable:
            self._unreadable = True
            _log.warning("The open platform sent an event that cannot be read; it is skipped")

    def _chunk(self, chunk: dict[str, Any], events: list[Event]) -> None:
        if "choices" not in chunk or chunk.get("error"):
            self.failure = errors.of_body(chunk)
            if self.failure:
                return
        self._model = self._model or str(chunk.get("model") or "")
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
        self._search(chunk.get("web_search"), events)
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self._delta(delta, events)
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self._finish(reason)

    def _delta(self, delta: dict[str, Any], events: list[Event]) -> None:
        said: list[Event] = []
        if reasoning := _text(delta.get("reasoning_content")):
            self._say([Reasoning(reasoning)], said)
        if text := _text(delta.get("content")):
            self._say([Text(text)] if self._marks is None else self._marks.feed(text), said)
        self._search(delta.get("web_search"), said)
        self._held += said
        if delta.get("tool_calls"):
            events += self._release()
            events += self._calls.feed(delta["tool_calls"])
        events += self._release()

    def _say(self, deltas: Sequence[Text | Reasoning], said: list[Event]) -> None:
        for delta in deltas:
            if isinstance(delta, Text):
                self._said += tokens(delta.text)
                said.append(delta)
            else:
                self._thought += tokens(delta.text)
                said += [] if self._silent else [delta]

    def _release(self) -> list[Event]:
        if self._calls.is_open:
            return []
        held, self._held = self._held, []
        return held

    def _finish(self, reason: str) -> None:
        self.finished = True
        self._reason = self._reason or reason
        if reason == _NETWORK_ERROR:
            self.failure = UpstreamFailed("The open platform lost its connection to the model before the answer's end.")

    def _search(self, found: Any, events: list[Event]) -> None:
        for page in found if isinstance(found, list) else ():
            url = page.get("link") or page.get("url") if isinstance(page, dict) else None
            if isinstance(url, str) and url.startswith(("http://", "https://")) and url not in self._sources:
                self._sources.add(url)
                events.append(Source(url, _text(page.get("title")) or url, _text(page.get("content"))))

    def _counted(self) -> Usage:
        """The platform's own numbers; an estimate where it does not tell them."""
        told = self._usage
        if told is None or not isinstance(told.get("prompt_tokens"), int):
            return Usage(self._count_prompt(), self._said + self._thought, self._thought, estimated=True)
        prompt, completion = _number(told, "prompt_tokens"), _number(told, "completion_tokens")
        reasoning = _number(told.get("completion_tokens_details"), "reasoning_tokens")
        cached = _number(told.get("prompt_tokens_details"), "cached_tokens")
        return Usage(prompt, completion, min(reasoning, completion), min(cached, prompt))


def _text(content: Any) -> str:
    """The words of a content: a text, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(str(part["text"]) for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _number(fields: Any, name: str) -> int:
    value = fields.get(name) if isinstance(fields, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
