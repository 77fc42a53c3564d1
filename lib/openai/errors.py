"""Errors as OpenAI's API words them."""

import json

from lib.errors import Error


def body(error: Error) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`."""
    return json.dumps(
        {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode(errors="replace")
