"""Keys in turn: whose upstream is asked, who waits for whom, and which key is next when one fails.

Until the first content, any failure of a key's own moves on to the next one. What may have been delivered is never
sent again, and what is wrong with the request itself is told at once.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Final, Protocol

from lib import settings
from lib.accounts import owner_warnings, response_id
from lib.accounts.cooldown import Cooldown
from lib.accounts.keys import Candidate, note_model
from lib.accounts.outcome import most_useful, of_deployment, risk_control
from lib.accounts.turns import Queue, busy
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
from lib.store import configured_store
from lib.store.seal import turn_name
from lib.types import aliases
from lib.types.chat import ChatRequest
from lib.types.events import Event, TurnLost, TurnTaken
from lib.types.upstream import Tries, Upstream

BUSY_WAIT: Final = 25.0
"""Seconds that a request waits in all for a free account: most answers take less, and clients wait for 30 to 60."""
FIRST_BACKOFF: Final = 0.2
LAST_BACKOFF: Final = 2.0
"""Seconds before a busy account is asked again: the service frees one 0.1 to 0.5 s after its answer's end. Each
further wait is twice as long, up to the second; up to a half is taken off at random."""
RISK_PAUSE: Final = 30.0
"""Seconds for which an upstream is not asked whose risk control refuses this address: repeating prolongs it."""


type Turn = TurnTaken | TurnLost


class Attempt[T](Protocol):
    """One try with one key."""

    def __call__(self, upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[T | Turn]]:
        """Yield what comes of it. An `Error` before the first: another key may be tried."""
        ...


class Call[T](Protocol):
    """The same for work that has one result."""

    def __call__(self, upstream: Upstream, key: str, tries: Tries) -> Awaitable[T]:
        """Return what comes of it."""
        ...


class _Accounts:
    """What one event loop knows of accounts."""

    def __init__(self) -> None:
        self.cooldown = Cooldown()
        self.queue = Queue()
        self.risk_until: dict[str, float] = {}


def answer(tried: Sequence[Candidate], request: ChatRequest, *, signed: bool = False) -> AsyncGenerator[list[Event]]:
    """The answer to `request`, from the first key that gives one, and before it whether an account's turn is had.

    `signed`: its conversation gets the id by which a response is gone on from, in place of the upstream's own.
    """
    asked, request = request.model, _resolved(request)
    note_model(tried, asked, request.model)
    context.current().streamed = request.streamed
    able = _able(tried, request)

    def attempt(upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        events = upstream.answer(request, key, tries)
        return response_id.signed(events, upstream.name, key) if signed else events

    events: Attempt[Event] = attempt
    return fail_over(able, events)


async def count_tokens(tried: Sequence[Candidate], request: ChatRequest) -> int:
    """Tokens of the prompt, from the first key that can tell. No turn is needed for that."""
    request = _resolved(request)
    failures: list[Error] = []
    for one in _able(tried, request):
        try:
            return await one.upstream.count_tokens(request, one.key.text)
        except Error as error:
            failures.append(error)
    raise of_deployment(most_useful(failures))


def _resolved(request: ChatRequest) -> ChatRequest:
    return request._replace(model=aliases.resolve(request.model, settings.current().model_aliases))


def _able(tried: Sequence[Candidate], request: ChatRequest) -> list[Candidate]:
    """Those whose upstream can answer at all. Raises the first one's refusal where there are none."""
    refusals = [one.upstream.refusal(request) for one in tried]
    able = [one for one, refusal in zip(tried, refusals, strict=True) if refusal is None]
    if not able:
        raise next(filter(None, refusals))
    return able


async def fail_over[T](
    tried: Sequence[Candidate], attempt: Attempt[T], *, generates: bool = True
) -> AsyncGenerator[list[T | Turn]]:
    """What `attempt` yields with one of the keys, and before it whether an account's turn is had.

    `generates`: it has an answer generated, and so waits for its turn. Anything else may go on beside such an answer.
    Keys are asked upstream by upstream, in the order in which the caller first names each; of one upstream's, those
    that nothing is known against come first, at random. Raises the most useful of the errors when all have failed.
    """
    failures: list[Error] = []
    tries = Tries()
    groups = list(_by_upstream(tried))
    for place, group in enumerate(groups):
        last = place == len(groups) - 1
        round_ = _Round(group, attempt, tries, generates=generates, wait_if_busy=last, failures=failures)
        async with aclosing(round_.items()) as items:
            async for item in items:
                yield item
            if round_.succeeded:
                return
    raise of_deployment(most_useful(failures))


