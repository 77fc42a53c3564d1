"""`GET /v1/models`, `GET /v1/models/{id}`: the names that clients may ask for.

Who brings a key gets the names of its service, anybody else those of all. Who sends `anthropic-version` gets them in
Anthropic's form, in which Claude Code looks for names with "claude" in them. Codex, which tells its `client_version`,
gets what it wants to know of them beside the list.

curl https://…/v1/models
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib import settings
from lib.accounts import keys
from lib.errors import NoAccountAvailable, NotFound, Unauthorized
from lib.serving.app import function
from lib.serving.lambda_handler import LambdaHandler
from lib.types import aliases
from lib.types.upstream import Upstream
from lib.upstreams import UPSTREAMS, choose
from lib.wires.anthropic import models as anthropic
from lib.wires.openai import models as openai
from lib.wires.openai.wire import WIRE
from lib.wires.responses import models as codex


async def list_models(request: Request) -> JSONResponse:
    """All models, and the deployer's own aliases; in Anthropic's form, all aliases."""
    own = settings.current().model_aliases
    upstreams = _upstreams(request)
    owners: dict[str, str] = {}
    for upstream in upstreams:
        for name in upstream.models():
            owners.setdefault(name, upstream.name)  # A name that both have is listed once.
    if _is_anthropic(request):
        listed = [*_aliases((*own, *aliases.DEFAULTS), upstreams), *owners]
        return JSONResponse(anthropic.list_object([_anthropic(name) for name in dict.fromkeys(listed)]))
    for name in _aliases(own, upstreams):
        owners.setdefault(name, _owner(name, upstreams) or "")
    found = openai.list_object(owners.items())
    if "client_version" in request.query_params:
        found["models"] = codex.list_of(owners)
    return JSONResponse(found)


async def retrieve_model(request: Request) -> JSONResponse:
    """One model. An agent's id is one too, and so are a name with suffixes and an alias."""
    name = request.path_params["id"]
    owner = _owner(name, _upstreams(request))
    if owner is None:
        raise NotFound("There is no model of that name.", param="model", code="model_not_found")
    return JSONResponse(_anthropic(name) if _is_anthropic(request) else openai.model_object(name, owner))


def _upstreams(request: Request) -> Sequence[Upstream]:
    """The services of the keys that the request may use, or all. The names are no secret: a wrong key is no fault."""
    try:
        return list(dict.fromkeys(one.upstream for one in keys.from_request(WIRE.credentials(request), choose)))
    except (Unauthorized, NoAccountAvailable):
        return UPSTREAMS


def _is_anthropic(request: Request) -> bool:
    return "anthropic-version" in request.headers


def _anthropic(name: str) -> dict[str, Any]:
    meaning = aliases.resolve(name, settings.current().model_aliases)
    return anthropic.model_object(name, "" if meaning == name else meaning)


def _aliases(known: aliases.Aliases, upstreams: Sequence[Upstream]) -> list[str]:
    return [name for name in aliases.names(known) if _owner(name, upstreams) is not None]


def _owner(name: str, upstreams: Sequence[Upstream]) -> str | None:
    meaning = aliases.resolve(name, settings.current().model_aliases)
    return next((one.name for one in upstreams if one.knows(meaning)), None)


routes = [Route("/v1/models", list_models), Route("/v1/models/{id:path}", retrieve_model)]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
