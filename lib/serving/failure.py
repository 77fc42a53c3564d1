"""What an exception means to the caller, and the response that says so in the wire's words."""

import logging
import math

from starlette.exceptions import HTTPException
from starlette.responses import Response

from lib.errors import Error, NotFound, TooLarge, UpgradeRefused
from lib.invocation import context
from lib.serving.wire import Wire

DEFAULT_RETRY_AFTER = 5.0
"""Seconds after which who is told 429 may ask again, where nobody knows better. Codex gives up where none are told."""
_TOO_MANY = 429

_log = logging.getLogger("glm")


def error_response(error: Exception, wire: Wire) -> Response:
    known = as_error(error)
    request = context.current()
    request.error = known.code
    body = wire.error_body(known, request.request_id)
    response = Response(body, wire.error_status(known), media_type="application/json")
    retry_after = known.retry_after
    if retry_after is None and response.status_code == _TOO_MANY:
        retry_after = DEFAULT_RETRY_AFTER
    if retry_after is not None and known.retry is not False:
        response.headers["retry-after"] = str(max(1, math.ceil(retry_after)))
    if known.retry is not None:
        response.headers["x-should-retry"] = str(known.retry).lower()
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


def as_error(error: Exception) -> Error:
    """`error` in the words for the caller. One that nobody foresaw is logged, and told without its own words."""
    if isinstance(error, Error):
        return error
    if isinstance(error, HTTPException):
        if error.status_code == 413:
            return TooLarge("The request is too large.")
        return NotFound("There is nothing at this path.")
    _log.error("A fault of this deployment's own", exc_info=error)
    return Error("A fault of this deployment's own. Its log says more, under the request's id.")


def no_websockets() -> UpgradeRefused:
    return UpgradeRefused("There are no WebSockets here: send the request by HTTP.")
