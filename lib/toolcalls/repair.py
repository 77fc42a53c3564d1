"""What is asked for once more: a call that cannot be used or is missing, an empty answer, JSON that does not fit.

Before anything of a call has gone out, the model is told what was wrong, as a further turn. `ask` asks the upstream
once; each of these functions is what the upstream then answers with.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from lib.errors import AccountBusy, AnswerUnusable, UpstreamFailed
from lib.invocation import context
from lib.invocation.retry import REPAIR_TURN
from lib.structured import json_answer
from lib.toolcalls.check import call_fault, calls_fault
from lib.types.chat import ChatRequest, Message, TextPart, Tool
from lib.types.events import (
    Draft,
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

type Ask = Callable[[ChatRequest], AsyncGenerator[list[Event]]]
type _CallEvent = ToolCallStart | ToolCallArguments | ToolCallEnd


def answer(request: ChatRequest, ask: Ask, shown: Callable[[str], str] = str) -> AsyncGenerator[list[Event]]:
    """The answer to any request, asked for as often as it needs. `shown`: the name by which the model knows a tool."""
    if request.response_format is not None:
        return structured(request, ask, shown)
    earlier = any(message.tool_calls or message.role == "tool" for message in request.messages)
    return with_tools(request, ask, shown) if request.tools or earlier else ask(request)


class AnswerSoFar:
    """What has come of one answer."""

    def __init__(self) -> None:
        self.start = Start("")
        self.reasoning: list[Reasoning] = []
        self.drafts: list[Draft] = []
        self.called = False
        """Calls have come that the upstream itself answers for."""
        self.usage: Usage | None = None
        self.finish = Finish("stop")
        self._texts: list[str] = []
        self._ended = False

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def note(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Start():
                    self.start = event
                case Text():
                    self._texts.append(event.text)
                case Reasoning():
                    self.reasoning.append(event)
                case Draft():
                    self.drafts.append(event)
                case ToolCallStart():
                    self.called = True
                case Usage():
                    self.usage = event
                case Revision():
                    self.reasoning, self.drafts, self._texts = [], [], []
                    self.note(event.events)
                case Finish():
                    self.finish, self._ended = event, True
                case _:
                    pass

    @property
    def is_whole(self) -> bool:
        """Neither a limit nor a filter has ended it."""
        return self.finish.reason in ("stop", "tool_calls")

    def check_end(self) -> None:
        """Raise `UpstreamFailed` where the answer ended without its `Finish`."""
        if not self._ended and not self.drafts and not self.called:
            raise UpstreamFailed("The service broke the answer off without an end: it is temporarily unavailable.")

    def followed_by(self, request: ChatRequest, words: str, *, is_known: bool) -> ChatRequest:
        """The request that goes on after this answer with a user's turn. A conversation that is kept goes on, too.

        `is_known`: the caller knows the first conversation, and that one alone.
        """
        said = self.text + "\n".join(draft.written for draft in self.drafts)
        turns = (Message("assistant", (TextPart(said),)),) if said.strip() else ()
        named = request.conversation_id is not None and self.start.conversation_id
        return request._replace(
            messages=(*request.messages, *turns, Message("user", (TextPart(words),))),
            conversation_id=self.start.conversation_id if named else request.conversation_id,
            resumable=request.resumable and not is_known,
        )


async def with_tools(request: ChatRequest, ask: Ask, shown: Callable[[str], str] = str) -> AsyncGenerator[list[Event]]:
    """An answer that says something or calls a tool, or that calls one where `request` requires it.

    Text goes out as it comes, but where a call is required; calls go out whole, behind it, once they are checked. A
    call that cannot be used is asked for once more; if the second answer has none, the first goes out as it was.
    Raises `AnswerUnusable` with the code `tool_call_missing` where no call comes, `invalid_tool_arguments` where one of
    a strict tool does not fit, and `UpstreamFailed` with the code `empty_answer` where nothing is said.
    """
    tools, passage = request.callable_tools, _Passage(request)
    first: list[Draft] = []
    for is_last in (False, True):
        so_far = AnswerSoFar()
        async with aclosing(_ask(request, ask, again=is_last)) as lists:
            async for events in lists:
                so_far.note(events)
                if out := passage.feed(events):
                    yield out
        so_far.check_end()
        drafts = [*so_far.drafts, *passage.strict_calls] if tools else []
        fault = calls_fault(drafts, tools, unknown=request.unknown_calls)
        if is_last:
            good = [one for one in first if not drafts or not call_fault(one, tools, unknown=request.unknown_calls)]
            drafts = _each_once([*good, *drafts])
        is_settled = passage.called or not so_far.is_whole
        is_call = any(draft.declared or request.unknown_calls for draft in drafts)
        if is_settled or (drafts and (is_last or not fault) and (is_call or not passage.must_call)):
            yield passage.end(_told(drafts, request), so_far)
            return
        if not drafts and passage.is_enough:
            yield passage.end([], so_far)
            return
        if not is_last:
            first = drafts
            words = repair_prompt(fault, tools if passage.must_call else (), shown)
            request = so_far.followed_by(request, words, is_known=passage.started)
            passage.begin_again(so_far.usage, calls_alone=bool(first))
    raise final_error(must_call=passage.must_call)


def _each_once(drafts: Sequence[Draft]) -> list[Draft]:
    return list({(draft.name, draft.arguments): draft for draft in drafts}.values())


class _Passage:
    """Lets out of an answer what may go out as it comes."""

    def __init__(self, request: ChatRequest) -> None:
        self.must_call = request.tool_choice.mode == "required" and bool(request.callable_tools)
        self.started = False
        """The start has gone out."""
        self.called = False
        """A call has gone out, which the upstream itself answers for."""
        self.strict_calls: list[Draft] = []
        """Calls of strict tools, which are checked before they go out."""
        self._strict = {tool.name for tool in request.callable_tools if tool.strict}
        self._has_tools = bool(request.callable_tools)
        self._said = False
        """Something that is seen has gone out."""
        self._is_quiet = False
        """Of a second answer nothing but calls counts."""
        self._waiting: list[Event] = []
        self._usage: Usage | None = None
        self._open: list[Event] = []

    @property
    def is_enough(self) -> bool:
        """Is it an answer without any call."""
        return self._said and not self.must_call

    def begin_again(self, usage: Usage | None, *, calls_alone: bool) -> None:
        """A second answer follows, of which calls alone are wanted, or anything that is not said twice."""
        self._usage = add(self._usage, usage)
        self._is_quiet = self._said or calls_alone
        self._waiting = []
        self.strict_calls = []

    def feed(self, events: Sequence[Event]) -> list[Event]:
        """What may go out now that `events` have arrived."""
        out: list[Event] = []
        for event in events:
            match event:
                case Draft() | Finish():
                    pass
                case Start():
                    if not self.started:
                        self._waiting.append(event)
                case Usage():
                    (out if self.started else self._waiting).append(add(self._usage, event) or event)
                case ToolCallStart() | ToolCallArguments() | ToolCallEnd():
                    self._call(event, out)
                case Reasoning() if not self._is_quiet:
                    self._let_start(out)
                    out.append(event)
                case Revision():
                    out += self._revised(event)
                case _ if self._is_quiet:
                    pass
                case Text() if not event.text.strip() and not self._said:
                    self._waiting.append(event)
                case _ if self.must_call and not self.called:
                    self._waiting.append(event)
                case _:
                    self._let_out(out, event)
        return out

    def end(self, calls: list[Event], so_far: AnswerSoFar) -> list[Event]:
        """What ends the answer: what has waited, its calls, the usage, the finish."""
        called = self.called or any(isinstance(event, ToolCallStart) for event in calls)
        reason = so_far.finish.reason
        if so_far.is_whole:
            reason = "tool_calls" if called else "stop"
        usage = add(self._usage, so_far.usage)
        waiting, self._waiting = self._waiting, []
        if calls:  # White space alone before a call is left out.
            waiting = [one for one in waiting if not isinstance(one, Text) or one.text.strip() or self._said]
        return [*waiting, *calls, *([usage] if usage else []), so_far.finish._replace(reason=reason)]

    def _call(self, event: _CallEvent, out: list[Event]) -> None:
        if not self._has_tools:
            return
        if self._open or (isinstance(event, ToolCallStart) and event.name in self._strict):
            self._open.append(event)
            if isinstance(event, ToolCallEnd):
                self.strict_calls.append(_draft(self._open))
                self._open = []
            return
        self.called = True
        self._let_out(out, event)

    def _revised(self, revision: Revision) -> list[Event]:
        shown = tuple(event for event in revision.events if not isinstance(event, Draft))
        if not self.started:
            self._waiting = [one for one in self._waiting if isinstance(one, Start | Usage)]
            return self.feed(shown)
        self._said = any(isinstance(event, Text) and event.text.strip() for event in shown)
        return [Revision(shown)]

    def _let_out(self, out: list[Event], event: Event) -> None:
        waiting, self._waiting = self._waiting, []
        out += [*waiting, event]
        self.started = self._said = True

    def _let_start(self, out: list[Event]) -> None:
        """Reasoning goes out at once, and the start before it."""
        out += [one for one in self._waiting if isinstance(one, Start | Usage)]
        self._waiting = [one for one in self._waiting if not isinstance(one, Start | Usage)]
        self.started = True


def _draft(events: Sequence[Event]) -> Draft:
    start = events[0]
    assert isinstance(start, ToolCallStart)
    arguments = "".join(event.text for event in events if isinstance(event, ToolCallArguments))
    return Draft(start.id, start.name, arguments, "")


def _told(drafts: Sequence[Draft], request: ChatRequest) -> list[Event]:
    """The calls as they go out. One of a tool that is not declared is a call where the caller answers such, else text.

    Raises `AnswerUnusable` for a call of a strict tool that does not fit.
    """
    strict = [tool for tool in request.callable_tools if tool.strict]
    told: list[Event] = []
    for draft in drafts if request.parallel_tool_calls else drafts[:1]:
        if draft.name in {tool.name for tool in strict} and (fault := call_fault(draft, strict)):
            raise AnswerUnusable(
                f"The model's call of a strict tool cannot be used: {fault}", code="invalid_tool_arguments"
            )
        if draft.declared or request.unknown_calls:
            told += [ToolCallStart(draft.id, draft.name), ToolCallArguments(draft.arguments or "{}"), ToolCallEnd()]
        else:
            told.append(Text(draft.written))
    return told


def repair_prompt(fault: str, wanted: Sequence[Tool], shown: Callable[[str], str] = str) -> str:
    """What the model is told: what was wrong with a call, that one of `wanted` has to come, or that it shall go on."""
    if fault:
        return f"That call cannot be used: {fault} Write it again, corrected: its block alone."
    if wanted:
        return f"No tool was called. Call {' or '.join(shown(one.name) for one in wanted)} now: write the call alone."
    return "Go on: write the answer, or call a tool."


def final_error(*, must_call: bool) -> UpstreamFailed:
    """What the caller is told where nothing usable came twice."""
    if must_call:
        return AnswerUnusable(
            "The model called no tool that was asked for, though tool_choice requires one. Ask again, or use "
            "tool_choice auto.",
            code="tool_call_missing",
        )
    return UpstreamFailed("The model thought, and then answered nothing. Ask again.", code="empty_answer")


async def structured(request: ChatRequest, ask: Ask, shown: Callable[[str], str] = str) -> AsyncGenerator[list[Event]]:
    """An answer that is one JSON value as `request.response_format` wants it. Nothing goes out until it is checked.

    Where the model calls tools instead, those calls are the answer. One that was cut, or stopped by a filter, comes
    without text unless it is whole. Raises `BadRequest` where the schema cannot be used, `AnswerUnusable` with the code
    `invalid_structured_output` where no answer fits.
    """
    assert request.response_format is not None
    wanted, tools = request.response_format, request.callable_tools
    check = json_answer.checker(wanted)
    must_call = request.tool_choice.mode == "required" and bool(tools)
    request, usage, fault = json_answer.instructed(request), None, ""
    for is_last in (False, True):
        so_far, natives = AnswerSoFar(), list[Event]()
        async with aclosing(_ask(request, ask, again=is_last)) as lists:
            async for events in lists:
                so_far.note(events)
                natives += [one for one in events if isinstance(one, ToolCallStart | ToolCallArguments | ToolCallEnd)]
        so_far.check_end()
        usage = add(usage, so_far.usage)
        drafts = [*so_far.drafts, *_drafts(natives)] if tools else []
        content: list[Event] = []
        if drafts:
            fault = calls_fault(drafts, tools)
            content = [] if fault and not is_last else _told(drafts, request)
            words = repair_prompt(fault, ())
        elif must_call:
            fault = words = repair_prompt("", tools, shown)
        else:
            reading = json_answer.read_checked(so_far.text, wanted, check)
            fault = reading.fault
            content = [Text(reading.json)] if reading.json else []
            words = json_answer.repair(fault)
        if content or not so_far.is_whole:
            yield [so_far.start, *so_far.reasoning, *content, *([usage] if usage else []), so_far.finish]
            return
        request = so_far.followed_by(request, words, is_known=False)
    if must_call:
        raise final_error(must_call=True)
    raise AnswerUnusable(f"The model's answer is not what was asked for: {fault}", code="invalid_structured_output")


def _drafts(events: Sequence[Event]) -> list[Draft]:
    """The calls that came natively, complete ones alone."""
    starts = [place for place, event in enumerate(events) if isinstance(event, ToolCallStart)]
    calls = [events[start:end] for start, end in zip(starts, [*starts[1:], None], strict=False)]
    return [_draft(call) for call in calls if isinstance(call[-1], ToolCallEnd)]


async def _ask(request: ChatRequest, ask: Ask, *, again: bool) -> AsyncGenerator[list[Event]]:
    """Ask. `again`: an account that has just answered, and may not be free yet."""
    context.current().retries += again
    for turn in range((REPAIR_TURN.times or 0) + 1 if again else 1):
        try:
            async with aclosing(ask(request)) as lists:
                async for events in lists:
                    yield events
            return
        except AccountBusy:  # It comes before the first events.
            if not again or turn == REPAIR_TURN.times:
                raise
        await asyncio.sleep(REPAIR_TURN.wait(turn))


def add(before: Usage | None, usage: Usage | None) -> Usage | None:
    if before is None or usage is None:
        return before or usage
    return Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.completion_tokens + usage.completion_tokens,
        before.reasoning_tokens + usage.reasoning_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.estimated or usage.estimated,
    )
