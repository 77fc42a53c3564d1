"""How the Gemini API words failures and lists models, and where its keys stand."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection

from lib.errors import Error, Kind, QuotaExceeded, UpstreamUnavailable
from lib.serving.wire import ListedModel
from lib.wires.shared.credentials import from_headers
from lib.wires.shared.encoding import encode

type Json = dict[str, Any]

_STATUSES: Final[dict[Kind, str]] = {
    "bad_request": "INVALID_ARGUMENT",
    "unauthorized": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "method_not_allowed": "INVALID_ARGUMENT",
    "too_large": "INVALID_ARGUMENT",
    "rate_limited": "RESOURCE_EXHAUSTED",
    "upstream": "INTERNAL",
    "unavailable": "UNAVAILABLE",
    "timeout": "DEADLINE_EXCEEDED",
    "internal": "INTERNAL",
}
_BAD_REQUEST: Final = 400
_UNAVAILABLE: Final = 503
_SERVER_ERRORS: Final = 500
RETRY_DELAY: Final = 5
"""Seconds after which to ask again where nobody says: an account is free again some seconds later."""

INPUT_TOKEN_LIMIT: Final = 128_000
OUTPUT_TOKEN_LIMIT: Final = 65_536
"""Tokens that a model takes and gives where nobody knows; clients compress a conversation before the first."""

_PATHS: Final = re.compile(r"/(v1beta\w*|upload|ws)(/|$)|/v1/models/.*:([a-z]+[A-Z]\w*|predict)$")
"""Paths of the Gemini API alone. A name such as glm-5.3:latest is no call."""
_DETAIL: Final = "type.googleapis.com/google.rpc."


def error_object(error: Error) -> Json:
    """`{"code", "message", "status", "details"}`."""
    status = _status(error)
    word = _STATUSES[error.kind]
    if status == _UNAVAILABLE:
        word = "UNAVAILABLE"
    elif status != error.status:
        word = "FAILED_PRECONDITION"
    return {"code": status, "message": error.message, "status": word, "details": list(_details(error, status))}


def _status(error: Error) -> int:
    """Clients ask again after all of the server's errors: one that no retry mends must not look like one."""
    if isinstance(error, UpstreamUnavailable):
        return _UNAVAILABLE
    return _BAD_REQUEST if error.retry is False and error.status >= _SERVER_ERRORS else error.status


def _details(error: Error, status: int) -> Sequence[Json]:
    details: list[Json] = [
        {"@type": f"{_DETAIL}ErrorInfo", "reason": error.code.upper(), "domain": "glm-functions", "metadata": {}}
    ]
    if isinstance(error, QuotaExceeded):  # Gemini CLI asks again unless the quota is one of a day.
        violation = {"quotaId": "QuotaPerDay", "description": error.message}
        details.append({"@type": f"{_DETAIL}QuotaFailure", "violations": [violation]})
    elif error.kind == "rate_limited" or status == _UNAVAILABLE:
        seconds = max(1, math.ceil(error.retry_after or RETRY_DELAY))
        details.append({"@type": f"{_DETAIL}RetryInfo", "retryDelay": f"{seconds}s"})
    if error.param:
        violation = {"field": error.param, "description": error.message}
        details.append({"@type": f"{_DETAIL}BadRequest", "fieldViolations": [violation]})
    return details


class GeminiWire:
    heartbeat_interval = 15.0  # Proxies cut connections that are silent for 30 to 60 s.
    breaks_off = False
    """Gemini CLI asks again where a stream ends without a finishReason, and gives up where its connection breaks."""
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)

    def is_client(self, request: HTTPConnection) -> bool:
        path = request.url.path
        named = "x-goog-api-key" in request.headers or "x-goog-api-client" in request.headers
        return named or ("key" in request.query_params and path.startswith("/v1")) or _PATHS.match(path) is not None

    def credentials(self, request: HTTPConnection) -> Sequence[str]:
        given = from_headers(request, "x-goog-api-key", "authorization", "x-api-key")
        return list(filter(None, [*given, request.query_params.get("key", "").strip()]))

    def error_status(self, error: Error) -> int:
        return _status(error)

    def error_body(self, error: Error, request_id: str) -> bytes:
        return encode({"error": error_object(error)})

    def model(self, model: ListedModel) -> Json:
        known = model.model
        methods = ["generateContent", "countTokens"] if known.chats else []
        if "embedding" in known.name:
            methods = ["embedContent", "batchEmbedContents"]
        return {
            "name": f"models/{model.name}",
            "baseModelId": model.meaning or model.name,
            "version": "001",
            "displayName": f"{model.meaning} ({model.name})" if model.meaning else model.name,
            "description": "",
            "inputTokenLimit": known.context or INPUT_TOKEN_LIMIT,
            "outputTokenLimit": known.max_output or OUTPUT_TOKEN_LIMIT,
            "supportedGenerationMethods": methods,
        }

    def models(self, models: Sequence[ListedModel]) -> Json:
        """All on one page, with the names of Google's own models for clients that only show those."""
        return {"models": [self.model(one) for one in models if one.is_usual or one.name.startswith("gemini")]}


WIRE: Final = GeminiWire()
