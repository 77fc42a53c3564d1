"""What an upstream that only writes text is asked twice for: an answer in a wanted form, and a call that has to come.

Before anything has gone out, an answer that will not do is asked for again, once, with what was wrong as a further
turn. `ask` asks the upstream once; each of these functions is what the upstream then answers with.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, NamedTuple

from lib.errors import AccountBusy, AnswerUnusable
from lib.invocation import context
from lib.invocation.retry import REPAIR, REPAIR_TURN
from lib.structured.json_answer import checker, instructed, read_checked, repair
from lib.structured.schema import Checker
from lib.toolcalls.gate import Gate, call_wanted, calls_fault
from lib.toolcalls.taken import Taken, add
from lib.types.chat import ChatRequest
from lib.types.events import Event, Text, Usage

type Ask = Callable[[ChatRequest], AsyncGenerator[list[Event]]]

REPAIRS: Final = REPAIR.times or 0
_NOT_JSON: Final = "invalid_structured_output"


def answer(request: ChatRequest, ask: Ask, *, check_calls: bool = False) -> AsyncGenerator[list[Event]]:
    """The answer to any request, asked for as often as it needs.

    `check_calls`: a call that does not fit its tool is asked for again as long as nobody has seen it, whether the tool
    is strict or not: for an upstream that knows of tools only what its prompt says. The second one counts.
    """
    if request.response_format is not None:
        return structured(request, ask)
    if not request.callable_tools:
        return ask(request)
    return with_tools(request, ask, check_calls=check_calls)


async def structured(request: ChatRequest, ask: Ask, *, repairs: int = REPAIRS) -> AsyncGenerator[list[Event]]:
    """An answer that is one JSON value as `request.response_format` wants it. Nothing goes out until it is checked.

    The prompt says what is wanted (`json_answer.instructed`). Where the model calls tools instead, those calls
    are the answer. One that was cut, or stopped by a filter, comes without text unless it is whole. Raises `BadRequest`
    where the schema cannot be used, `AnswerUnusable` with the code `invalid_structured_output` where no answer fits.
    """
    assert request.response_format is not None
    check = checker(request.response_format)
    request = instructed(request)
    found, usage = _Found([], "", ""), None
    for turn in range(repairs + 1):
        taken = await _collect(request, ask, again=turn > 0)
        usage = add(usage, taken.usage)
        found = _find(request, taken, check)
        if not found.fault or taken.finish.reason not in ("stop", "tool_calls"):
            yield [taken.start, *taken.reasoning, *found.content, *([usage] if usage else []), taken.finish]
            return
        request = taken.followed_by(request, repair(found.fault) if found.code == _NOT_JSON else found.fault)
    raise AnswerUnusable(f"The model's answer is not what was asked for: {found.fault}", code=found.code)


class _Found(NamedTuple):
    content: list[Event]
    """What may be handed out."""
    fault: str
    """Why there is nothing of it."""
    code: str
    """Names the fault."""


def _find(request: ChatRequest, taken: Taken, check: Checker | None) -> _Found:
    """What was asked for, in an answer that is complete."""
    if taken.calls:
        fault = calls_fault(taken.calls, request.callable_tools, strict_alone=True)
        return _Found([] if fault else taken.calls, fault, "invalid_tool_arguments")
    if request.tool_choice.mode == "required" and request.callable_tools:
        return _Found([], call_wanted(request.callable_tools), "tool_call_missing")
    assert request.response_format is not None
    reading = read_checked(taken.text, request.response_format, check)
    return _Found([Text(reading.json)] if reading.json else [], reading.fault, _NOT_JSON)


async def with_tools(
    request: ChatRequest, ask: Ask, *, repairs: int = REPAIRS, check_calls: bool = False
) -> AsyncGenerator[list[Event]]:
    """An answer that says something or calls a tool, or that calls one where `request` requires it.

    What the caller sees as it comes waits no longer than it has to: text for the first call that is required, and
    reasoning for nothing. An answer that was cut, or stopped by a filter, comes as it is. `check_calls`: see `answer`.
    Raises `AnswerUnusable` with the code `tool_call_missing` where no call comes, `invalid_tool_arguments` where one of
    a strict tool does not fit, and `UpstreamFailed` with the code `empty_answer` where nothing is said.
    """
    must_call = request.tool_choice.mode == "required"
    usage: Usage | None = None
    started = False
    gate = Gate(request, must_call=must_call)
    for turn in range(repairs + 1):
        gate = Gate(request, must_call=must_call, started=started, usage=usage)
        unseen: list[list[Event]] = []
        async with aclosing(_ask(request, ask, again=turn > 0)) as lists:
            async for events in lists:
                if out := gate.feed(events):
                    if request.streamed:
                        yield out
                    else:
                        unseen.append(out)
                if gate.fault:
                    break
        if check_calls and not request.streamed and turn < repairs:
            gate.check_calls()
        if gate.open and not gate.fault:
            for events in unseen:
                yield events
            return
        gate.taken.check_end()
        started, usage = gate.started and request.streamed, add(usage, gate.taken.usage)
        request = gate.taken.followed_by(request, gate.wish)
        if started:  # The caller knows the first conversation alone.
            request = request._replace(resumable=False)
    raise gate.failure


async def _collect(request: ChatRequest, ask: Ask, *, again: bool) -> Taken:
    taken = Taken()
    async with aclosing(_ask(request, ask, again=again)) as lists:
        async for events in lists:
            taken.note(events)
    taken.check_end()
    return taken


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
