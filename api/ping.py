"""`GET /ping`: is the deployment there? Answers `pong`; headers say of what kind and version it is.

curl -i https://…/ping
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lib import settings
from lib.runtime.app import function
from lib.runtime.lambda_handler import LambdaHandler
from lib.wires.openai.wire import WIRE


async def ping(request: Request) -> PlainTextResponse:
    """Answer `pong`."""
    headers = {"x-deployment": settings.kind(), "x-version": settings.VERSION, "cache-control": "no-store"}
    return PlainTextResponse("pong", headers=headers)


routes = [Route("/ping", ping)]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
