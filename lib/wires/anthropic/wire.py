"""How Anthropic's API words failures, and what keeps its streams alive."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection

from lib.errors import ContextLengthExceeded, Error, Kind, QuotaExceeded, UpstreamUnavailable
from lib.serving.wire import ListedModel
from lib.wires.anthropic import models
from lib.wires.shared.credentials import from_headers
from lib.wires.shared.encoding import encode

_TYPES: Final[dict[Kind, str]] = {
    "bad_request": "invalid_request_error",
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "not_found": "not_found_error",
    "method_not_allowed": "invalid_request_error",
    "too_large": "request_too_large",
    "rate_limited": "rate_limit_error",
    "upstream": "api_error",
    "unavailable": "api_error",
    "timeout": "timeout_error",
    "internal": "api_error",
}
_OVERLOADED: Final = 529
_PAYMENT_REQUIRED: Final = 402

_LIMIT_SHARE: Final = 0.8
"""The share of a refused prompt that is said to fit where the service does not say how much does: Claude Code leaves
out as much of its history as stands between the two numbers."""


def error_object(error: Error) -> dict[str, Any]:
    """`{"type", "message"}`."""
    if isinstance(error, ContextLengthExceeded):
        return {"type": "invalid_request_error", "message": _too_long(error)}
    if isinstance(error, QuotaExceeded):
        return {"type": "billing_error", "message": error.message}
    if isinstance(error, UpstreamUnavailable):
        return {"type": "overloaded_error", "message": error.message}
    return {"type": _TYPES[error.kind], "message": error.message}


def error_event(error: Error, request_id: str) -> dict[str, Any]:
    """The body of an error, and the last event of a stream that fails."""
    return {"type": "error", "error": error_object(error), "request_id": request_id}


class AnthropicWire:
    heartbeat_interval = 5.0  # Claude Code gives a silent stream up after 300 s, proxies after 30.
    breaks_off = True
    request_id_headers: tuple[bytes, ...] = (b"request-id", b"x-request-id")

    def is_client(self, request: HTTPConnection) -> bool:
        headers = request.headers
        agent = headers.get("user-agent", "").lower()
        return (
            "anthropic-version" in headers
            or agent.startswith(("claude-", "anthropic"))
            or ("x-api-key" in headers and "authorization" not in headers)
        )

    def credentials(self, request: HTTPConnection) -> Sequence[str]:
        return list(from_headers(request, "authorization", "x-api-key", "api-key"))

    def error_status(self, error: Error) -> int:
        """Its clients ask again after 429 and 529, and not after 402."""
        if isinstance(error, QuotaExceeded):
            return _PAYMENT_REQUIRED
        return _OVERLOADED if isinstance(error, UpstreamUnavailable) else error.status

    def error_body(self, error: Error, request_id: str) -> bytes:
        return encode(error_event(error, request_id))

    def model(self, model: ListedModel) -> dict[str, Any]:
        return models.model_object(model)

    def models(self, listed: Sequence[ListedModel]) -> dict[str, Any]:
        return models.list_object(listed)


def _too_long(error: ContextLengthExceeded) -> str:
    """The words in which Claude Code looks for two numbers, and then compacts."""
    if error.tokens is None:
        return f"prompt is too long. {error.message}"
    limit = error.limit or int(error.tokens * _LIMIT_SHARE)
    return f"prompt is too long: {max(error.tokens, limit + 1)} tokens > {limit} maximum. {error.message}"


WIRE: Final = AnthropicWire()
