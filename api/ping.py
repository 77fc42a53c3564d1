"""`GET /ping`: is the deployment there? Answers `pong`; headers say of what kind and version it is,
and which setting cannot be used.

curl -i https://…/ping

`GET /ping?deep=1`, with an access key, for monitors: which of its own accounts live. A 503 where none does.

curl https://…/ping?deep=1 -H "Authorization: Bearer $ACCESS_KEY"
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lib import settings
from lib.serving.app import Described, function
from lib.serving.lambda_handler import LambdaHandler
from lib.wires.openai.wire import WIRE

_OFF = ("", "0", "false")


async def ping(request: Request) -> Response:
    """Answer `pong`, or how the accounts stand."""
    headers = {"x-deployment": settings.kind(), "x-version": settings.VERSION, "cache-control": "no-store"}
    if told := settings.complaint():
        headers["x-settings"] = told
    if request.query_params.get("deep", "") not in _OFF:
        return await _deep(request, headers)
    return PlainTextResponse("pong", headers=headers)


async def _deep(request: Request, headers: dict[str, str]) -> Response:
    # Late, since a plain ping pays for none of this.
    from lib.accounts import daily, health, keys
    from lib.upstreams import choose
    from lib.wires.openai.token_check import accounts

    if any(map(settings.is_reference, settings.configured().tokens)):
        from lib.store import token_source

        await token_source.load()
    states = await health.check_all(keys.of_owner(WIRE.credentials(request)), choose, fresh=False)
    alive = any(state.live for state in states)
    body = {**accounts(states), "access_keys": await daily.all_used()}
    return JSONResponse(body, 200 if alive else 503, headers=headers)


routes = [Route("/ping", ping)]
_DEEP = {"name": "deep", "in": "query", "description": "1: ask for the accounts.", "schema": {"enum": ["1"]}}
described = {ping: Described(other_media_types=["text/plain"], parameters=[_DEEP], needs_key=False)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
