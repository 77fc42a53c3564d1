"""Makes handlers into a function: Starlette app, Mangum handler, CORS, error bodies, request id, one log line."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from secrets import token_hex
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib import settings
from lib.accounts import keys as credentials
from lib.errors import Error, MethodNotAllowed, Misconfigured, NotFound, TooLarge
from lib.runtime import access_log, context, lambda_adapter
from lib.runtime.context import Invocation
from lib.runtime.deadline import Deadline
from lib.settings import Settings
from lib.wires.openai import errors as openai_errors

MAX_BODY_BYTES = 4 * 1024 * 1024
"""The largest body besides the files that it may hold in base64. The platforms stop at 4.5 MB and 6 MB in all."""

CLIENT_GONE = 499
"""The status in the log where the client left before the answer was complete."""

_REQUEST_ID = re.compile(r"[\w.:=-]{1,128}", re.ASCII)
_REQUEST_ID_HEADERS = (b"x-vercel-id", b"x-amzn-requestid", b"x-request-id")
_ALWAYS_OPEN = "/ping"
"""Answers whatever the settings are: the Lambda Web Adapter waits for it before it lets anyone in."""

_log = access_log.LOGGER


def function(*routes: BaseRoute) -> Starlette:
    """An app that serves `routes`, with all that every endpoint has in common."""
    access_log.set_up()
    _tell_misconfiguration()
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=_allowed_origins(),
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
                expose_headers=["x-request-id", "retry-after", "server-timing", "preference-applied"],
            ),
            Middleware(Front),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    # Behind the platform's TLS the redirect would lead to http, and a client might send its token there.
    app.router.redirect_slashes = False
    return app


async def body_of(request: Request) -> bytes:
    """The body, which the request does not keep: it may hold files, and answering takes minutes."""
    return b"".join([piece async for piece in request.stream()])


class LambdaHandler:
    """What Lambda calls: Mangum around the app, imported where there is a Lambda and not before it is needed."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._mangum: Callable[[Any, Any], Any] | None = None
        if _called_by_lambda(os.environ):
            self._load()

    def __call__(self, event: Any, context: Any) -> Any:
        """Serve one event."""
        return (self._mangum or self._load())(event, context)

    def _load(self) -> Callable[[Any, Any], Any]:
        from mangum import Mangum

        self._mangum = mangum = Mangum(self._app, lifespan="off")
        return mangum


def _called_by_lambda(environ: Mapping[str, str]) -> bool:
    """Does Lambda call the handler? Vercel and the Lambda Web Adapter, which both run on Lambda, call the app."""
    return bool(
        environ.get("AWS_LAMBDA_FUNCTION_NAME") and not environ.get("VERCEL") and not environ.get("AWS_LWA_INVOKE_MODE")
    )


class Front:
    """ASGI middleware: reads the body, watches for the client leaving, words errors, and logs the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request to its end."""
        if scope["type"] == "http":
            await _Visit(self._app, scope, receive, send).serve()
        else:
            await self._app(scope, receive, send)


