"""Keys in turn: whose upstream is asked, who waits for whom, and which key is next when one fails.

Until the first content, any failure of a key's own moves on to the next one. What may have been delivered is never
sent again, and what is wrong with the request itself is told at once.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Protocol

from lib import settings
from lib.accounts import daily, owner_warnings, response_id
from lib.accounts.cooldown import Cooldown
from lib.accounts.keys import Candidate, having
from lib.accounts.outcome import Failure, risk_control, told
from lib.accounts.turns import Turn, Turns
from lib.errors import (
    AccountBusy,
    AnswerUnusable,
    BadRequest,
    DeadlineExceeded,
    Error,
    RiskControl,
    TooLarge,
    UpstreamUncertain,
)
from lib.invocation import context
from lib.invocation.retry import RISK_PAUSE, TURN
from lib.store import configured_store
from lib.store.line import Place
from lib.tokens import tokens
from lib.types import aliases
from lib.types.chat import ChatRequest, go_on
from lib.types.events import Event, Reasoning, Start, Text, TurnLost, TurnTaken
from lib.types.upstream import Tries, Upstream

type TurnEvent = TurnTaken | TurnLost


class Attempt[T](Protocol):
    def __call__(self, upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[T | TurnEvent]]:
        """Yield what comes of it. An `Error` before the first: another key may be tried."""
        ...


class Call[T](Protocol):
    """The same for work that has one result."""

    def __call__(self, upstream: Upstream, key: str, tries: Tries) -> Awaitable[T]: ...


class _Accounts:
    """What one event loop knows of accounts."""

    def __init__(self) -> None:
        self.cooldown = Cooldown()
        self.turns = Turns(context.shared(configured_store))
        self.risk_until: dict[str, float] = {}


def answer(
    candidates: Sequence[Candidate], request: ChatRequest, *, signed: bool = False
) -> AsyncGenerator[list[Event]]:
    """The answer to `request`, from the first key that gives one, and before it whether an account's turn is had.

    `signed`: its conversation gets the id by which a response is gone on from, in place of the upstream's own.
    """
    asked, request = request.model, _resolved(request)
    context.current().streamed = request.streamed
    able = having(_able(candidates, request), asked, request.model)
    by_key = {one.key.text: one for one in able}

    def attempt(upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        events = _named(upstream.answer(request, key, tries), upstream.name)
        return response_id.signed(events, by_key[key]) if signed else events

    events: Attempt[Event] = attempt
    found = fail_over(able, events)
    return _counted(found, able[0].access_key)


async def _counted[T](answer: AsyncGenerator[list[T]], access_key: str) -> AsyncGenerator[list[T]]:
    """The answer itself; its tokens are counted for the access key, where there is one."""
    texts: list[str] = []
    try:
        async with aclosing(answer):
            async for events in answer:
                if access_key:
                    texts += [event.text for event in events if isinstance(event, Text | Reasoning)]
                yield events
    finally:  # Who reads the answer stops at its last event.
        if texts:
            await daily.add(access_key, tokens("".join(texts)))


async def count_tokens(candidates: Sequence[Candidate], request: ChatRequest) -> int:
    """Tokens of the prompt, from the first key that can tell. No turn is needed for that."""
    request = _resolved(request)
    failures: list[Failure] = []
    for one in having(_able(candidates, request), request.model):
        try:
            return await one.upstream.count_tokens(request, one.key.text)
        except Error as error:
            failures.append(Failure(error, one.key))
    raise told(failures)


async def _named(answer: AsyncGenerator[list[Event]], upstream: str) -> AsyncGenerator[list[Event]]:
    """The answer itself, whose `Start` names the upstream beside the model; noted for the response's head, too."""
    async with aclosing(answer):
        async for events in answer:
            if isinstance(start := events[0] if events else None, Start):
                context.current().answered_by = start.model or None
                events = [start._replace(model=f"{upstream}/{start.model}" if start.model else upstream), *events[1:]]
            yield events


