"""How OpenAI's API words failures, and what keeps its streams alive."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection

from lib.errors import Error, Kind
from lib.serving.wire import ListedModel
from lib.wires.openai import models
from lib.wires.shared.credentials import from_headers
from lib.wires.shared.encoding import SseStream, encode, sse

_TYPES: Final[dict[Kind, str]] = {
    "bad_request": "invalid_request_error",
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "not_found": "invalid_request_error",
    "method_not_allowed": "invalid_request_error",
    "too_large": "invalid_request_error",
    "rate_limited": "rate_limit_error",
    "upstream": "upstream_error",
    "unavailable": "configuration_error",
    "timeout": "timeout_error",
    "internal": "api_error",
}

COMMENT: Final = b": still here\n\n"
DONE: Final = b"data: [DONE]\n\n"


def error_object(error: Error) -> dict[str, Any]:
    """`{"message", "type", "param", "code"}`."""
    return {"message": error.message, "type": _TYPES[error.kind], "param": error.param, "code": error.code}


class SseComments(SseStream):
    """What the streams of OpenAI's older endpoints have in common."""

    def heartbeat(self) -> bytes:
        return COMMENT

    def fail(self, error: Error, request_id: str) -> bytes:
        return sse({"error": error_object(error)})


class OpenAIWire:
    """OpenAI's chat completions, images, models and files."""

    heartbeat_interval = 15.0  # Proxies cut connections that are silent for 30 to 60 s.
    breaks_off = True
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)

    def is_client(self, request: HTTPConnection) -> bool:
        return True  # Whoever says nothing else.

    def credentials(self, request: HTTPConnection) -> Sequence[str]:
        return list(from_headers(request, "authorization", "x-api-key", "api-key"))

    def error_status(self, error: Error) -> int:
        return error.status

    def error_body(self, error: Error, request_id: str) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return encode({"error": error_object(error)})

    def model(self, model: ListedModel) -> dict[str, Any]:
        return models.model_object(model)

    def models(self, listed: Sequence[ListedModel]) -> dict[str, Any]:
        return models.list_object(listed)


WIRE: Final = OpenAIWire()
