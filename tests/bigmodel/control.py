"""What the demo and the benchmarks, in processes of their own, need of the platform, over HTTP.

POST /_stand_in/keys      {"count": 2, ...options of Key}          -> ["<key>", …]
POST /_stand_in/script    {"answer": {...}, "times": 1 | null}     for the form of the answer see `answer.from_json`
GET  /_stand_in/record    -> [{"name", "path", "status", "account", "client_gone", "at", "first_sent"}]
DELETE /_stand_in/record
"""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import answer
from .keys import Key

if TYPE_CHECKING:
    from .app import Service

_TOLD = ("name", "path", "status", "account", "client_gone", "at", "first_sent")


class Control:
    """The endpoints under /_stand_in. They are not recorded."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self.routes = [
            Route("/_stand_in/keys", self._keys, methods=["POST"]),
            Route("/_stand_in/script", self._script, methods=["POST"]),
            Route("/_stand_in/record", self._record, methods=["GET", "DELETE"]),
        ]

    async def _keys(self, request: Request) -> Response:
        options = await request.json()
        count = options.pop("count", 1)
        return JSONResponse([self._service.keys.add(Key(**options)).text for _ in range(count)])

    async def _script(self, request: Request) -> Response:
        script = await request.json()
        self._service.chat.script(answer.from_json(script["answer"]), None, script.get("times", 1))
        return JSONResponse({})

    async def _record(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._service.record.clear()
        return JSONResponse([{name: getattr(one, name) for name in _TOLD} for one in self._service.record.all()])
