"""An answer as a client is to see it, while it grows: what every wire makes its own events from."""

import re
import time
from collections.abc import Sequence
from secrets import token_hex
from typing import Final, NamedTuple

from lib.errors import UpstreamFailed
from lib.invocation import context
from lib.tokens import estimate
from lib.types.chat import ChatRequest, ToolCall, texts
from lib.types.events import (
    Citation,
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Search,
    Source,
    Start,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
    Usage,
    merged,
)
from lib.wires.shared.markdown import Markdown
from lib.wires.shared.stop_filter import StopFilter

OPAQUE: Final = "Z2xtLWZ1bmN0aW9ucw=="
"""What stands where a vendor has signed or encrypted something for itself. It is ignored when it comes back."""
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
"""What the vendors' own services take for a call's id, should the conversation go on there."""


class Annotation(NamedTuple):
    """Where in the content a source is cited: the link's first letter, and the one after its last."""

    start: int
    end: int
    url: str
    title: str


type Delta = Text | Reasoning | Search | Source | Annotation | ToolCallStart | ToolCallArguments | ToolCallEnd


class Reply:
    """Takes an answer's events, and gives what is new to the client: texts as Markdown, cut where the caller wants."""

    def __init__(self, request: ChatRequest) -> None:
        self.conversation_id = ""
        self.created = int(time.time())
        self.sources: list[Source] = []
        self.annotations: list[Annotation] = []
        self.calls: list[ToolCall] = []
        self.finish_reason: FinishReason | None = None
        self.context_full = False
        """With `length`: the model's own limit ended the answer."""
        self.answered_by = ""
        """The upstream and the model that answer."""
        self._request = request
        self._content: list[str] = []
        self._content_length = 0
        self._reasoning: list[str] = []
        self._arguments: list[str] = []
        self._used_ids = {call.id for message in request.messages for call in message.tool_calls}
        self._used_ids |= {message.tool_call_id for message in request.messages}
        self._markdown = Markdown()
        self._filter = StopFilter(self._request.sampling)
        self._usage: Usage | None = None
        self._cut_short = False

    @property
    def content(self) -> str:
        return "".join(self._content)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence of the caller's at which the answer was cut."""
        return self._filter.matched

    def feed(self, events: Sequence[Event]) -> list[Delta]:
        """Take what arrived together, and return what is new to the client: nothing after the end."""
        deltas: list[Delta] = []
        for event in merged(events):
            if self.finish_reason is not None:
                break
            self._add(event, deltas)
            if self.finish_reason is None and self._filter.reason is not None:
                self.finish_reason = self._filter.reason
                self._cut_short = True
        return deltas

    def _add(self, event: Event, deltas: list[Delta]) -> None:
        match event:
            case Text():  # First, since most are texts.
                self._show(self._filter.feed(self._markdown.feed(event)), deltas)
            case Reasoning(text):
                shown = self._filter.reasoning(text)
                if shown:
                    self._reasoning.append(shown)
                    deltas.append(Reasoning(shown))
            case Start(conversation_id, model):
                self.conversation_id = conversation_id
                self.answered_by = model
            case Source():
                self.sources.append(event)
                deltas.append(event)
            case Search():
                deltas.append(event)
            case Citation(_, url, title):
                self._cite(self._markdown.feed(event), url, title, deltas)
            case ToolCallStart(_, name):
                event = event._replace(id=self._unused(event.id))
                self._show(self._markdown.finish(), deltas)
                self._show(self._filter.finish(), deltas)
                self.calls.append(ToolCall(event.id, name, ""))
                deltas.append(event)
            case ToolCallArguments(text):
                if text:
                    self._arguments.append(text)
                    deltas.append(event)
            case ToolCallEnd():
                self.calls[-1] = self.calls[-1]._replace(arguments="".join(self._arguments))
                self._arguments.clear()
                deltas.append(event)
            case Usage():
                self._usage = event
            case Finish():
                self._finish(event, deltas)
            case _:
                self._show(self._filter.feed(self._markdown.feed(event)), deltas)

    def _unused(self, call_id: str) -> str:
        """The id itself, unless the conversation has such a one: Claude Code drops all but the first."""
        if call_id in self._used_ids or not _ID.fullmatch(call_id):
            call_id = f"call_{token_hex(12)}"
        self._used_ids.add(call_id)
        return call_id

    def _cite(self, link: str, url: str, title: str, deltas: list[Delta]) -> None:
        self._show(self._filter.feed(""), deltas)
        start = self._content_length + self._filter.held
        self._show(self._filter.feed(link), deltas)
        if self._filter.reason is None:
            annotation = Annotation(start + len(link) - len(link.lstrip()), start + len(link), url, title)
            self.annotations.append(annotation)
            deltas.append(annotation)

    def _finish(self, end: Finish, deltas: list[Delta]) -> None:
        self._show(self._filter.feed(self._markdown.finish()), deltas)
        self._show(self._filter.finish(), deltas)
        self.finish_reason, self.context_full = end.reason, end.context_full
        if self._filter.reason is not None:
            self.finish_reason = self._filter.reason
        if end.note:
            self._show(f"\n\n{end.note}" if self._content_length else end.note, deltas)

    def _show(self, text: str, deltas: list[Delta]) -> None:
        if text:
            self._content.append(text)
            self._content_length += len(text)
            deltas.append(Text(text))

    def finish(self) -> FinishReason:
        """Why the answer ended. Raises `UpstreamFailed` where it has not."""
        if self.finish_reason is None:
            raise UpstreamFailed("The service broke the answer off without an end.")
        return self.finish_reason

    def usage(self) -> Usage:
        """The tokens: the upstream's own figures, or estimates where the answer was cut here."""
        usage = self._usage
        if usage is None or self._cut_short or not usage.completion_tokens:
            said = self.content + "".join(call.name + call.arguments for call in self.calls)
            estimated = estimate(texts(self._request.messages), said, self.reasoning)
            usage = estimated if usage is None else estimated._replace(prompt_tokens=usage.prompt_tokens)
        context.current().tokens = usage.completion_tokens
        return usage
