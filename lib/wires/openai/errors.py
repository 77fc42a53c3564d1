"""Errors as OpenAI's API words them."""

import json
from typing import Any

from lib.errors import Error


def error_object(error: Error) -> dict[str, Any]:
    """`{"message", "type", "param", "code"}`."""
    return {"message": error.message, "type": error.type, "param": error.param, "code": error.code}


def body(error: Error) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`."""
    return json.dumps({"error": error_object(error)}, ensure_ascii=False, separators=(",", ":")).encode(
        errors="replace"
    )
