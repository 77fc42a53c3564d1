"""The service as an ASGI app: which path is what, and what is checked before it is answered."""

import contextlib
from dataclasses import dataclass
from typing import Literal

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from .accounts import Account, Accounts, Kind
from .call import Call, Handler, Reply
from .chat import Chat
from .control import Control
from .conversations import Conversations
from .envelope import MISSING_HEADER, Refusal, success
from .failures import Failures
from .files import Uploads
from .record import Record
from .signature import Gatekeeper
from .site import Site
from .videos import Videos

type Body = Literal["json", "form", "none"]


class Service:
    """Everything that the service knows, and its app. `delay`: seconds between the events of an unscripted answer."""

    def __init__(self, delay: float = 0.0) -> None:
        self.record = Record()
        self.accounts = Accounts()
        self.gatekeeper = Gatekeeper()
        self.failures = Failures()
        self.conversations = Conversations()
        self.uploads = Uploads()
        self.chat = Chat(self.conversations, self.uploads, delay)
        self.videos = Videos(self.conversations)
        self.site = Site()
        self._visit = Public(self, "site", self.site.visit)
        self._router = Router(
            [
                self._route("POST", "/chatglm/user-api/user/refresh", "refresh", self._refresh, token="refresh"),
                self._route("POST", "/chatglm/backend-api/assistant/stream", "chat", self.chat.stream),
                self._route("POST", "/chatglm/mainchat-api/stream/stop_stream", "stop", self.chat.stop),
                self._route("POST", "/chatglm/mainchat-api/stream/continue_stream", "continue", self.chat.resume),
                self._route("POST", "/chatglm/mainchat-api/conversation/bulk_delete", "delete", self.chat.delete),
                self._route("GET", "/chatglm/agent-api/operation/detail", "models", self.chat.models, body="none"),
                self._route(
                    "POST", "/chatglm/productivity-api/file/chat_upload", "upload", self.uploads.upload, body="form"
                ),
                self._route("POST", "/chatglm/video-api/v1/chat", "video", self.videos.create),
                self._route(
                    "GET",
                    "/chatglm/video-api/v1/chat/status/{chat_id}",
                    "video_status",
                    self.videos.status,
                    body="none",
                ),
                self._route(
                    "DELETE", "/chatglm/video-api/v1/chat/{chat_id}", "video_delete", self.videos.delete, body="none"
                ),
                self._route(
                    "POST", "/chatglm/video-api/v1/static/upload", "video_upload", self.videos.upload, body="form"
                ),
                self._route("POST", "/chatglm/video-api/v1/static/composite_video", "compose", self.videos.compose),
                Route("/testpath/{name}", Public(self, "picture", self.chat.picture), methods=["GET"]),
                Route("/files/{file_id}/{name}", Public(self, "file", self.uploads.download), methods=["GET"]),
                Route("/video/{name}", Public(self, "video_file", self.videos.download), methods=["GET"]),
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
        """Tell the service its own address, which its answers contain."""
        self.chat.site = self.uploads.site = self.videos.site = url

    def clear(self) -> None:
        """Forget everything but the address."""
        self.conversations.clear()
        self.failures.clear()
        self.uploads.clear()
        self.videos.clear()
        self.site.clear()
        self.gatekeeper.clear()
        self.accounts.clear()
        self.record.clear()

    def _route(
        self, method: str, path: str, name: str, handler: Handler, *, token: Kind = "access", body: Body = "json"
    ) -> Route:
        return Route(path, Endpoint(self, name, handler, token, body), methods=[method])

    @staticmethod
    async def _refresh(call: Call) -> Reply:
        return success(call.account.refresh(), call.rid)


@dataclass(frozen=True)
class Endpoint:
    """A signed call of the web page: checked, made to fail where a test wants it, answered."""

    service: Service
    name: str
    handler: Handler
    token: Kind
    body: Body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            call = await Call.read(scope, receive, self.name, self.service.record)
            # What the last test's client still had to say is refused, but is not the next test's business.
            if not self.service.accounts.has_forgotten(call.recorded.headers.get("Authorization")):
                self.service.record.add(call.recorded)
            try:
                await self._check(call)
                failure = self.service.failures.take(call)
                reply = await failure.reply(call) if failure else None
                reply = reply or await self.handler(call)
            except Refusal as refusal:
                call.recorded.code = refusal.code
                reply = refusal.response(call.rid)
            await reply(scope, receive, call.noting(send))

    async def _check(self, call: Call) -> None:
        headers = call.recorded.headers
        self.service.gatekeeper.check(headers)
        call.account = self.service.accounts.identify(headers.get("Authorization"), self.token)
        _check_device(call.account, headers["X-Device-Id"])
        if self.body == "json":
            call.read_json()
        elif self.body == "form":
            await call.read_form()


@dataclass(frozen=True)
class Public:
    """A call that needs no headers."""

    service: Service
    name: str
    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            call = await Call.read(scope, receive, self.name, self.service.record)
            self.service.record.add(call.recorded)
            failure = self.service.failures.take(call)
            reply = await failure.reply(call) if failure else None
            reply = reply or await self.handler(call)
            await reply(scope, receive, call.noting(send))


async def _not_found(call: Call) -> Reply:
    return HTMLResponse("<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>", 404)


def _check_device(account: Account, device_id: str) -> None:
    """An account may name any device, the token's or another, but always the same one."""
    if account.seen_device_id is None:
        account.seen_device_id = device_id
    if account.seen_device_id != device_id:
        raise Refusal(MISSING_HEADER, "X-Device-Id is not the one that this account named before")
