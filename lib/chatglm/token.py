"""The service's tokens: JSON Web Tokens. Anyone can read the payload; only the service can check the signature."""

import binascii
import json
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Literal

from lib.errors import Unauthorized

WHERE_TO_GET_ONE = "Log in at chatglm.cn and use the value of the cookie chatglm_refresh_token as the API key."


@dataclass(frozen=True, slots=True)
class Token:
    """What a token's payload says of it (protocol, "Credentials": [sure])."""

    text: str
    kind: Literal["refresh", "access"]
    expires_at: float
    """Unix time in seconds."""
    lifetime: float
    """Seconds from its issue to its expiry."""
    device_id: str
    account_id: str

    @classmethod
    def read(cls, text: str) -> "Token":
        """Read a token without checking its signature. Raises `Unauthorized` for what is not one."""
        try:
            payload = json.loads(_decode(text.split(".")[1])) if text.count(".") == 2 else None
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict) or payload.get("type") not in ("refresh", "access"):
            raise Unauthorized(f"The API key is not a ChatGLM token. {WHERE_TO_GET_ONE}")
        expires_at = payload.get("exp")
        if not isinstance(expires_at, int | float):
            raise Unauthorized(f"The API key is a ChatGLM token without an expiry. {WHERE_TO_GET_ONE}")
        return cls(
            text=text,
            kind=payload["type"],
            expires_at=float(expires_at),
            lifetime=float(expires_at) - _number(payload.get("iat"), expires_at),
            device_id=str(payload.get("device_id") or ""),
            account_id=str(payload.get("uid") or ""),
        )

    def expired(self, margin: float = 0.0) -> bool:
        """Is it over, or will it be in `margin` seconds."""
        return time.time() + margin >= self.expires_at

    def check(self) -> "Token":
        """The token itself. Raises `Unauthorized` where it has expired: no call is needed to know that."""
        if self.expired():
            raise Unauthorized(f"The ChatGLM token has expired. {WHERE_TO_GET_ONE}")
        return self


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def _decode(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from error
