"""Who is asking: find the caller's accounts, choose one, and fail over to the next.

There are three kinds of deployment, and no fourth:

- Neither `GLM_TOKENS` nor `GLM_ACCESS_KEYS` is set: callers bring ChatGLM tokens of their own, as the API key.
- Both are set: callers present one of the access keys, and the deployment's tokens are used.
- Only one is set: nothing is served. The deployment would be open to the world, or of no use.
"""

import hmac
import random
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack, aclosing, nullcontext
from hashlib import sha256
from typing import Protocol

from starlette.requests import Request

from lib import settings
from lib.accounts.cooldown import Health
from lib.accounts.queue import Turnstile
from lib.errors import AccountBusy, BadRequest, Error, Misconfigured, RateLimited, Unauthorized
from lib.runtime import context
from lib.settings import Settings

MAX_TOKENS = 100
"""Tokens in one request: a header of 100 is some 60 KB, which is what platforms let through."""

_FINGERPRINT = b"glm-functions account fingerprint 1\n"

_health = Health()
_turnstile = Turnstile()


class Attempt[T](Protocol):
    """One try on one account. `patient`: there is no other account, so it is worth waiting for this one."""

    def __call__(self, token: str, *, patient: bool) -> AsyncGenerator[T]:
        """Yield what comes of it. `Unauthorized` or `RateLimited` before that: the next account is tried."""
        ...


class Call[T](Protocol):
    """The same for work that has one result."""

    def __call__(self, token: str, *, patient: bool) -> Awaitable[T]:
        """Return what comes of it."""
        ...


def check(chosen: Settings) -> None:
    """Raise `Misconfigured` for the settings of a deployment that is none of the three kinds."""
    if chosen.tokens and not chosen.access_keys:
        raise Misconfigured(
            "GLM_TOKENS is set and GLM_ACCESS_KEYS is not: anybody could use the deployment's accounts."
        )
    if chosen.access_keys and not chosen.tokens:
        raise Misconfigured("GLM_ACCESS_KEYS is set and GLM_TOKENS is not: the deployment has no account to use.")


def tokens(request: Request) -> tuple[str, ...]:
    """The tokens that this request may use. Raises `Unauthorized` where it brings no key, or not the right one."""
    key = _key(request)
    if not key:
        raise Unauthorized(
            "No API key. Send a ChatGLM token, or the deployment's access key, as Authorization: Bearer."
        )
    return tokens_of(key)


def tokens_of(key: str) -> tuple[str, ...]:
    """The tokens that whoever presents `key` may use. Raises `Unauthorized` where it is not the right one."""
    chosen = settings.current()
    if chosen.access_keys:
        presented = key.encode(errors="replace")
        known = [hmac.compare_digest(presented, access_key.encode()) for access_key in chosen.access_keys]
        if not any(known):
            raise Unauthorized("The API key is not one of this deployment's access keys.")
        return tuple(dict.fromkeys(chosen.tokens))
    brought = tuple(dict.fromkeys(part.strip() for part in key.split(",") if part.strip()))
    if len(brought) > MAX_TOKENS:
        raise BadRequest(f"A request may bring at most {MAX_TOKENS} tokens.")
    if not brought:
        raise Unauthorized("The API key is empty.")
    return brought


async def fail_over[T](candidates: Sequence[str], attempt: Attempt[T], *, generates: bool = True) -> AsyncGenerator[T]:
    """What `attempt` yields on one of the accounts.

    `generates`: it has an answer generated, and so waits for its turn. Anything else may go on beside such an answer.

    Begins with one at random among those that nothing is known against and that are free. When an account is refused,
    busy or limited before it yields anything, the next is tried, each once. Raises the most useful of the errors when
    all have failed.
    """
    request = context.current()
    untried = random.sample(candidates, len(candidates))
    failures: list[Error] = []
    while untried:
        best = _health.best(untried)
        turn = _turnstile.enter(best, request.deadline.remaining()) if generates else nullcontext(best[0])
        async with AsyncExitStack() as turns:
            try:
                token = await turns.enter_async_context(turn)
            except AccountBusy as error:
                untried = [account for account in untried if account not in best]
                failures.append(error)
                continue
            untried.remove(token)
            note(token)
            async with aclosing(attempt(token, patient=len(candidates) == 1)) as items:
                try:
                    first = await anext(items)
                except (Unauthorized, RateLimited) as error:
                    _health.note(token, error)
                    failures.append(error)
                    continue
                _health.recovered(token)
                yield first
                async for item in items:
                    yield item
                return
    raise most_useful(failures)


async def fail_over_call[T](candidates: Sequence[str], call: Call[T], *, generates: bool = True) -> T:
    """What `call` returns on one of the accounts; the same for work that has one result."""

    async def attempt(token: str, *, patient: bool) -> AsyncGenerator[T]:
        yield await call(token, patient=patient)

    async with aclosing(fail_over(candidates, attempt, generates=generates)) as results:
        return await anext(results)


def note(token: str) -> None:
    """Write down, for the log, which account is used."""
    request = context.current()
    request.accounts_tried += 1
    request.account = fingerprint(token)


def most_useful(failures: Sequence[Error]) -> Error:
    """The one to tell: where any account will be free again, when that is; else that all are refused."""
    limited = [error for error in failures if isinstance(error, RateLimited)]
    return min(limited, key=lambda error: error.retry_after or 0.0) if limited else failures[0]


def fingerprint(token: str) -> str:
    """Eight hex digits that stand for an account in the log. The token cannot be found from them."""
    return sha256(_FINGERPRINT + token.encode(errors="replace")).hexdigest()[:8]


def _key(request: Request) -> str:
    headers = request.headers
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return (headers.get("x-api-key") or headers.get("api-key") or "").strip()
