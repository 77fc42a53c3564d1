"""How large an answer the platform lets through. What is larger would reach the client as a broken one."""

import os
from collections.abc import Mapping

from starlette.types import Scope

from lib.errors import TooLarge

VERCEL_LIMIT = 4_500_000
"""Bytes: 4.5 MB, for all that is not streamed."""
LAMBDA_LIMIT = 6_000_000
"""Bytes: 6 MB, less what is needed to wrap a body in JSON. Not for what the Lambda Web Adapter streams."""


def limit(environ: Mapping[str, str] = os.environ) -> int | None:
    """The most bytes that a body may have here; None where there is no limit."""
    if environ.get("VERCEL"):
        return VERCEL_LIMIT
    if environ.get("AWS_LAMBDA_FUNCTION_NAME") and environ.get("AWS_LWA_INVOKE_MODE") != "response_stream":
        return LAMBDA_LIMIT
    return None


def stream_limit(scope: Scope, environ: Mapping[str, str] = os.environ) -> int | None:
    """The most bytes of a stream where it is passed on as a whole; None where its pieces are seen."""
    if environ.get("VERCEL"):
        return None
    return LAMBDA_LIMIT if "aws.context" in scope else limit(environ)


def payload_size(text: bytes) -> int:
    """The bytes of `text` where Lambda carries it, as a string in JSON."""
    return len(text) + text.count(b'"') + text.count(b"\\") + text.count(b"\n")


def check(body: bytes, advice: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """The body itself. Raises `TooLarge`, with `advice` for the caller, where the platform would cut it off."""
    most = limit(environ)
    if most is not None and len(body) > most:
        raise TooLarge(
            f"The answer has {len(body) / 1e6:.1f} MB, and this platform lets {most / 1e6:.1f} MB through. {advice}"
        )
    return body


def may_break_off(scope: Scope, environ: Mapping[str, str] = os.environ) -> bool:
    """May a response end without its last chunk, to show that it is not whole? On Lambda that fails the invocation."""
    return "aws.context" not in scope and not environ.get("AWS_LWA_INVOKE_MODE")
