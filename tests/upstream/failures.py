"""Failures that a test switches on, for any endpoint."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from .accounts import Account
from .call import Call, Handler, Reply
from .envelope import success
from .gate import Gate
from .refusals import REFUSALS
from .stream import Stream

ABSENT: Any = object()


@dataclass
class Failure:
    """What an endpoint does instead of its work, `times` times (None: always), for one account or for all.

    First it waits: `delay` seconds, and for the `gate`. Then, by what is set: `drop` closes the connection without an
    answer; `code` answers an envelope with that status and `message`; `result` answers a successful one with this
    result, whatever it is; `body` answers these bytes (a dict as JSON); `status` alone answers the status with an HTML
    page. Nothing of these: the endpoint does its work, only later. `works`: it does its work first, and only its
    answer is lost: an answer is then generated unseen, an order is taken.
    """

    endpoint: str
    status: int | None = None
    code: int | None = None
    message: str = ""
    body: bytes | str | dict[str, Any] | None = None
    result: Any = ABSENT
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    works: bool = False
    delay: float = 0.0
    gate: Gate | None = None
    times: int | None = 1
    account: Account | None = None

    def concerns(self, call: Call) -> bool:
        recorded = call.recorded
        return self.endpoint in (recorded.name, recorded.path) and (
            self.account is None or self.account.uid == recorded.account
        )

    async def reply(self, call: Call, handler: Handler) -> Reply | None:
        """Return what to answer; None: the endpoint's own answer. Refusal: the endpoint's own."""
        await call.pause(self.delay)
        if self.gate is not None:
            call.watch()
            await self.gate.admit(call.halt)
            self.gate.passed()
        if self.works:
            own = await handler(call)
            if isinstance(own, Stream):
                own.go_on_unseen()
        if self.drop:
            return _Drop(call)
        status = self.status or 200
        if self.code is not None:
            envelope = {"status": self.code, "message": self.message, "result": {}, "rid": call.rid}
            call.recorded.code = self.code
            return JSONResponse(envelope, status, self.headers)
        if self.result is not ABSENT:
            return success(self.result, call.rid)
        if isinstance(self.body, dict):
            return JSONResponse(self.body, status, self.headers)
        if self.body is not None:
            return Response(self.body, status, self.headers, self.content_type)
        if self.status is not None:
            page = f"<html><body><h1>{status}</h1></body></html>"
            return Response(page, status, self.headers, self.content_type)
        return None


def failure(endpoint: str, refusal: str | None = None, **options: Any) -> Failure:
    """Return a failure of an endpoint: one of `REFUSALS`, by name, or what the options say, or both."""
    return Failure(endpoint, **{**(REFUSALS[refusal] if refusal else {}), **options})


class Failures:
    """The failures that are switched on, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: list[Failure] = []

    def add(self, failure: Failure) -> None:
        with self._lock:
            self._failures.append(failure)

    def clear(self) -> None:
        with self._lock:
            self._failures.clear()

    def keep(self, wanted: Callable[[Failure], bool]) -> None:
        """Switch off all but those that are wanted."""
        with self._lock:
            self._failures = [failure for failure in self._failures if wanted(failure)]

    def take(self, call: Call) -> Failure | None:
        """Return the failure that this call meets, and count it."""
        with self._lock:
            failure = next((failure for failure in self._failures if failure.concerns(call)), None)
            if failure is not None and failure.times is not None:
                failure.times -= 1
                if failure.times <= 0:
                    self._failures.remove(failure)
        return failure


class _Drop:
    def __init__(self, call: Call) -> None:
        self._call = call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._call.drop()
