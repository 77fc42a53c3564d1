"""JSON as all wires send it: compact, in UTF-8, and never unencodable; and the framing of server-sent events."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

SSE: Final = "text/event-stream; charset=utf-8"

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LINE_ENDS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))
"""No line ends to JSON nor to SSE, but to clients that cut a stream into lines as Python's `splitlines` does."""


class SseStream:
    """What most encoders have in common."""

    media_type = SSE
    text_copies = 1

    def preamble(self) -> bytes:
        return b""


def encode(value: Any) -> bytes:
    """`value` as JSON. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    from pydantic_core import PydanticSerializationError, to_json  # Late: who is asked for a ping needs none of it.

    try:
        data = to_json(
            value
        )  # Each word of a stream comes through here: it takes a fifth of the standard library's time.
    except PydanticSerializationError:
        data = _encode(value).encode(errors="replace")
    if not data.isascii():
        for letter, escaped in _LINE_ENDS:
            data = data.replace(letter, escaped)
    return data


def encode_json(value: Any) -> str:
    return encode(value).decode()


def sse(data: Any, event: str = "") -> bytes:
    """`data` as one server-sent event, with its name where it has one."""
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), encode(data))
    return b"data: %b\n\n" % encode(data)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")
