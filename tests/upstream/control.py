"""What the demo and the benchmarks, in processes of their own, need of the stand-in, over HTTP.

POST /_stand_in/accounts  {"count": 2, ...options of Account}      -> [{"uid", "refresh_token", "access_token"}]
POST /_stand_in/script    {"answer": {...}, "times": 1 | null}     for the form of the answer see `answer.from_json`
GET  /_stand_in/record    -> [{"name", "path", "status", "account", "client_gone", "at", "first_sent"}]
DELETE /_stand_in/record
"""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import answer

if TYPE_CHECKING:
    from .app import Service


class Control:
    """The endpoints under /_stand_in. They are not recorded."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self.routes = [
            Route("/_stand_in/accounts", self._accounts, methods=["POST"]),
            Route("/_stand_in/script", self._script, methods=["POST"]),
            Route("/_stand_in/record", self._record, methods=["GET", "DELETE"]),
        ]

    async def _accounts(self, request: Request) -> Response:
        options = await request.json()
        count = options.pop("count", 1)
        accounts = [self._service.accounts.add(**options) for _ in range(count)]
        return JSONResponse(
            [
                {"uid": one.uid, "refresh_token": one.refresh_token, "access_token": one.access_token()}
                for one in accounts
            ]
        )

    async def _script(self, request: Request) -> Response:
        script = await request.json()
        self._service.conversations.script(answer.from_json(script["answer"]), None, script.get("times", 1))
        return JSONResponse({})

    async def _record(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._service.record.clear()
        return JSONResponse(
            [
                {
                    "name": one.name,
                    "path": one.path,
                    "status": one.status,
                    "account": one.account,
                    "client_gone": one.client_gone,
                    "at": one.at,
                    "first_sent": one.first_sent,
                }
                for one in self._service.record.all()
            ]
        )
