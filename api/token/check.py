"""`POST /token/check`: is a key alive?

curl https://…/token/check -H "Content-Type: application/json" -d '{"token": "eyJ…"}'
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib import settings
from lib.accounts import health, keys
from lib.errors import Error
from lib.serving.app import function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.types.upstream import KeyState
from lib.upstreams import choose
from lib.wires.openai.token_check import TokenCheckRequest, accounts, verdict
from lib.wires.openai.wire import WIRE
from lib.wires.shared.request import parse


async def check(request: Request) -> JSONResponse:
    """Say whether what a client would use as the API key is alive, and what is known of it.

    Of several accounts, one that lives is enough. An access key's owner is told of each of the deployment's accounts.
    """
    body = await parse(TokenCheckRequest, await body_of(request))
    presented = keys.of_presented(body.token)
    if settings.current().access_keys:
        return JSONResponse(accounts(await health.check_all(presented, choose, fresh=True)))
    found, failure = KeyState(live=False), None
    for key in presented:
        upstream = choose(key.text)
        try:
            found = KeyState(live=False) if upstream is None else await upstream.check(key.text)
        except Error as error:
            failure = failure or error
        if found.live:
            return JSONResponse(verdict(found))
    if failure is not None:  # Of one, at least, nobody knows.
        raise failure
    return JSONResponse(verdict(found))


routes = [Route("/token/check", check, methods=["POST"])]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
