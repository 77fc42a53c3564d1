"""`GET /v1/models`, `GET /v1/models/{id}`: the names that clients may ask for.

curl https://…/v1/models
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.errors import NotFound
from lib.runtime.app import LambdaHandler, function


async def list_models(request: Request) -> JSONResponse:
    """All models."""
    from lib.upstreams.chatglm import models
    from lib.wires.openai.models import listing

    return JSONResponse(listing(models.names()))


async def retrieve_model(request: Request) -> JSONResponse:
    """One model. An agent's id is one too."""
    from lib.upstreams.chatglm import models
    from lib.wires.openai.models import model

    name = request.path_params["id"]
    if name not in models.names() and not models.is_id(name):
        raise NotFound("There is no model of that name.", param="model", code="model_not_found")
    return JSONResponse(model(name))


routes = [Route("/v1/models", list_models), Route("/v1/models/{id}", retrieve_model)]
app = function(*routes)
handler = LambdaHandler(app)
