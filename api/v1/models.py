"""`GET /v1/models`, `GET /v1/models/{id}`: the names that clients may ask for.

curl https://…/v1/models
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.errors import NotFound
from lib.runtime.app import function
from lib.runtime.lambda_handler import LambdaHandler
from lib.upstreams import UPSTREAMS
from lib.wires.openai.models import list_object, model_object
from lib.wires.openai.wire import WIRE


async def list_models(request: Request) -> JSONResponse:
    """All models."""
    return JSONResponse(list_object((name, one.name) for one in UPSTREAMS for name in one.models()))


async def retrieve_model(request: Request) -> JSONResponse:
    """One model. An agent's id is one too, and so is a name with suffixes."""
    name = request.path_params["id"]
    owner = next((one.name for one in UPSTREAMS if one.knows(name)), None)
    if owner is None:
        raise NotFound("There is no model of that name.", param="model", code="model_not_found")
    return JSONResponse(model_object(name, owner))


routes = [Route("/v1/models", list_models), Route("/v1/models/{id:path}", retrieve_model)]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