def _resolved(request: ChatRequest) -> ChatRequest:
    return go_on(request)._replace(model=aliases.resolve(request.model, settings.current().model_aliases))


def _able(candidates: Sequence[Candidate], request: ChatRequest) -> list[Candidate]:
    """Those whose upstream can answer at all. Raises the first one's refusal where there are none."""
    refusals = [one.upstream.why_not(request) for one in candidates]
    able = [one for one, refusal in zip(candidates, refusals, strict=True) if refusal is None]
    if not able:
        raise next(filter(None, refusals))
    return able


async def fail_over[T](
    candidates: Sequence[Candidate], attempt: Attempt[T], *, generates: bool = True
) -> AsyncGenerator[list[T | TurnEvent]]:
    """What `attempt` yields with one of the keys, and before it whether an account's turn is had.

    `generates`: it has an answer generated, and so waits for its turn. Anything else may go on beside such an answer.
    Keys are asked upstream by upstream, in the order in which the caller first names each; of one upstream's, those
    that nothing is known against come first, at random. Raises the most useful of the errors when all have failed.
    """
    if generates:
        await daily.admit(candidates[0].access_key)
    failures: list[Failure] = []
    tries = Tries()
    groups = list(_by_upstream(candidates))
    for place, group in enumerate(groups):
        last = place == len(groups) - 1
        round_ = _Round(group, attempt, tries, generates=generates, wait_if_busy=last, failures=failures)
        async with aclosing(round_.items()) as items:
            async for item in items:
                yield item
            if round_.succeeded:
                return
    raise told(failures)


async def fail_over_call[T](candidates: Sequence[Candidate], call: Call[T], *, generates: bool = True) -> T:
    """What `call` returns with one of the keys; the same for work that has one result."""

    async def attempt(upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[T | TurnEvent]]:
        yield [await call(upstream, key, tries)]

    async with aclosing(fail_over(candidates, attempt, generates=generates)) as lists:
        async for (result,) in lists:
            if not isinstance(result, TurnTaken | TurnLost):
                return result
    raise AssertionError("an attempt yields or raises")


def answering(candidate: Candidate) -> bool:
    """Does this instance have the account write an answer now."""
    return candidate.account in context.shared(_Accounts).turns.taken


def cooling(candidate: Candidate) -> float:
    """Seconds for which this instance had rather not ask an account, or its service; 0 where nothing is known."""
    known = context.shared(_Accounts)
    risk = known.risk_until.get(candidate.upstream.name, 0.0) - asyncio.get_running_loop().time()
    return max(0.0, risk, known.cooldown.remaining(candidate.account))


