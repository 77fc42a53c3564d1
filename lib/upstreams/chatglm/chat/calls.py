"""Calls of the caller's tools in an answer, in both ways in which they come: as text, and as native parts."""

from collections.abc import Sequence
from typing import Final

from lib.errors import Error
from lib.toolcalls.native import read_native
from lib.toolcalls.reader import CallReader, read_calls
from lib.toolcalls.repetition import REPEATED, repeats_itself
from lib.types.chat import ChatRequest, ToolCall
from lib.types.events import (
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Revision,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
)
from lib.upstreams.chatglm.stream.event_json import NativeCall

CHECKED_EVERY: Final = 1000
"""Letters after which it is looked whether the model writes the same again and again."""


class CallEvents:
    """Takes an answer's events, and gives them with the calls that are in them."""

    def __init__(self, request: ChatRequest) -> None:
        self.complete = False
        """The answer is over for the caller, whatever the service still writes: it is to be stopped."""
        self.failure: Error | None = None
        """Why the answer failed, where it did. The events before the failure have been given."""
        self._tools = request.callable_tools
        self._parallel = request.parallel_tool_calls
        self._reader = CallReader(self._tools, parallel=self._parallel)
        self._reasoning: list[str] = []
        self._said = ""
        self._unchecked = 0
        self._said_anything = False
        self._native_ids: set[str] = set()
        self._native: list[ToolCall] = []

    def take(self, events: Sequence[Event], natives: Sequence[NativeCall]) -> list[Event]:
        """What the caller is to see of what arrived together. Look at `complete` and `failure` afterwards."""
        out: list[Event] = []
        for event in events:
            if self.complete:
                break
            self._take(event, out)
        if not self.complete:
            self._take_natives(natives, out)
        return out

    def _take(self, event: Event, out: list[Event]) -> None:
        if isinstance(event, Text):
            self._note(self._reader.feed(event.text), out)
            if self._reader.stopped or self._repeats(event.text):
                self._end("stop", out)
        elif isinstance(event, Finish):
            self._end(event.reason, out, event.note)
        elif isinstance(event, Revision):
            out.append(self._revised(event))
        else:
            if isinstance(event, Reasoning):
                self._reasoning.append(event.text)
            out.append(event)
        if self._reader.failure is not None and not self.complete:
            self.failure, self.complete = self._reader.failure, True

    def _revised(self, revision: Revision) -> Revision:
        """The revision with the calls that are in its texts."""
        self._reader = CallReader(self._tools, parallel=self._parallel)
        events: list[Event] = []
        for event in revision.events:
            if isinstance(event, Text):
                self._note(self._reader.feed(event.text), events)
            else:
                events.append(event)
        self._note(self._reader.end(cut=False), events)
        return Revision(tuple(events))

    def _take_natives(self, natives: Sequence[NativeCall], out: list[Event]) -> None:
        """The caller's own calls among native ones; those that only their failed results tell of, once."""
        found: list[ToolCall] = []
        for native in sorted(natives, key=lambda one: one.from_result):
            calls = read_native(native.name, native.arguments, native.show_type, self._tools)
            known = native.id in self._native_ids if native.id else all(self._is_known(call, found) for call in calls)
            if calls and not known:
                self._native_ids.add(native.id)
                found += calls
        if not found:
            return
        self._note(self._reader.take_calls(found), out)
        self._native += found
        self._end("stop", out)

    def _is_known(self, call: ToolCall, found: Sequence[ToolCall]) -> bool:
        return any(call.name == other.name and call.arguments == other.arguments for other in (*self._native, *found))

    def _end(self, reason: FinishReason, out: list[Event], note: str = "") -> None:
        self.complete = True
        if not self._reader.stopped:
            self._note(self._reader.end(cut=reason == "length"), out)
        called = self._reader.called
        if not called and not self._said_anything and reason == "stop":
            called = self._recover(out)
        self.failure = self._reader.failure
        if self._reader.unfinished:
            out.append(Finish("length"))
        elif self.failure is None:
            out.append(Finish("tool_calls" if called and reason == "stop" else reason, note))

    def _recover(self, out: list[Event]) -> bool:
        """Calls in the reasoning count where nothing was said."""
        calls = read_calls("".join(self._reasoning), self._tools, parallel=self._parallel)
        for call in calls:
            out += [ToolCallStart(call.id, call.name), ToolCallArguments(call.arguments), ToolCallEnd()]
        return bool(calls)

    def _note(self, events: Sequence[Event], out: list[Event]) -> None:
        self._said_anything = self._said_anything or any(
            isinstance(event, Text) and event.text.strip() for event in events
        )
        out += events

    def _repeats(self, text: str) -> bool:
        """Does the model write the same again and again, without end."""
        self._said = (self._said + text)[-REPEATED:]
        self._unchecked += len(text)
        if self._unchecked < CHECKED_EVERY:
            return False
        self._unchecked = 0
        return repeats_itself(self._said)
