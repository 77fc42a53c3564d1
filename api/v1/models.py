"""`GET /v1/models`, `GET /v1/models/{id}`: the names that clients may ask for.

Who brings a key gets the names of its service, anybody else those of all; each client in the form of its wire.

curl https://…/v1/models
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib import settings
from lib.accounts import keys
from lib.serving.app import Described, function
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.wire import spoken
from lib.upstreams import UPSTREAMS, choose
from lib.wires.anthropic.wire import WIRE as ANTHROPIC
from lib.wires.openai.wire import WIRE as OPENAI
from lib.wires.responses.wire import WIRE as RESPONSES
from lib.wires.shared.encoding import json_response
from lib.wires.shared.model_list import find, listed

WIRES: Final = (RESPONSES, ANTHROPIC, OPENAI)


async def list_models(request: Request) -> Response:
    """All models, and the deployer's own aliases."""
    wire = spoken(WIRES, request)
    upstreams = keys.upstreams(wire.credentials(request), choose, UPSTREAMS)
    return json_response(wire.models(listed(upstreams, settings.current().model_aliases)))


async def retrieve_model(request: Request) -> Response:
    """One model. An agent's id is one too, and so are a name with suffixes and an alias."""
    wire = spoken(WIRES, request)
    upstreams = keys.upstreams(wire.credentials(request), choose, UPSTREAMS)
    return json_response(wire.model(find(request.path_params["id"], upstreams, settings.current().model_aliases)))


routes = [Route("/v1/models", list_models), Route("/v1/models/{id:path}", retrieve_model)]
_DOCUMENTED = Described("https://platform.openai.com/docs/api-reference/models/object", needs_key=False)
described = {list_models: _DOCUMENTED, retrieve_model: _DOCUMENTED}
app = function(*routes, wires=WIRES)
handler = LambdaHandler(app)
