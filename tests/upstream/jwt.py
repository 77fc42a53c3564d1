"""JSON Web Tokens signed with HS256: just enough to make them and to read them back."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any


def encode(payload: dict[str, Any], key: bytes) -> str:
    unsigned = f"{_pack({'alg': 'HS256', 'typ': 'JWT'})}.{_pack(payload)}"
    return f"{unsigned}.{_base64(_sign(unsigned, key))}"


def decode(token: str, key: bytes) -> dict[str, Any]:
    """Return the payload. ValueError: not a token, or signed with another key."""
    unsigned, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_base64(_sign(unsigned, key)).encode(), signature.encode()):
        raise ValueError("the signature does not match")
    payload = unsigned.partition(".")[2]
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def _sign(unsigned: str, key: bytes) -> bytes:
    return hmac.new(key, unsigned.encode(), hashlib.sha256).digest()


def _pack(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
