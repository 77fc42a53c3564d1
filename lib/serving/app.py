"""Makes an endpoint's routes into an app: Starlette, CORS, and the middleware that all endpoints share."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from lib import settings
from lib.errors import MethodNotAllowed, Misconfigured, NotFound
from lib.serving import access_log
from lib.serving.failure import error_response
from lib.serving.middleware import RequestMiddleware
from lib.serving.wire import Wire, spoken

if TYPE_CHECKING:  # Who is only asked for a ping pays for no models.
    from pydantic import BaseModel


class Described(NamedTuple):
    """What `/openapi.json` says of an endpoint, besides its path and its docstring."""

    answer: str = ""
    """Where its vendor documents what is answered."""
    request: "type[BaseModel] | None" = None
    other_media_types: Sequence[str] = ()
    """What it may answer besides JSON."""
    parameters: Sequence[Mapping[str, Any]] = ()
    """Of the query and in headers, as OpenAPI describes them."""
    needs_key: bool = True


STREAM: Final = ("text/event-stream",)
_EXPOSED = (
    "x-request-id",
    "request-id",
    "retry-after",
    "server-timing",
    "preference-applied",
    "x-should-retry",
    "x-answered-by",
)


def function(
    *routes: BaseRoute, wire: Wire | None = None, wires: Sequence[Wire] = (), paths: Iterable[str] = ()
) -> Starlette:
    """An app that serves `routes`, with all that every endpoint has in common.

    What goes wrong is told in `wire`, or in that one of `wires` whose client asks. `paths`: what else may have been
    meant where there is nothing.
    """
    speaks = wires if wire is None else (wire,)
    known = (*paths, *(route.path for route in routes if isinstance(route, Route) and "{" not in route.path))

    access_log.set_up()
    _tell_misconfiguration()

    async def refuse(request: Request, error: Exception) -> Response:
        methods = ", ".join(sorted(_methods(request)))
        if isinstance(error, HTTPException) and error.status_code == 405:
            error = MethodNotAllowed(f"This path takes {methods}, not {request.method[:20]}.")
        elif isinstance(error, HTTPException) and error.status_code == 404:
            error = NotFound(f"There is nothing at this path.{_meant(request.url.path, known)}")
        response = error_response(error, spoken(speaks, request))
        if response.status_code == 405:
            response.headers["allow"] = methods  # Starlette tells those of one route only.
        return response

    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=_allowed_origins(),
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
                allow_private_network=True,
                expose_headers=_EXPOSED,
            ),
            Middleware(RequestMiddleware, wires=speaks),
        ],
        exception_handlers={HTTPException: refuse},
    )
    # Behind the platform's TLS the redirect would lead to http, and a client might send its token there.
    app.router.redirect_slashes = False
    return app


def _methods(request: Request) -> set[str]:
    """What the path takes, by all routes together."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in matching if route.path == matching[0].path for method in route.methods or ()}


def _meant(path: str, known: Iterable[str]) -> str:
    """Which of the `known` paths was likely meant, in words; empty where none is near."""
    from difflib import get_close_matches  # Late, since only mistakes need it.

    near = get_close_matches(path[:200].lower(), list(dict.fromkeys(known)), n=1, cutoff=0.75)
    return f" Did you mean {near[0]}?" if near else ""


@cache
def _tell_misconfiguration() -> None:
    """Say once, at the start, what every caller will be told."""
    if told := settings.complaint():
        logging.getLogger("glm").error(told)


def _allowed_origins() -> Sequence[str]:
    try:
        return settings.current().allowed_origins
    except Misconfigured:  # Every request will say so.
        return ()
