"""What the demo, the benchmarks and the soak, in processes of their own, need of the stand-in, over HTTP.

POST   /_stand_in/accounts       {"count": 2, ...options of Account}  -> [{"uid", "refresh_token", "access_token"}]
PATCH  /_stand_in/accounts/UID   {...options that can be changed, "kill": true?, "revoke": true?}
POST   /_stand_in/script         {"answer": {...}, "times": 1 | null, "account": UID?}     as in `described`
POST   /_stand_in/play           {"rules": [{"answer", "has": [...], "lacks": [...], "times"}]}; DELETE: nobody plays
POST   /_stand_in/failures       {"endpoint", "refusal"?, ...options of Failure, "account": UID?}; DELETE: none
POST   /_stand_in/risk_control   {"look"?, "seconds"?, "after"?}; DELETE: lifted
GET    /_stand_in/risk_control   -> {"on", "asked"}
POST   /_stand_in/manners        {...Manners}
POST   /_stand_in/videos         {"video": {...options of Video}, "account": UID?}
POST   /_stand_in/site           {"path", "body": text, ...options of Page}  -> {"url"}
GET    /_stand_in/counts         -> as in `counts`
GET    /_stand_in/record?since=N&name=chat&prompts=1
                                 -> [{"number", "name", "path", "status", "code", "account", "client_gone", "done",
                                      "events", "ignored", "at", "first_sent", "prompt"?}]
DELETE /_stand_in/record
POST   /_stand_in/reset

What cannot be read gets 400 with the reason.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .accounts import Account
from .counts import count
from .described import build, build_answer
from .failures import failure
from .play import Rule, by_rules
from .question import prompt_of
from .record import Recorded
from .site import Page
from .videos import Video

if TYPE_CHECKING:
    from .app import Service

type Ask = Callable[[Request], Awaitable[Any]]


class Control:
    """The endpoints under /_stand_in. They are not recorded."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        asks: list[tuple[str, str, Ask]] = [
            ("POST", "accounts", self._accounts),
            ("PATCH", "accounts/{uid}", self._account),
            ("POST", "script", self._script),
            ("POST", "play", self._play),
            ("DELETE", "play", self._no_play),
            ("POST", "failures", self._fail),
            ("DELETE", "failures", self._heal),
            ("POST", "risk_control", self._begin_risk_control),
            ("DELETE", "risk_control", self._lift_risk_control),
            ("GET", "risk_control", self._risk_control),
            ("POST", "manners", self._manners),
            ("POST", "videos", self._video),
            ("POST", "site", self._site),
            ("GET", "counts", self._counts),
            ("GET", "record", self._record),
            ("DELETE", "record", self._forget),
            ("POST", "reset", self._reset),
        ]
        self.routes = [Route(f"/_stand_in/{path}", _answered(ask), methods=[method]) for method, path, ask in asks]

    async def _accounts(self, request: Request) -> Any:
        options = await request.json()
        number = options.pop("count", 1)
        accounts = [self._service.accounts.add(**options) for _ in range(number)]
        return [
            {"uid": one.uid, "refresh_token": one.refresh_token, "access_token": one.access_token()} for one in accounts
        ]

    async def _account(self, request: Request) -> Any:
        changes = await request.json()
        account = self._service.accounts.get(request.path_params["uid"])
        if changes.pop("kill", False):
            account.kill()
        if changes.pop("revoke", False):
            account.revoke_access()
        account.change(**changes)
        return {}

    async def _script(self, request: Request) -> Any:
        script = await request.json()
        answer = build_answer(script["answer"])
        self._service.conversations.script(answer, self._named(script), script.get("times", 1))
        return {}

    async def _play(self, request: Request) -> Any:
        rules = [Rule(**{**rule, "answer": build_answer(rule["answer"])}) for rule in (await request.json())["rules"]]
        self._service.chat.play(by_rules(rules))
        return {}

    async def _no_play(self, request: Request) -> Any:
        self._service.chat.play(None)
        return {}

    async def _fail(self, request: Request) -> Any:
        options = await request.json()
        account = self._named(options)
        self._service.failures.add(failure(**{**options, "account": account}))
        return {}

    async def _heal(self, request: Request) -> Any:
        self._service.failures.clear()
        return {}

    async def _begin_risk_control(self, request: Request) -> Any:
        self._service.risk_control.begin(**await request.json())
        return await self._risk_control(request)

    async def _lift_risk_control(self, request: Request) -> Any:
        self._service.risk_control.lift()
        return await self._risk_control(request)

    async def _risk_control(self, request: Request) -> Any:
        return {"on": self._service.risk_control.is_on, "asked": self._service.risk_control.asked}

    async def _manners(self, request: Request) -> Any:
        self._service.manners.change(**await request.json())
        return {}

    async def _video(self, request: Request) -> Any:
        order = await request.json()
        self._service.videos.script(Video(**build(order["video"])), self._named(order))
        return {}

    async def _site(self, request: Request) -> Any:
        page = {"content_type": "application/octet-stream", "body": "", **await request.json()}
        path = page.pop("path")
        self._service.site.put(path, Page(**{**page, "body": page["body"].encode()}))
        return {"url": f"{self._service.chat.site}{path}"}

    async def _counts(self, request: Request) -> Any:
        return count(self._service)

    async def _record(self, request: Request) -> Any:
        query = request.query_params
        since, name, prompts = int(query.get("since", "0")), query.get("name"), "prompts" in query
        return [
            _as_json(one, prompts=prompts)
            for one in self._service.record.all()
            if one.number >= since and name in (None, one.name)
        ]

    async def _forget(self, request: Request) -> Any:
        self._service.record.clear()
        return []

    async def _reset(self, request: Request) -> Any:
        self._service.clear()
        return {}

    def _named(self, order: dict[str, Any]) -> Account | None:
        uid = order.pop("account", None)
        return self._service.accounts.get(uid) if uid else None


def _answered(ask: Ask) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await ask(request))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return endpoint


def _as_json(one: Recorded, *, prompts: bool) -> dict[str, Any]:
    shown = {
        "number": one.number,
        "name": one.name,
        "path": one.path,
        "status": one.status,
        "code": one.code,
        "account": one.account,
        "client_gone": one.client_gone,
        "done": one.done,
        "events": one.events,
        "ignored": one.ignored,
        "at": one.at,
        "first_sent": one.first_sent,
    }
    if prompts and one.name == "chat" and one.status == 200 and not one.code:
        shown["prompt"] = prompt_of(one.json)
    return shown
