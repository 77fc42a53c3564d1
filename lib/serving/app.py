"""Makes an endpoint's routes into an app: Starlette, CORS, and the middleware that all endpoints share."""

import logging
from collections.abc import Sequence
from functools import cache

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from lib import settings
from lib.errors import Misconfigured
from lib.serving import access_log
from lib.serving.failure import error_response
from lib.serving.middleware import RequestMiddleware
from lib.serving.wire import Wire

_EXPOSED = ["x-request-id", "request-id", "retry-after", "server-timing", "preference-applied", "x-should-retry"]


def function(*routes: BaseRoute, wire: Wire) -> Starlette:
    """An app that serves `routes`, with all that every endpoint has in common. What goes wrong is told in `wire`."""
    access_log.set_up()
    _tell_misconfiguration()

    async def refuse(request: Request, error: Exception) -> Response:
        response = error_response(error, wire)
        if response.status_code == 405:
            response.headers["allow"] = ", ".join(sorted(_methods(request)))  # Starlette tells those of one route only.
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
            Middleware(RequestMiddleware, wire=wire),
        ],
        exception_handlers={HTTPException: refuse},
    )
    # Behind the platform's TLS the redirect would lead to http, and a client might send its token there.
    app.router.redirect_slashes = False
    return app


def _methods(request: Request) -> set[str]:
    """What the path takes, by all routes together."""
    matching = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in matching if isinstance(route, Route) for method in route.methods or ()}


@cache
def _tell_misconfiguration() -> None:
    """Say once, at the start, what every caller will be told."""
    try:
        settings.current().check()
    except Misconfigured as error:
        logging.getLogger("glm").error(error.message)


def _allowed_origins() -> Sequence[str]:
    try:
        return settings.current().allowed_origins
    except Misconfigured:  # Every request will say so.
        return ()
