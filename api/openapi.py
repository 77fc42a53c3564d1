"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1.

curl https://…/openapi.json
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.runtime.app import LambdaHandler, function


async def describe(request: Request) -> Response:
    """Describe the endpoints."""
    from lib.wires.openai.description import document  # Here, since it takes all requests' models and their schemas.

    return Response(document(), media_type="application/json")


routes = [Route("/openapi.json", describe)]
app = function(*routes)
handler = LambdaHandler(app)
