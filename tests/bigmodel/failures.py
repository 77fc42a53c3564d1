"""Failures that a test switches on, for any endpoint: those of the other stand-in, with the platform's envelope."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse

from tests.upstream.call import Call, Reply
from tests.upstream.failures import Failure as AnyFailure

from .errors import ERRORS, body


@dataclass
class Failure(AnyFailure):
    """What an endpoint does instead of its work; see `tests.upstream.failures.Failure`.

    `code` answers the platform's error with the status of its table, or with `status`; `message` stands for the
    table's words. `key`: only for this key.
    """

    key: str | None = None

    def concerns(self, call: Call) -> bool:
        recorded = call.recorded
        return self.endpoint in (recorded.name, recorded.path) and self.key in (None, recorded.account)

    async def reply(self, call: Call, handler: Callable[[Call], Awaitable[Reply]]) -> Reply | None:
        code, self.code = self.code, None
        try:
            reply = await super().reply(call, handler)
        finally:
            self.code = code
        if code is None or self.drop:
            return reply
        call.recorded.code = code
        return JSONResponse(body(code, self.message), self.status or ERRORS[code][0], self.headers)
