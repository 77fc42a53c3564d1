"""What each platform that a deployment may run on gives to a request and takes from it: one class each.

A platform says when it ends an invocation in its own way, and is believed only where it runs: a client could send the
same header elsewhere.
"""

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from starlette.types import Scope

from lib.errors import TooLarge

VERCEL_LIMIT: Final = 4_500_000
"""Bytes: 4.5 MB, for all that is not streamed."""
LAMBDA_LIMIT: Final = 6_000_000
"""Bytes: 6 MB, less what is needed to wrap a body in JSON. Not for what the Lambda Web Adapter streams."""

_REQUEST_ID: Final = re.compile(r"[\w.:=-]{1,128}", re.ASCII)


class Server:
    """Our own process behind a web server: a container, a computer, or a Lambda web function."""

    body_limit: ClassVar[int | None] = None
    """The most bytes of an answer that comes as a whole. A larger one would reach the client broken."""
    stream_limit: ClassVar[int | None] = None
    """The same for a stream that is passed on as a whole; None where its pieces are seen."""
    may_break_off: ClassVar[bool] = True
    """May a response end without its last chunk, to show that it is not whole. On Lambda that fails the invocation."""
    end_within: ClassVar[float | None] = None
    """Seconds in which requests have to end after a SIGTERM; None where they may go on."""
    _id_header: ClassVar[bytes] = b""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def seconds_left(self) -> float | None:
        """Seconds until the invocation is ended; None where nobody says, and `GLM_MAX_DURATION` counts."""
        return None

    def request_id(self) -> str:
        """The platform's name for the request, else the client's; empty where neither can be used."""
        headers = dict(self._scope["headers"])
        told = [headers.get(name, b"").decode("latin-1") for name in (self._id_header, b"x-request-id")]
        return next(filter(_REQUEST_ID.fullmatch, (self._own_id(), *told)), "")

    def _own_id(self) -> str:
        return ""


class Vercel(Server):
    """Its runtime takes the header that says the deadline out of the request, and tells it by `get_deadline()`."""

    body_limit = VERCEL_LIMIT
    end_within = 0.4  # It kills the process after half a second.
    _id_header = b"x-vercel-id"

    def seconds_left(self) -> float | None:
        runtime = sys.modules.get("vercel_runtime.deadline")  # There on Vercel alone, and imported before this module.
        ends_at = runtime.get_deadline() if runtime is not None else None
        return None if ends_at is None else max(0.0, float(ends_at.timestamp()) - time.time())


class LambdaEvent(Server):
    """Lambda through Mangum, which passes the context on and gives the answer back as a whole."""

    body_limit = LAMBDA_LIMIT
    stream_limit = LAMBDA_LIMIT
    may_break_off = False

    def seconds_left(self) -> float | None:
        return float(self._scope["aws.context"].get_remaining_time_in_millis()) / 1000

    def _own_id(self) -> str:
        return str(self._scope["aws.context"].aws_request_id)


class WebAdapter(Server):
    """Lambda through the Lambda Web Adapter, whose header holds the context: `request_id`, `deadline` in Unix ms."""

    may_break_off = False
    _id_header = b"x-amzn-requestid"

    def seconds_left(self) -> float | None:
        try:
            return max(0.0, float(self._context()["deadline"]) / 1000 - time.time())
        except (KeyError, TypeError, ValueError):
            return None

    def _own_id(self) -> str:
        return str(self._context().get("request_id", ""))

    def _context(self) -> dict[str, Any]:
        try:
            told = json.loads(dict(self._scope["headers"]).get(b"x-amzn-lambda-context", b""))
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


class BufferingWebAdapter(WebAdapter):
    """The same where the adapter passes answers on as a whole."""

    body_limit = LAMBDA_LIMIT
    stream_limit = LAMBDA_LIMIT


def platform_of(scope: Scope, environ: Mapping[str, str] = os.environ) -> Server:
    if "aws.context" in scope:
        return LambdaEvent(scope)
    if environ.get("VERCEL"):
        return Vercel(scope)
    if environ.get("AWS_LAMBDA_HTTP_ENDPOINT"):  # Web functions: Lambda speaks HTTP with a server of its own.
        return Server(scope)
    if environ.get("AWS_LAMBDA_FUNCTION_NAME") and (mode := environ.get("AWS_LWA_INVOKE_MODE")):
        return WebAdapter(scope) if mode == "response_stream" else BufferingWebAdapter(scope)
    return Server(scope)


def calls_handler(environ: Mapping[str, str] = os.environ) -> bool:
    """Does Lambda call a handler with events? All others, of which some run on Lambda, call the app."""
    others = ("VERCEL", "AWS_LWA_INVOKE_MODE", "AWS_LAMBDA_HTTP_ENDPOINT")
    return bool(environ.get("AWS_LAMBDA_FUNCTION_NAME")) and not any(map(environ.get, others))


def starts_ahead(environ: Mapping[str, str] = os.environ) -> bool:
    """Does Lambda start a web server here? It has a whole CPU until it is ready, and less for the first request."""
    return bool(environ.get("AWS_LAMBDA_FUNCTION_NAME")) and not environ.get("VERCEL") and not calls_handler(environ)


def check_size(body: bytes, scope: Scope, advice: str) -> bytes:
    """The body itself. Raises `TooLarge`, with `advice` for the caller, where the platform would cut it off."""
    check_length(len(body), platform_of(scope), advice)
    return body


def check_length(length: int, platform: Server, advice: str) -> None:
    """Raise `TooLarge` where an answer has more bytes than the platform takes, if it comes as a whole."""
    most = platform.body_limit
    if most is not None and length > most:
        raise TooLarge(
            f"The answer has {length / 1e6:.1f} MB, and this platform lets {most / 1e6:.1f} MB through. {advice}"
        )
