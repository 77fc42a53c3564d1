"""The service as an ASGI app: which path is what, and what is checked before it is answered."""

import contextlib
from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from .accounts import Account, Accounts, Kind
from .call import Call, Handler, Reply
from .chat import Chat
from .control import Control
from .conversations import Conversations
from .envelope import BANNED, BANNED_MESSAGE, MISSING_HEADER, NOT_FOUND_PAGE, Refusal, reshape, success
from .failures import Failures
from .files import Uploads
from .firewall import Firewall
from .manners import Manners
from .record import Record
from .risk_control import RiskControl
from .signature import Gatekeeper
from .site import Site
from .videos import Videos

type Body = Literal["json", "form", "none"]


class Service:
    """Everything that the service knows, and its app. `delay`: seconds between the events of an unscripted answer."""

    def __init__(self, delay: float = 0.0, keep: int | None = None, manners: Manners | None = None) -> None:
        self._usual = manners or Manners()
        self.manners = replace(self._usual)
        self.record = Record(keep)
        self.accounts = Accounts()
        self.gatekeeper = Gatekeeper(self.manners)
        self.risk_control = RiskControl()
        self.firewall = Firewall()
        self.failures = Failures()
        self.conversations = Conversations()
        self.uploads = Uploads(self.manners)
        self.chat = Chat(self.conversations, self.uploads, self.manners, delay)
        self.videos = Videos(self.conversations)
        self.site = Site()
        self._visit = Public(self, "site", self.site.visit)
        self._router = Router(
            [*self._signed(), *self._public(), *Control(self).routes],
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
        self.risk_control.clear()
        self.firewall.clear()
        self.chat.play(None)
        self.manners.change(**vars(self._usual))
        self.record.clear()

    def _signed(self) -> list[Route]:
        chat, uploads, videos = self.chat, self.uploads, self.videos
        backend, mainchat, video = "/chatglm/backend-api", "/chatglm/mainchat-api", "/chatglm/video-api/v1"
        endpoints = [
            ("POST", "/chatglm/user-api/user/refresh", Endpoint(self, "refresh", self._refresh, token="refresh")),
            ("GET", "/chatglm/user-api/user/info", Endpoint(self, "user_info", self._user_info, body="none")),
            ("POST", "/chatglm/member-api/member/daily_login_score", Endpoint(self, "claim", self._claim)),
            ("POST", f"{backend}/assistant/stream", Endpoint(self, "chat", chat.stream)),
            ("POST", f"{mainchat}/stream/stop_stream", Endpoint(self, "stop", chat.stop)),
            ("POST", f"{mainchat}/stream/continue_stream", Endpoint(self, "continue", chat.resume)),
            ("POST", f"{mainchat}/conversation/bulk_delete", Endpoint(self, "delete", chat.delete)),
            ("POST", f"{mainchat}/conversation/delete", Endpoint(self, "delete_single", chat.delete_single)),
            ("POST", f"{mainchat}/conversation/recent_list", Endpoint(self, "conversations", chat.recent)),
            ("POST", f"{backend}/assistant/conversation/delete", Endpoint(self, "delete_old", chat.delete_old)),
            ("GET", "/chatglm/agent-api/operation/detail", Endpoint(self, "models", chat.models, body="none")),
            (
                "POST",
                "/chatglm/productivity-api/file/chat_upload",
                Endpoint(self, "upload", uploads.upload, body="form"),
            ),
            ("POST", f"{backend}/assistant/file_upload", Endpoint(self, "upload_old", uploads.upload_old, body="form")),
            ("POST", f"{video}/chat", Endpoint(self, "video", videos.create)),
            ("GET", f"{video}/trial/info", Endpoint(self, "videos_left", self._videos_left, body="none")),
            ("GET", f"{video}/chat/status/{{chat_id}}", Endpoint(self, "video_status", videos.status, body="none")),
            ("GET", f"{video}/chat/{{chat_id}}", Endpoint(self, "video_details", videos.details, body="none")),
            ("DELETE", f"{video}/chat/{{chat_id}}", Endpoint(self, "video_delete", videos.delete, body="none")),
            ("POST", f"{video}/static/upload", Endpoint(self, "video_upload", videos.upload, body="form")),
            ("POST", f"{video}/static/composite_video", Endpoint(self, "compose", videos.compose)),
        ]
        return [Route(path, endpoint, methods=[method]) for method, path, endpoint in endpoints]

    def _public(self) -> list[Route]:
        clock = "/chatglm/operation-api/config/cur_ts"
        endpoints = {
            clock: Public(self, "clock", self._clock),
            "/testpath/{name}": Public(self, "picture", self.chat.picture),
            "/files/{file_id}/{name}": Public(self, "file", self.uploads.download),
            "/video/{name}": Public(self, "video_file", self.videos.download),
        }
        return [Route(path, endpoint, methods=["GET"]) for path, endpoint in endpoints.items()]

    async def _clock(self, call: Call) -> Reply:
        """config/cur_ts: who has a wrong clock cannot sign, so that this takes any call [guess]."""
        return success({"cur_ts": int(self.gatekeeper.clock() * 1000)}, call.rid)

    @staticmethod
    async def _user_info(call: Call) -> Reply:
        return success(call.account.info(), call.rid)

    @staticmethod
    async def _videos_left(call: Call) -> Reply:
        return success({"video_times": 5, "video_total": 5}, call.rid)

    @staticmethod
    async def _claim(call: Call) -> Reply:
        call.account.claim()
        return success({}, call.rid)

    @staticmethod
    async def _refresh(call: Call) -> Reply:
        return success(call.account.refresh(), call.rid)


@dataclass(frozen=True)
class Endpoint:
    """A signed call of the web page: checked, made to fail where a test wants it, answered."""

    service: Service
    name: str
    handler: Handler
    token: Kind = "access"
    body: Body = "json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            call = await Call.read(scope, receive, self.name, self.service.record)
            # What the last test's client still had to say is refused, but is not the next test's business.
            if not self.service.accounts.has_forgotten(call.recorded.headers.get("Authorization")):
                self.service.record.add(call.recorded)
            sending = self.service.firewall.setting(call, send)
            try:
                self.service.firewall.check(call)
                reply = self.service.risk_control.refuse(call) or await self._answer(call)
            except Refusal as refusal:
                call.recorded.code = refusal.code
                reply = refusal.response(call.rid)
            await reply(scope, receive, call.noting(sending))

    async def _answer(self, call: Call) -> Reply:
        await self._check(call)
        failure = self.service.failures.take(call)
        reply = await failure.reply(call, self.handler) if failure else None
        if reply is not None:
            return reply
        reply = await self.handler(call)
        return reshape(reply, self.service.manners.envelopes) if isinstance(reply, JSONResponse) else reply

    async def _check(self, call: Call) -> None:
        headers = call.recorded.headers
        self.service.gatekeeper.check(headers)
        call.account = self.service.accounts.identify(headers.get("Authorization"), self.token)
        _check_device(call.account, headers["X-Device-Id"])
        if call.account.blocked and self.name not in ("refresh", "user_info"):
            raise Refusal(BANNED, BANNED_MESSAGE, 403)
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
            reply = await failure.reply(call, self.handler) if failure else None
            reply = reply or await self.handler(call)
            await reply(scope, receive, call.noting(send))


async def _not_found(call: Call) -> Reply:
    return HTMLResponse(NOT_FOUND_PAGE, 404)


def _check_device(account: Account, device_id: str) -> None:
    """An account may name any device, the token's or another, but always the same one."""
    if account.seen_device_id is None:
        account.seen_device_id = device_id
    if account.seen_device_id != device_id:
        raise Refusal(MISSING_HEADER, "X-Device-Id is not the one that this account named before")
