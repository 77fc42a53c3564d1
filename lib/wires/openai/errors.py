"""Errors as OpenAI's API words them."""

import json
from typing import Any

from lib.errors import Error, Kind

_TYPES: dict[Kind, str] = {
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


def body(error: Error) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`."""
    return json.dumps({"error": error_object(error)}, ensure_ascii=False, separators=(",", ":")).encode(
        errors="replace"
    )
