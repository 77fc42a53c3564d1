"""`GET /ping`: is the deployment there? Answers `pong`.

curl https://…/ping
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lib.runtime.app import function
from lib.runtime.lambda_handler import LambdaHandler
from lib.wires.openai.wire import WIRE


async def ping(request: Request) -> PlainTextResponse:
    """Answer `pong`."""
    return PlainTextResponse("pong")


routes = [Route("/ping", ping)]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
