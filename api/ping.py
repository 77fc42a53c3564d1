"""`GET /ping`: is the deployment there? Answers `pong`.

curl https://…/ping
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lib.runtime.app import LambdaHandler, function


async def ping(request: Request) -> PlainTextResponse:
    """Answer `pong`."""
    return PlainTextResponse("pong")


routes = [Route("/ping", ping)]
app = function(*routes)
handler = LambdaHandler(app)
