"""JSON as all wires send it: compact, in UTF-8, and never unencodable; and the framing of server-sent events."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

SSE: Final = "text/event-stream; charset=utf-8"

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LINE_ENDS: Final = (("\u2028", "\\u2028"), ("\u2029", "\\u2029"), ("\x85", "\\u0085"))
"""No line ends to JSON nor to SSE, but to clients that cut a stream into lines as Python's `splitlines` does."""


def encode_json(value: Any) -> str:
    """`value` as JSON. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    text = _encode(value)
    if text.isascii():
        return text
    for letter, escaped in _LINE_ENDS:
        text = text.replace(letter, escaped)
    return text.encode(errors="replace").decode()


def sse(data: Any, event: str = "") -> bytes:
    """`data` as one server-sent event, with its name where it has one."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {encode_json(data)}\n\n".encode()


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode_json(body).encode(), status, headers, media_type="application/json")
