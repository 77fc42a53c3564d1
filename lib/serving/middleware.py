"""ASGI middleware: bounds the body, watches for the client leaving, words errors, and logs the request."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib import settings
from lib.errors import BadRequest
from lib.invocation import context
from lib.invocation.context import Invocation
from lib.invocation.deadline import Deadline, end_at_sigterm
from lib.serving import body
from lib.serving.failure import error_response, no_websockets
from lib.serving.platforms import check_length, platform_of
from lib.serving.sse import LAST
from lib.serving.wire import Wire, spoken
from lib.settings import Settings

EARLY_LOOK = 0.01
"""Seconds that a refusal waits for the first piece of a body that nobody reads: as a rule it is there already."""
BODY_TIMEOUT = 30.0
"""Seconds without a byte of a body after which nothing more comes of it. In all it has the request's deadline."""
CLIENT_GONE = 499
"""The status in the log where the client left before the answer was complete."""

_ORIGIN = re.compile("^https?://[^/]*", re.IGNORECASE)
"""Before the path where the request names its whole URL, as to a proxy. Servers leave that to the app."""
_SLASHES = re.compile("/{2,}")
_ALWAYS_OPEN = "/ping"
"""Answers whatever the settings are: the Lambda Web Adapter waits for it before it lets anyone in."""

_ANSWERED_BY = re.compile(r"[\w./:-]{1,128}", re.ASCII)

_log = logging.getLogger("glm")


def normal_path(path: str) -> str:
    """A path without what comes of base URLs as people write them: doubled slashes, and one at the end."""
    return _SLASHES.sub("/", _ORIGIN.sub("", path)).rstrip("/") or "/"


