"""`POST /token/check`: is a key alive?

curl https://…/token/check -H "Content-Type: application/json" -d '{"token": "eyJ…"}'
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib import settings
from lib.accounts import health, keys
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.types.upstream import KeyState
from lib.upstreams import choose
from lib.wires.openai.token_check import TokenCheckRequest, accounts, verdict
from lib.wires.openai.wire import WIRE
from lib.wires.shared.request import parse


async def check(request: Request) -> JSONResponse:
    """Say whether what a client would use as the API key is alive, and what is known of it.

    Of several keys each is told of, by its place and last letters; one that lives is enough. An access key's owner is
    told of each of the deployment's accounts.
    """
    body = await parse(TokenCheckRequest, await body_of(request))
    presented = keys.of_presented(body.token)
    if settings.current().access_keys:
        return JSONResponse(accounts(await health.check_all(presented, choose, fresh=True, claim=body.claim)))
    if len(presented) > 1:
        states = await health.check_all(presented, choose, fresh=True, claim=body.claim)
        best = next((state.found for state in states if state.found and state.found.live), KeyState(live=False))
        return JSONResponse({**verdict(best), **accounts(states)})
    key = presented[0].text
    upstream = choose(key)
    if upstream is None:
        return JSONResponse(verdict(KeyState(live=False, reason=keys.explained(key), code=keys.NOT_A_KEY)))
    return JSONResponse(verdict(await health.check(upstream, key, claim=body.claim)))


routes = [Route("/token/check", check, methods=["POST"])]
described = {check: Described(request=TokenCheckRequest, needs_key=False)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
