"""Everything under one app: one Lambda function URL for all of it, and the local server.

An endpoint's module is imported when its path is first asked for, so that a ping pays for no chat.
"""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.errors import NotFound
from lib.serving import platforms
from lib.serving.app import function
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.middleware import normal_path
from lib.serving.page import asset, page
from lib.serving.wire import Wire
from lib.wires.anthropic.wire import WIRE as ANTHROPIC
from lib.wires.gemini.wire import WIRE as GEMINI
from lib.wires.openai.wire import WIRE as OPENAI

ENDPOINTS: Final = {
    "/ping": "api.ping",
    "/openapi.json": "api.openapi",
    "/token/check": "api.token.check",
    "/v1/models": "api.v1.models",
    "/v1/chat/completions": "api.v1.chat.completions",
    "/v1/completions": "api.v1.completions",
    "/v1/messages": "api.v1.messages",
    "/v1/v1/messages": "api.v1.messages",
    "/v1/responses": "api.v1.responses",
    "/v1/embeddings": "api.v1.embeddings",
    "/v1/images/generations": "api.v1.images.generations",
    "/v1/images/edits": "api.v1.images.edits",
    "/v1/videos": "api.v1.videos.jobs",
    "/v1/videos/generations": "api.v1.videos.generations",
    "/v1/async-result": "api.v1.videos.generations",
}
"""The module of each path, and of all paths below it."""

OF_CLIENTS: Final[Sequence[tuple[Wire, str]]] = ((GEMINI, "api.v1beta.models"),)
"""The module for each wire whose clients use paths that others use too, or that are nobody's else."""
_SHARED: Final = "/v1/models"


class Endpoints:
    """Hands each request to the app of its endpoint."""

    def __init__(self, fallback: ASGIApp) -> None:
        self._fallback = fallback
        """Serves the page, and says what there is where nothing is."""
        self._apps: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._fallback
        if scope["type"] != "lifespan":
            app = self._find({**scope, "path": normal_path(scope["path"])})
        await app(scope, receive, send)

    def prepare_chat(self) -> None:
        """Do now what the first chat would wait for: import its endpoint, and build the model of its body."""
        self._find({"type": "http", "path": "/v1/chat/completions"})
        from lib.wires.openai.chat_request import ChatRequest

        ChatRequest.model_rebuild()

    def _find(self, scope: Scope) -> ASGIApp:
        path = scope["path"]
        while path and path not in ENDPOINTS:
            path = path.rpartition("/")[0]
        module = ENDPOINTS.get(path)
        if module is None or path == _SHARED:
            request = HTTPConnection(scope)
            module = next((of_wire for wire, of_wire in OF_CLIENTS if wire.is_client(request)), module)
        if module is None:
            return self._fallback
        if module not in self._apps:
            self._apps[module] = import_module(module).app
        return self._apps[module]


async def tell_prefix(request: Request) -> Response:
    """Tell who asks for an endpoint without its /v1 what to use. Raises `NotFound`."""
    path = request.url.path
    raise NotFound(f"Use /v1{path}: the base URL that a client is given ends in /v1, and this one does not.")


async def tell_doubled(request: Request) -> Response:
    """Tell who has the /v1 twice. Raises `NotFound`."""
    path = request.url.path.removeprefix("/v1")
    raise NotFound(f"Use {path}: the base URL that a client is given ends in /v1 once, and this one does twice.")


_METHODS: Final = ("GET", "POST", "DELETE")
_BARE: Final = [path.removeprefix("/v1") for path in ENDPOINTS if re.match("/v1/(?!v1/)", path)]
_routes = [
    Route("/", page),
    Route("/assets/{name}", asset),
    Route("/v1/v1/{rest:path}", tell_doubled, methods=_METHODS),
    *(Route(path, tell_prefix, methods=_METHODS) for path in _BARE),
    *(Route(f"{path}/{{rest:path}}", tell_prefix, methods=_METHODS) for path in _BARE),
]
app = Endpoints(function(*_routes, wires=(ANTHROPIC, OPENAI), paths=ENDPOINTS))
if platforms.starts_ahead():
    app.prepare_chat()
handler = LambdaHandler(app)
