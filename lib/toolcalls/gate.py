"""What may go out of an answer that has to say something, or to call a tool."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lib.errors import AnswerUnusable, UpstreamFailed
from lib.structured.json_answer import check_arguments
from lib.toolcalls.dialect import shown_name
from lib.toolcalls.taken import Taken, add
from lib.types.chat import ChatRequest, Tool
from lib.types.events import (
    Event,
    Finish,
    Reasoning,
    Revision,
    Start,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)

_CALL: Final = (ToolCallStart, ToolCallArguments, ToolCallEnd)


class Gate:
    """Lets out of one answer what may go out. What is seen waits until there is what was wanted.

    Calls of strict tools wait until they are checked.
    """

    def __init__(
        self, request: ChatRequest, *, must_call: bool, started: bool = False, usage: Usage | None = None
    ) -> None:
        self.taken = Taken()
        self.open = False
        """Something that is seen has gone out."""
        self.started = started
        """The start has gone out."""
        self.fault = ""
        """What is wrong with a call; the rest of the answer is of no use."""
        self._usage = usage
        self._must_call = must_call
        self._streamed = request.streamed
        self._tools = {tool.name: tool for tool in request.callable_tools}
        self._waiting: list[Event] = []
        self._call: list[Event] = []
        """The call of a strict tool that is not complete."""

    def feed(self, events: list[Event]) -> list[Event]:
        """What may go out now that `events` have arrived."""
        self.taken.note(events)
        out: list[Event] = []
        for event in events:
            out += self._pass(event)
        return out

    def check_calls(self) -> None:
        """Look at the calls of every tool, in an answer that nobody has seen yet."""
        if not self.fault and self.taken.finish.reason in ("stop", "tool_calls"):
            self.fault = calls_fault(self.taken.calls, self._tools.values(), strict_alone=False)

    @property
    def wish(self) -> str:
        """What the model is told."""
        if self.fault:
            return f"That call cannot be used: {self.fault} Write it again, corrected."
        if self._must_call:
            return call_wanted(self._tools.values())
        return "Go on: write the answer, or call a tool."

    @property
    def failure(self) -> UpstreamFailed:
        """What the caller is told."""
        if self.fault:
            return AnswerUnusable(
                f"The model's call of a strict tool cannot be used: {self.fault}", code="invalid_tool_arguments"
            )
        if self._must_call:
            return AnswerUnusable(
                "The model called no tool, though tool_choice requires one. Ask again, or use tool_choice auto.",
                code="tool_call_missing",
            )
        return UpstreamFailed("The model thought, and then answered nothing. Ask again.", code="empty_answer")

    def _pass(self, event: Event) -> list[Event]:
        if self.fault or (isinstance(event, Start) and self.started):
            return []
        if isinstance(event, Usage):
            event = add(self._usage, event) or event
        if isinstance(event, _CALL):
            return self._pass_call(event)
        if isinstance(event, Reasoning) and event.text and not self.open:
            return self._let_start(event)
        if self._opens(event):
            return self._let(event)
        if self.open:
            return [event]
        self._waiting.append(event)
        return []

    def _opens(self, event: Event) -> bool:
        """Is it, or is in it, what the rest has waited for."""
        if isinstance(event, _CALL):
            return True
        if isinstance(event, Finish):
            return event.reason not in ("stop", "tool_calls")
        if isinstance(event, Revision):
            return any(map(self._opens, event.events))
        if isinstance(event, (Start, Reasoning, Usage)) or self._must_call:
            return False
        return not isinstance(event, Text) or bool(event.text.strip())

    def _pass_call(self, event: Event) -> list[Event]:
        if isinstance(event, ToolCallStart) and (tool := self._tools.get(event.name)) and tool.strict:
            self._call = [event]
            return []
        if not self._call:
            return self._let(event)
        self._call.append(event)
        if not isinstance(event, ToolCallEnd):
            return []
        call, self._call = self._call, []
        self.fault = calls_fault(call, self._tools.values(), strict_alone=True)
        if self.fault and self.open and self._streamed:
            raise self.failure
        return [] if self.fault else self._let(*call)

    def _let(self, *events: Event) -> list[Event]:
        waiting, self._waiting = self._waiting, []
        self.open = self.started = True
        return [*waiting, *events]

    def _let_start(self, event: Event) -> list[Event]:
        """Reasoning goes out at once, and the start before it."""
        starts = [one for one in self._waiting if isinstance(one, Start)]
        self._waiting = [one for one in self._waiting if not isinstance(one, Start)]
        self.started = True
        return [*starts, event]


def call_wanted(tools: Iterable[Tool]) -> str:
    """What the model is told that had to call one of `tools`, and did not."""
    return f"No tool was called. Call {' or '.join(shown_name(tool.name) for tool in tools)} now: write the call alone."


def calls_fault(events: Sequence[Event], tools: Iterable[Tool], *, strict_alone: bool) -> str:
    """What is wrong with the first call that cannot be used; nothing where all can. `strict_alone`: of strict tools."""
    named = {tool.name: tool for tool in tools if tool.strict or not strict_alone}
    starts = [place for place, event in enumerate(events) if isinstance(event, ToolCallStart)]
    calls = [events[start:end] for start, end in zip(starts, [*starts[1:], None], strict=False)]
    return next(filter(None, (_call_fault(call, named) for call in calls)), "")


def _call_fault(call: Sequence[Event], tools: Mapping[str, Tool]) -> str:
    """What is wrong with a call; nothing where its tool is none of `tools`."""
    start = call[0]
    tool = tools.get(start.name) if isinstance(start, ToolCallStart) else None
    if tool is None:
        return ""
    arguments = "".join(event.text for event in call if isinstance(event, ToolCallArguments))
    return check_arguments(arguments or "{}", tool) or ""
