"""The platform as an ASGI app: which path is what, and what is checked before it is answered."""

import contextlib
from dataclasses import dataclass
from typing import Literal

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from tests.upstream.call import Call, Handler, Reply
from tests.upstream.envelope import Refusal as FormRefusal
from tests.upstream.failures import Failures
from tests.upstream.record import Record
from tests.upstream.site import Site

from . import embeddings, models
from .chat import Chat
from .control import Control
from .errors import Refusal, bad
from .files import Parser
from .keys import Keys
from .pictures import Pictures
from .videos import Videos

type Body = Literal["json", "form", "none"]

BASE = "/api/paas/v4"
PLAN_BASE = "/api/coding/paas/v4"


class Service:
    """Everything that the platform knows, and its app. `delay`: seconds between the deltas of an unscripted answer."""

    def __init__(self, delay: float = 0.0) -> None:
        self.record = Record()
        self.keys = Keys()
        self.failures = Failures()
        self.chat = Chat(delay)
        self.pictures = Pictures()
        self.videos = Videos()
        self.parser = Parser()
        self.site = Site()
        self._visit = Public(self, "site", self.site.visit)
        self._router = Router(
            [
                self._route("POST", "/chat/completions", "chat", self.chat.complete),
                self._route("POST", "/tokenizer", "tokenizer", self.chat.tokenize, costs=False),
                self._route("GET", "/models", "models", _models, body="none", costs=False),
                self._of_plans("POST", "/chat/completions", "plan_chat", self.chat.complete),
                self._of_plans("GET", "/models", "plan_models", _models, body="none"),
                Route(
                    "/api/monitor/usage/quota/limit",
                    Endpoint(self, "quota", self._quota, "none", costs=False),
                    methods=["GET"],
                ),
                self._route("POST", "/images/generations", "image", self.pictures.draw),
                self._route("POST", "/videos/generations", "video", self.videos.create),
                self._route("GET", "/async-result/{id}", "video_status", self.videos.result, body="none", costs=False),
                self._route("POST", "/embeddings", "embeddings", embeddings.embed),
                self._route("POST", "/files/parser/sync", "parser", self.parser.parse, body="form"),
                Route("/pictures/{name}", Public(self, "picture", self.pictures.picture), methods=["GET"]),
                Route("/videos/{name}", Public(self, "video_file", self.videos.download), methods=["GET"]),
                *Control(self).routes,
            ],
            default=Public(self, "", _not_found),
            redirect_slashes=False,
        )

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answer = self._visit if self.site.has(scope["path"]) else self._router
        await answer(scope, receive, send)

    def settle(self, url: str) -> None:
        """Tell the platform its own address, which its answers contain."""
        self.pictures.site = self.videos.site = url

    def clear(self) -> None:
        """Forget everything but the address."""
        self.chat.clear()
        self.pictures.clear()
        self.videos.clear()
        self.parser.clear()
        self.failures.clear()
        self.site.clear()
        self.keys.clear()
        self.record.clear()

    async def _quota(self, call: Call) -> Reply:
        if self.keys.identify(call.recorded.headers.get("authorization")).plan:
            return JSONResponse({"code": 200, "data": {"level": "pro", "limits": []}, "success": True})
        return JSONResponse({"code": 500, "msg": "当前用户不存在coding plan", "success": False})

    def _route(
        self, method: str, path: str, name: str, handler: Handler, *, body: Body = "json", costs: bool = True
    ) -> Route:
        return Route(BASE + path, Endpoint(self, name, handler, body, costs), methods=[method])

    def _of_plans(self, method: str, path: str, name: str, handler: Handler, *, body: Body = "json") -> Route:
        return Route(PLAN_BASE + path, Endpoint(self, name, handler, body, costs=False), methods=[method])


@dataclass(frozen=True)
class Endpoint:
    """A call with a key: checked, made to fail where a test wants it, answered. `costs`: it is paid for."""

    service: Service
    name: str
    handler: Handler
    body: Body
    costs: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect), contextlib.ExitStack() as work:
            call = await Call.read(scope, receive, self.name, self.service.record)
            self.service.record.add(call.recorded)
            try:
                reply = await self._reply(call, work)
            except Refusal as refusal:
                call.recorded.code = refusal.code
                reply = refusal.response()
            await reply(scope, receive, call.noting(send))

    async def _reply(self, call: Call, work: contextlib.ExitStack) -> Reply:
        key = self.service.keys.identify(call.recorded.headers.get("Authorization"))
        call.recorded.account = key.text
        try:
            if self.body == "json":
                call.read_json()
            elif self.body == "form":
                await call.read_form()
        except FormRefusal as error:
            raise bad(error.message) from error
        if self.costs:
            work.enter_context(self.service.keys.at_work(key))
        failure = self.service.failures.take(call)
        reply = await failure.reply(call, self.handler) if failure else None
        return reply or await self.handler(call)


@dataclass(frozen=True)
class Public:
    """A call that needs no key."""

    service: Service
    name: str
    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            call = await Call.read(scope, receive, self.name, self.service.record)
            self.service.record.add(call.recorded)
            failure = self.service.failures.take(call)
            reply = await failure.reply(call, self.handler) if failure else None
            reply = reply or await self.handler(call)
            await reply(scope, receive, call.noting(send))


async def _models(call: Call) -> Reply:
    listed = [{"id": name, "object": "model", "created": 1758000000, "owned_by": "z-ai"} for name in models.LISTED]
    return JSONResponse({"object": "list", "data": listed})


async def _not_found(call: Call) -> Reply:
    path = call.recorded.path
    return JSONResponse({"timestamp": "2026-11-25", "status": 404, "error": "Not Found", "path": path}, 404)