async def fail_over_call[T](tried: Sequence[Candidate], call: Call[T], *, generates: bool = True) -> T:
    """What `call` returns with one of the keys; the same for work that has one result."""

    async def attempt(upstream: Upstream, key: str, tries: Tries) -> AsyncGenerator[list[T | Turn]]:
        yield [await call(upstream, key, tries)]

    async with aclosing(fail_over(tried, attempt, generates=generates)) as lists:
        async for (result,) in lists:
            if not isinstance(result, TurnTaken | TurnLost):
                return result
    raise AssertionError("an attempt yields or raises")


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
        failures: list[Error],
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
        self._ends_at = self._loop.time() + min(BUSY_WAIT, context.current().deadline.remaining())
        self._not_before: dict[str, float] = {}
        self._backoff = FIRST_BACKOFF

    async def items(self) -> AsyncGenerator[list[T | Turn]]:
        if self._accounts.risk_until.get(self._upstream.name, 0.0) > self._loop.time():
            self._failures.append(risk_control(self._upstream.name))
            return
        while self._untried:
            ready = await self._ready()
            if not ready:
                self._failures.append(busy())
                return
            async with AsyncExitStack() as stack:
                try:
                    candidate, taken = await self._turn(stack, ready)
                except AccountBusy as error:
                    self._forget(ready)
                    self._failures.append(error)
                    continue
                if not taken:
                    self._failed(candidate, busy())
                    continue
                yield [TurnTaken()]
                owner_warnings.about_to_expire(candidate)
                self._tries.others = len(self._untried) - 1 if self._wait_if_busy else len(self._untried)
                async with aclosing(self._attempt(self._upstream, candidate.key.text, self._tries)) as items:
                    try:
                        first = await anext(items)
                    except Error as error:
                        self._failed(candidate, error)
                        yield [TurnLost()]
                        continue
                    candidate.note("answered")
                    self._accounts.cooldown.recovered(candidate.account)
                    self.succeeded = True
                    yield first
                    async for item in items:
                        yield item
                    return

    async def _ready(self) -> list[str]:
        """The accounts that may be asked now; waits while all of them have just been busy. None: the time is over."""
        while True:
            now = self._loop.time()
            ready = [account for account in self._untried if self._not_before.get(account, 0.0) <= now]
            if ready:
                return self._accounts.cooldown.best(ready)
            next_at = min(self._not_before[account] for account in self._untried)
            if next_at >= self._ends_at:
                return []
            await asyncio.sleep(next_at - now)

    async def _turn(self, stack: AsyncExitStack, ready: Sequence[str]) -> tuple[Candidate, bool]:
        """The account whose turn it is, and whether the turn was had: another instance may have it."""
        account = ready[0]
        if self._takes_turns:
            account = await stack.enter_async_context(self._accounts.queue.turn(ready, self._left()))
            store = context.shared(configured_store)
            # With others to try, nobody waits here for an answer that another instance has written.
            seconds = self._left() if len(self._untried) == 1 else 0.0
            if store.shared and not await stack.enter_async_context(store.lease(turn_name(account), seconds)):
                return self._untried[account][0], False
        return self._untried[account][0], True

    def _left(self) -> float:
        """Seconds for which it is worth waiting for a turn."""
        return max(0.0, self._ends_at - self._loop.time()) if self._wait_if_busy else 0.0

    def _failed(self, candidate: Candidate, error: Error) -> None:
        """Decide what a failure means for this key and the others. Raises what must be told at once."""
        candidate.note(error.code)
        owner_warnings.refused(candidate, error)
        if isinstance(error, AccountBusy) and self._wait_if_busy:
            wait = self._backoff * random.uniform(0.5, 1.0)  # noqa: S311
            self._backoff = min(self._backoff * 2, LAST_BACKOFF)
            self._not_before[candidate.account] = self._loop.time() + wait
            context.current().retries += 1
            return
        if isinstance(error, UpstreamUncertain):
            self._accounts.cooldown.note(candidate.account, error)
        if isinstance(error, UpstreamUncertain | DeadlineExceeded | AnswerUnusable):
            raise error
        self._failures.append(error)
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


def _by_upstream(tried: Sequence[Candidate]) -> Iterable[list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    for one in tried:
        groups.setdefault(one.upstream.name, []).append(one)
    return groups.values()
