"""Whoever is limited is told to come back in a second."""

from starlette.responses import Response

from lib.serving import failure, middleware
from lib.serving.wire import Wire

_error_response = failure.error_response


def error_response(error: Exception, wire: Wire) -> Response:
    response = _error_response(error, wire)
    if "retry-after" in response.headers:
        response.headers["retry-after"] = "1"
    return response


failure.error_response = error_response
middleware.error_response = error_response  # type: ignore[attr-defined]