class _Visit:
    """One request."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._body: bytes | None = None
        self._status = 0
        self._first_byte = 0.0
        self._complete = False
        self._client_gone = False
        self._facts = Invocation(request_id=_request_id(scope))

    async def serve(self) -> None:
        context.begin(self._facts)
        try:
            await self._answer_or_refuse()
        except asyncio.CancelledError:
            if not self._client_gone:
                raise
        finally:
            self._log()

    async def _answer_or_refuse(self) -> None:
        try:
            await self._answer()
        except _ClientGoneError:
            self._client_gone = True
        except Exception as error:
            if self._status:  # Too late for another response: the server has to break this one off.
                raise
            response = error_response(error)
            await response(self._scope, self._receive, self.send)

    async def _answer(self) -> None:
        chosen = Settings()
        if self._scope["path"] != _ALWAYS_OPEN:
            chosen = settings.current()
            credentials.check(chosen)
        self._facts.deadline = Deadline.of(self._scope, chosen.max_duration)
        limit = MAX_BODY_BYTES + chosen.max_file_bytes * 4 // 3
        self._body = await self._read(limit)
        task = asyncio.current_task()
        assert task is not None
        watch = asyncio.create_task(self._watch(task))
        try:
            await self._app(self._scope, self.receive, self.send)
        finally:
            watch.cancel()

    async def _read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGoneError
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > limit:
                raise TooLarge(f"The request is larger than {limit // 1024 // 1024} MB.")
            if not message.get("more_body", False):
                return b"".join(pieces)

    async def _watch(self, task: asyncio.Task[Any]) -> None:
        """Cancel the request when its client leaves, so that nothing is generated for nobody."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._complete and not self._facts.answered:
            self._client_gone = True
            task.cancel()

    async def receive(self) -> Message:
        """The body, whole; after it only the end of the connection, which `_watch` waits for."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Pass a message on, with the request's id."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._headers(message)]
        elif not self._first_byte:
            self._first_byte = time.perf_counter()
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._complete = True
        await self._send(message)

    def _headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-request-id", self._facts.request_id.encode())]
        streamed = any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ()))
        if not streamed:
            total = _milliseconds(time.perf_counter() - self._facts.started)
            upstream = _milliseconds(self._facts.upstream_seconds)
            headers.append((b"server-timing", f"upstream;dur={upstream}, total;dur={total}".encode()))
        return headers

    def _log(self) -> None:
        now = time.perf_counter()
        facts = self._facts
        line = {
            "request_id": facts.request_id,
            "method": self._scope["method"][:20],
            "path": self._scope["path"][:200],
            "status": CLIENT_GONE if self._client_gone else self._status,
            "ms": _milliseconds(now - facts.started),
            "first_byte_ms": _milliseconds(self._first_byte - facts.started) if self._first_byte else None,
            "upstream_ms": _milliseconds(facts.upstream_seconds),
            "retries": facts.retries,
            "upstream": facts.upstream,
            "accounts_tried": facts.accounts_tried,
            "account": facts.account,
        }
        _log.info("request", extra={"facts": line})


class _ClientGoneError(Exception):
    """The client left before its request was complete."""


def error_response(error: Exception) -> Response:
    """The response that `error` means, in OpenAI's shape."""
    known = as_error(error)
    response = Response(openai_errors.body(known), known.status, media_type="application/json")
    if known.retry_after is not None:
        response.headers["retry-after"] = str(max(1, round(known.retry_after)))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


async def _refuse(request: Request, error: Exception) -> Response:
    response = error_response(error)
    if response.status_code == 405:
        response.headers["allow"] = ", ".join(sorted(_methods(request)))  # Starlette tells those of one route only.
    return response


def _methods(request: Request) -> set[str]:
    """What the path takes, by all routes together."""
    matching = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in matching if isinstance(route, Route) for method in route.methods or ()}


def error_event(error: Exception) -> bytes:
    """The body of the event that ends a stream in `error`."""
    return openai_errors.body(as_error(error))


def as_error(error: Exception) -> Error:
    """`error` in the words for the caller. One that nobody foresaw is logged, and told without its own words."""
    if isinstance(error, Error):
        return error
    if isinstance(error, HTTPException):
        if error.status_code == 405:
            return MethodNotAllowed("This path does not take this method.")
        if error.status_code == 413:
            return TooLarge("The request is too large.")
        return NotFound("There is nothing at this path.")
    _log.error("A fault of this deployment's own", exc_info=error)
    return Error("A fault of this deployment's own. Its log says more, under the request's id.")


@cache
def _tell_misconfiguration() -> None:
    """Say once, at the start, what every caller will be told."""
    try:
        credentials.check(settings.current())
    except Misconfigured as error:
        _log.error(error.message)


def _allowed_origins() -> Sequence[str]:
    try:
        return settings.current().allowed_origins
    except Misconfigured:  # Every request will say so.
        return ()


def _request_id(scope: Scope) -> str:
    context = scope.get("aws.context")
    if context is not None:
        return str(context.aws_request_id)
    headers = dict(scope["headers"])
    told: list[str] = [headers.get(name, b"").decode("latin-1") for name in _REQUEST_ID_HEADERS]
    for value in (str(lambda_adapter.context(scope).get("request_id", "")), *told):
        if _REQUEST_ID.fullmatch(value):
            return value
    return token_hex(16)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
