"""How OpenAI's API words failures, and what keeps its streams alive."""

from typing import Any, Final

from lib.errors import Error, Kind
from lib.wires.shared.encoding import encode_json

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


def error_object(error: Error) -> dict[str, Any]:
    """`{"message", "type", "param", "code"}`."""
    return {"message": error.message, "type": _TYPES[error.kind], "param": error.param, "code": error.code}


class OpenAIWire:
    """OpenAI's chat completions, images, models and files."""

    heartbeat = b": still here\n\n"
    heartbeat_interval = 15.0  # Proxies cut connections that are silent for 30 to 60 s.
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)

    def error_status(self, error: Error) -> int:
        """See `Wire.error_status`."""
        return error.status

    def error_body(self, error: Error, request_id: str) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return encode_json({"error": error_object(error)}).encode()

    def error_event(self, error: Error, request_id: str) -> bytes:
        """The same as an event."""
        return b"data: " + self.error_body(error, request_id) + b"\n\n"


WIRE: Final = OpenAIWire()
