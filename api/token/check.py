"""`POST /token/check`: is a ChatGLM token alive?

curl https://…/token/check -H "Content-Type: application/json" -d '{"token": "eyJ…"}'
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.accounts import keys as credentials
from lib.runtime.app import LambdaHandler, body_of, function


async def check(request: Request) -> JSONResponse:
    """Say whether what a client would use as the API key is alive, and what is known of it.

    Of several accounts, one that lives is enough. With access keys, it is the deployment's accounts that are checked.
    """
    from lib.upstreams.chatglm import account
    from lib.wires.openai.request import parse
    from lib.wires.openai.token_check import TokenCheckRequest, verdict

    wanted = parse(TokenCheckRequest, await body_of(request))
    for token in credentials.tokens_of(wanted.token):
        found = await account.check(token)
        if found.live:
            break
    kind, expires_at = (found.token.kind, found.token.expires_at) if found.token else (None, None)
    return JSONResponse(verdict(live=found.live, kind=kind, expires_at=expires_at, guest=found.guest))


routes = [Route("/token/check", check, methods=["POST"])]
app = function(*routes)
handler = LambdaHandler(app)