class RequestMiddleware:
    """Serves one request after another, each with an `Invocation` of its own."""

    def __init__(self, app: ASGIApp, wires: Sequence[Wire]) -> None:
        self._app = app
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope["path"] = normal_path(scope["path"])
        wire = spoken(self._wires, HTTPConnection(scope))
        if scope["type"] == "http":
            await _Exchange(self._app, wire, scope, receive, send).serve()
        else:
            await self._deny(wire, scope, receive, send)

    async def _deny(self, wire: Wire, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a WebSocket, after which clients use HTTP. Servers without that extension say 403."""
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        await error_response(no_websockets(), wire)(scope, receive, send)


class _ClientGoneError(Exception):
    """The client left before its request was complete."""


class _Exchange:
    def __init__(self, app: ASGIApp, wire: Wire, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._wire = wire
        self._scope = scope
        self._receive = receive
        self._send = send
        self._room = 0
        self._body_read = False
        self._watch: asyncio.Task[None] | None = None
        self._status = 0
        self._first_byte = 0.0
        self._complete = False
        self._client_gone = False
        self._platform = platform_of(scope)
        self._facts = Invocation(request_id=self._platform.request_id() or token_hex(16))

    async def serve(self) -> None:
        context.begin(self._facts)
        try:
            await self._answer_or_refuse()
        except asyncio.CancelledError:
            if not self._client_gone:
                raise
        finally:
            if self._watch is not None:
                self._watch.cancel()
            self._log()

    async def _answer_or_refuse(self) -> None:
        try:
            await self._answer()
        except _ClientGoneError:
            self._client_gone = True
        except Exception as error:
            if self._status:  # Too late for another response: the server has to break this one off.
                raise
            response = error_response(error, self._wire)
            await response(self._scope, self._receive, self.send)

    async def _answer(self) -> None:
        chosen = Settings()
        if self._scope["path"] != _ALWAYS_OPEN:
            chosen = settings.current().check()
            if any(map(settings.is_reference, settings.configured().tokens)):
                from lib.store import token_source  # Late: few deployments have their tokens elsewhere.

                await token_source.load()
        if (b"upgrade", b"websocket") in self._scope["headers"]:
            raise no_websockets()  # So they look where the platform or the server knows of none.
        if self._platform.end_within is not None:
            end_at_sigterm(self._platform.end_within)
        seconds = self._platform.seconds_left()
        self._facts.deadline = Deadline(seconds if seconds is not None else chosen.max_duration or math.inf)
        self._room = body.max_bytes(chosen.max_file_bytes)
        if self._scope["method"] in ("GET", "HEAD", "DELETE", "OPTIONS"):
            self._watch_client()  # Nobody reads their bodies.
        await self._app(self._scope, self.receive, self.send)

    async def receive(self) -> Message:
        """The body as it arrives; after it only the end of the connection, which `_wait_for_leaving` waits for."""
        if self._body_read or self._watch is not None:
            if not self._body_read:
                self._body_read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
        try:
            async with self._facts.deadline.timeout(BODY_TIMEOUT):
                message = await self._receive()
        except TimeoutError:
            raise BadRequest("The rest of the request's body did not come in time.", code="body_timeout") from None
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            raise body.too_large()
        if not message.get("more_body", False):
            self._body_read = True
            self._watch_client()
        return message

    def _watch_client(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._watch = asyncio.create_task(self._wait_for_leaving(task))

    async def _wait_for_leaving(self, task: asyncio.Task[Any]) -> None:
        """Cancel the request when its client leaves, so that nothing is generated for nobody."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._complete:
            self._client_gone = True
            task.cancel()

    async def send(self, message: Message) -> None:
        """Pass a message on, with the request's id."""
        if message["type"] == "http.response.start":
            if not self._body_read and self._watch is None:
                await self._look_at_body()
            self._refuse_what_is_too_large(message)
            self._status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._headers(message)]
        elif not self._first_byte:
            self._first_byte = time.perf_counter()
        if message.pop(LAST, False) or (message["type"] == "http.response.body" and not message.get("more_body")):
            self._complete = True
        await self._send(message)

    def _refuse_what_is_too_large(self, head: Message) -> None:
        length = dict(head.get("headers", ())).get(b"content-length", b"0")
        check_length(int(length), self._platform, "Ask for less at a time, or for a streamed answer.")

    async def _look_at_body(self) -> None:
        """Before an answer that needs no body: is the client still there, and does it speak HTTP?"""
        with suppress(TimeoutError):
            async with asyncio.timeout(EARLY_LOOK):
                if (await self._receive())["type"] == "http.disconnect":
                    raise _ClientGoneError

    def _headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        headers = [(name, self._facts.request_id.encode()) for name in self._wire.request_id_headers]
        if message["status"] < 400 and self._facts.upstream and (by := _ANSWERED_BY.fullmatch(self._answered_by())):
            headers.append((b"x-answered-by", by[0].encode()))
        streamed = any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ()))
        if not streamed:
            total = _milliseconds(time.perf_counter() - self._facts.started)
            upstream = _milliseconds(self._facts.upstream_seconds)
            headers.append((b"server-timing", f"upstream;dur={upstream}, total;dur={total}".encode()))
        return headers

    def _answered_by(self) -> str:
        """The upstream, and the model where it has said by now which one it is."""
        return "/".join(filter(None, (self._facts.upstream, self._facts.answered_by)))

    def _log(self) -> None:
        now = time.perf_counter()
        facts = self._facts
        line = {
            "request_id": facts.request_id,
            "method": self._scope["method"][:20],
            "path": self._scope["path"][:200],
            "status": CLIENT_GONE if self._client_gone else self._status,
            "error": facts.error,
            "ms": _milliseconds(now - facts.started),
            "first_byte_ms": _milliseconds(self._first_byte - facts.started) if self._first_byte else None,
            "upstream_ms": _milliseconds(facts.upstream_seconds),
            "access_key": facts.access_label,
            "model": facts.model,
            "answered_by": facts.answered_by,
            "stream": facts.streamed,
            "tokens": facts.tokens,
            "retries": facts.retries,
            "upstream": facts.upstream,
            "tried": facts.tried,
        }
        _log.info("request", extra={"facts": line})


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
