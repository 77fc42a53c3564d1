"""What an upstream that only writes text is asked twice for: an answer in a wanted form, and a call that has to come.

Before anything has gone out, an answer that will not do is asked for again, once, with what was wrong as a further
turn. `ask` asks the upstream once; each of these is what the upstream then answers with.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from lib.errors import AccountBusy, UpstreamFailed
from lib.runtime import context
from lib.tools import structured as reading
from lib.types.chat import ChatRequest, Message, TextPart
from lib.types.events import (
    Event,
    Finish,
    FinishReason,
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

REPAIRS: Final = 1
"""How often an answer is asked for again: each time costs the user a whole answer, and a third one seldom helps."""
BUSY_WAITS: Final = (0.3, 0.6, 1.2)
"""Seconds before an account is asked again that has just answered: the service frees it 0.1 to 0.5 s later."""

_CALL: Final = (ToolCallStart, ToolCallArguments, ToolCallEnd)
_CONTINUE: Final = "Continue: write the answer, or call a tool."


async def structured(request: ChatRequest, ask: Ask, *, repairs: int = REPAIRS) -> AsyncGenerator[list[Event]]:
    """An answer that is one JSON value as `request.response_format` wants it. Nothing goes out until it is checked.

    Where the model calls tools instead, those calls. An answer that was cut, or stopped by a filter, comes without
    text and says so in its `Finish`. Raises `BadRequest` where the schema cannot be used, `UpstreamFailed` with the
    code `invalid_structured_output` where no answer fits.
    """
    format_ = request.response_format
    assert format_ is not None
    check = reading.checker(format_)
    answer = _Answer()
    for left in range(repairs, -1, -1):
        await answer.collect(request, ask)
        if answer.calls:
            yield answer.whole(answer.calls)
            return
        found = reading.read_checked(answer.text, format_, check)
        if found.json or answer.reason != "stop":
            yield answer.whole([Text(found.json)] if found.json else [])
            return
        if left:
            request = answer.followed_by(request, reading.repair(found.fault))
    raise UpstreamFailed(
        f"The model's answer was not what response_format asks for: {found.fault}", code="invalid_structured_output"
    )


async def required(request: ChatRequest, ask: Ask, *, repairs: int = REPAIRS) -> AsyncGenerator[list[Event]]:
    """An answer that calls a tool. Text waits for the first call; reasoning does not.

    An answer that was cut, or stopped by a filter, comes as it is. Raises `UpstreamFailed` with the code
    `tool_call_missing` where no call comes.
    """
    names = " or ".join(tool.name for tool in request.callable_tools) or "a tool"
    words = f"No tool was called. Call {names} now: write the call alone."
    answers = _until(request, ask, words, repairs, lambda event: isinstance(event, ToolCallStart))
    async with aclosing(answers) as lists:
        async for events in lists:
            yield events


async def answered(request: ChatRequest, ask: Ask, *, repairs: int = REPAIRS) -> AsyncGenerator[list[Event]]:
    """An answer that says something or calls a tool: after thinking alone, the model is asked to go on.

    Raises `UpstreamFailed` with the code `empty_answer` where it still says nothing.
    """
    answers = _until(request, ask, _CONTINUE, repairs, _is_visible)
    async with aclosing(answers) as lists:
        async for events in lists:
            yield events


_MISSING: Final = {
    True: ("tool_call_missing", "The model called no tool, though tool_choice requires it. Ask again."),
    False: ("empty_answer", "The model thought, and then answered nothing. Ask again."),
}


async def _until(
    request: ChatRequest, ask: Ask, words: str, repairs: int, wanted: Callable[[Event], bool]
) -> AsyncGenerator[list[Event]]:
    """The answer, of which all but the reasoning waits for an event that is `wanted`; without one, asks again."""
    usage: Usage | None = None
    started = False
    for left in range(repairs, -1, -1):
        answer = _Answer()
        waiting: list[Event] = []
        let_through = False
        async with aclosing(_ask_again(request, ask) if left < repairs else ask(request)) as lists:
            async for events in lists:
                answer.note(events)
                out: list[Event] = []
                for event in events:
                    if isinstance(event, Start) and started:
                        continue
                    if isinstance(event, Usage):
                        event = _sum(usage, event)
                    let_through = let_through or wanted(event) or (isinstance(event, Finish) and event.reason != "stop")
                    if let_through:
                        out += [*waiting, event]
                        waiting = []
                    elif isinstance(event, Reasoning) and event.text:
                        out += [one for one in waiting if isinstance(one, Start)]
                        waiting = [one for one in waiting if not isinstance(one, Start)]
                        out.append(event)
                    else:
                        waiting.append(event)
                if out:
                    started = True
                    yield out
        if let_through:
            return
        usage = _sum(usage, answer.usage) if answer.usage else usage
        if left:
            request = answer.followed_by(request, words)
    code, message = _MISSING[words is not _CONTINUE]
    raise UpstreamFailed(message, code=code)


class _Answer:
    """Answers that are collected: of the last one the texts, of all of them the usage."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._begin()

    def _begin(self) -> None:
        self.calls: list[Event] = []
        self.reason: FinishReason | None = None
        self._texts: list[str] = []
        self._reasoning: list[Event] = []
        self._start = Start("")
        self._finish = Finish("stop")
        self._last_usage: Usage | None = None

    @property
    def text(self) -> str:
        return "".join(self._texts)

    async def collect(self, request: ChatRequest, ask: Ask) -> None:
        """Ask, and read the whole answer."""
        again = self._finish is not None and self.reason is not None
        self._begin()
        async with aclosing(_ask_again(request, ask) if again else ask(request)) as lists:
            async for events in lists:
                self.note(events)
        if self.reason is None:
            raise UpstreamFailed("The service ended the answer without an end. Try again.")

    def note(self, events: list[Event]) -> None:
        """Take what arrived."""
        for event in events:
            if isinstance(event, Start):
                self._start = event
            elif isinstance(event, Text):
                self._texts.append(event.text)
            elif isinstance(event, Reasoning):
                self._reasoning.append(event)
            elif isinstance(event, _CALL):
                self.calls.append(event)
            elif isinstance(event, Usage):
                self._last_usage = event
            elif isinstance(event, Revision):
                self._texts, self._reasoning = [], []
                self.note(list(event.events))
            elif isinstance(event, Finish):
                self._finish, self.reason = event, event.reason
                if self._last_usage is not None:
                    self.usage = _sum(self.usage, self._last_usage)

    def whole(self, content: list[Event]) -> list[Event]:
        """The answer at once, with `content` in it."""
        usage: list[Event] = [self.usage] if self.usage else []
        return [self._start, *self._reasoning, *content, *usage, self._finish]

    def followed_by(self, request: ChatRequest, words: str) -> ChatRequest:
        """The request that goes on after this answer with a user's turn. A conversation that is kept goes on, too."""
        said = (Message("assistant", (TextPart(self.text),)),) if self.text.strip() else ()
        kept = request.conversation_id is not None and self._start.conversation_id
        return request._replace(
            messages=(*request.messages, *said, Message("user", (TextPart(words),))),
            conversation_id=self._start.conversation_id if kept else request.conversation_id,
        )


async def _ask_again(request: ChatRequest, ask: Ask) -> AsyncGenerator[list[Event]]:
    """Ask an account that has just answered, and may not be free yet."""
    context.current().retries += 1
    for wait in (*BUSY_WAITS, None):
        try:
            async with aclosing(ask(request)) as lists:
                async for events in lists:
                    yield events
            return
        except AccountBusy:  # It comes before the first events.
            if wait is None:
                raise
        await asyncio.sleep(wait)


def _sum(before: Usage | None, usage: Usage) -> Usage:
    if before is None:
        return usage
    return Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.completion_tokens + usage.completion_tokens,
        before.reasoning_tokens + usage.reasoning_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.estimated or usage.estimated,
    )


def _is_visible(event: Event) -> bool:
    if isinstance(event, Text):
        return bool(event.text.strip())
    return not isinstance(event, Start | Reasoning | Usage | Finish)
