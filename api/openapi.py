"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1.

curl https://…/openapi.json
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.serving.app import function
from lib.serving.lambda_handler import LambdaHandler
from lib.wires.openai.wire import WIRE
from lib.wires.openapi import document


async def describe(request: Request) -> Response:
    """Describe the endpoints."""
    return Response(document(), media_type="application/json")


routes = [Route("/openapi.json", describe)]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