class _Round[T]:
    """The keys of one upstream, until one answers or none is left."""

    def __init__(
        self,
        group: Sequence[Candidate],
        attempt: Attempt[T],
        tries: Tries,
        *,
        generates: bool,
        wait_if_busy: bool,
        failures: list[Failure],
    ) -> None:
        self.succeeded = False
        self._attempt = attempt
        self._tries = tries
        self._wait_if_busy = wait_if_busy
        self._failures = failures
        self._untried: dict[str, list[Candidate]] = {}
        """The keys of each account, in the order in which they are asked."""
        for one in random.sample(group, len(group)):
            self._untried.setdefault(one.account, []).append(one)
        self._upstream = group[0].upstream
        self._takes_turns = generates and self._upstream.concurrency is not None
        self._accounts = context.shared(_Accounts)
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + min(TURN.worst, context.current().deadline.remaining())
        self._place = Place(context.current().deadline.came)

    async def items(self) -> AsyncGenerator[list[T | TurnEvent]]:
        if self._accounts.risk_until.get(self._upstream.name, 0.0) > self._loop.time():
            self._failures.append(Failure(risk_control(self._upstream.name)))
            return
        while self._untried:
            ready = self._accounts.cooldown.best(list(self._untried))
            async with AsyncExitStack() as held:
                try:
                    turn: Turn | None = await self._turn(held, ready, self._ends_at if self._wait_if_busy else 0.0)
                except AccountBusy as error:
                    for account in ready:
                        self._untried.pop(account)[0].note(error.code)
                    self._failures.append(Failure(error))
                    continue
                while turn is not None:
                    candidate = self._untried[turn.account][0]
                    context.current().upstream = self._upstream.name
                    yield [TurnTaken()]
                    owner_warnings.about_to_expire(candidate)
                    self._tries.others = len(self._untried) - 1 if self._wait_if_busy else len(self._untried)
                    turn.ask()
                    async with aclosing(self._attempt(self._upstream, candidate.key.text, self._tries)) as items:
                        try:
                            first = await anext(items)
                        except Error as error:
                            failure = error
                        else:
                            turn.taken()
                            candidate.note("answered")
                            self._accounts.cooldown.recovered(candidate.account)
                            self.succeeded = True
                            yield first
                            async for item in items:
                                yield item
                            return
                    yield [TurnLost()]
                    turn = await self._after(failure, candidate, turn, held)

    async def _turn(self, held: AsyncExitStack, accounts: Sequence[str], until: float) -> Turn:
        """The turn of the first of `accounts` that is free before `until`, held by `held`."""
        if not self._takes_turns:
            return Turn(accounts[0])
        return await held.enter_async_context(self._accounts.turns.turn(accounts, self._place, until))

    async def _after(self, failure: Error, candidate: Candidate, turn: Turn, held: AsyncExitStack) -> Turn | None:
        """What follows a failure: the turn of an account that was busy is kept, unless another becomes free first."""
        self._failed(candidate, failure)
        if not isinstance(failure, AccountBusy) or not self._wait_if_busy:
            return None
        again_at = self._loop.time() + turn.refused()
        until = min(again_at, self._ends_at)
        context.current().retries += 1
        others = [account for account in self._untried if account != turn.account]
        if self._takes_turns and (others := self._accounts.cooldown.best(others)):
            other = AsyncExitStack()
            with suppress(AccountBusy):
                found = await self._turn(other, others, until)
                await held.aclose()
                held.push_async_exit(other)
                return found
        await asyncio.sleep(until - self._loop.time())
        if again_at <= self._ends_at:
            return turn
        self._forget([turn.account])
        self._failures.append(Failure(failure, candidate.key))
        return None

    def _failed(self, candidate: Candidate, error: Error) -> None:
        """Decide what a failure means for this key and the others. Raises what must be told at once."""
        candidate.note(error.code)
        owner_warnings.refused(candidate, error)
        if isinstance(error, AccountBusy) and self._wait_if_busy:
            return
        if isinstance(error, UpstreamUncertain):
            self._accounts.cooldown.note(candidate.account, error)
        if isinstance(error, UpstreamUncertain | DeadlineExceeded | AnswerUnusable):
            raise error
        self._failures.append(Failure(error, candidate.key))
        if error.param == "conversation_id":
            self._forget([candidate.account])  # No fault of its own: another account may know the conversation.
            return
        if isinstance(error, BadRequest | TooLarge):
            self._untried.clear()  # Another account would say the same; another upstream may not.
            return
        if isinstance(error, RiskControl):
            self._accounts.risk_until[self._upstream.name] = self._loop.time() + RISK_PAUSE
            self._untried.clear()  # It is the address that is refused, not the account.
            return
        self._untried[candidate.account].remove(candidate)
        if not self._untried[candidate.account]:
            self._forget([candidate.account])
            self._accounts.cooldown.note(candidate.account, error)

    def _forget(self, accounts: Iterable[str]) -> None:
        for account in accounts:
            self._untried.pop(account, None)


def _by_upstream(candidates: Sequence[Candidate]) -> Iterable[list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(one.upstream.name, []).append(one)
    return groups.values()
