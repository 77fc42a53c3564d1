"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1.

curl https://…/openapi.json
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.index import ENDPOINTS, OF_CLIENTS
from lib.serving.app import Described, function
from lib.serving.lambda_handler import LambdaHandler
from lib.wires.openai.wire import WIRE
from lib.wires.openapi import document
from lib.wires.shared.encoding import json_response


async def describe(request: Request) -> Response:
    """This description."""
    return json_response(description())


@cache
def description() -> dict[str, object]:
    """The description of all endpoints."""
    return document(_endpoints())


def _endpoints() -> Iterator[tuple[Route, Described]]:
    for name in dict.fromkeys([*ENDPOINTS.values(), *(of_wire for _, of_wire in OF_CLIENTS)]):
        module = import_module(name)
        for route in module.routes:
            yield route, module.described.get(route.endpoint, Described())


routes = [Route("/openapi.json", describe)]
described = {describe: Described("https://spec.openapis.org/oas/v3.1.1", needs_key=False)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
