"""JSON as all wires send it: compact, in UTF-8, and never unencodable."""

import json
from typing import Any, Final

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_json(value: Any) -> str:
    """`value` as JSON. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    text = _encode(value)
    return text if text.isascii() else text.encode(errors="replace").decode()
