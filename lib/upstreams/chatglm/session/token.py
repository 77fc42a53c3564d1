"""The service's tokens: JSON Web Tokens. Anyone can read the payload; only the service can check the signature."""

import json
import re
import time
from base64 import urlsafe_b64decode
from typing import Any, Final, Literal, NamedTuple

from lib.errors import Unauthorized
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.session.cookies import Jar

MAX_LENGTH: Final = 8192
"""Letters of a token: real ones have 400. A longer one would be a header that no server takes."""
ACCESS_LIFETIME: Final = 24 * 3600.0
"""Seconds that an access token is good for whose payload does not say (protocol, "Credentials": [sure])."""

_TOKEN: Final = re.compile(r"[\w=-]+\.[\w=-]+\.[\w=-]+", re.ASCII)
_DEVICE_ID: Final = re.compile(r"[0-9a-f]{32}")
_USER_ID: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
"""A user's id that can stand in a header: callers can write anything into a token."""
_FAR: Final = 1e11
"""No time of this and the next thousand years has as many seconds. Larger numbers are no times."""

WHERE_TO_GET_ONE: Final = "Log in at chatglm.cn and use the value of the cookie chatglm_refresh_token as the API key."


class Token(NamedTuple):
    """What a token's payload says of it (protocol, "Credentials": [sure])."""

    text: str
    kind: Literal["refresh", "access"]
    expires_at: float
    """Unix time in seconds."""
    lifetime: float
    """Seconds from its issue to its expiry."""
    device_id: str
    account_id: str
    jar: Jar | None = None
    """The cookies of its account."""

    @classmethod
    def read(cls, text: str) -> "Token":
        """Read a caller's token without checking its signature. Raises `Unauthorized` for what is not one."""
        payload = _payload(text)
        if payload is None or payload.get("type") not in ("refresh", "access"):
            raise Unauthorized(f"The API key is not a ChatGLM token. {WHERE_TO_GET_ONE}")
        expires_at = _seconds(payload.get("exp"))
        if expires_at is None:
            raise Unauthorized(f"The API key is a ChatGLM token without an expiry. {WHERE_TO_GET_ONE}")
        return cls._of(text, payload, payload["type"], expires_at)

    @classmethod
    def handed_out(cls, text: str, to: "Token") -> "Token":
        """Read an access token that the service hands out for the refresh token `to`: it is taken as it is.

        What it does not say of itself is the device and the account of `to`, and a life of a day.
        """
        payload = {"device_id": to.device_id, "uid": to.account_id, **(_payload(text) or {})}
        expires_at = _seconds(payload.get("exp"))
        if expires_at is None:
            expires_at = time.time() + ACCESS_LIFETIME
        return cls._of(text, payload, "access", expires_at)._replace(jar=to.jar)

    @classmethod
    def _of(cls, text: str, payload: dict[str, Any], kind: Literal["refresh", "access"], expires_at: float) -> "Token":
        issued_at = _seconds(payload.get("iat"))
        device_id = lenient.text(payload.get("device_id"))
        return cls(
            text=text,
            kind=kind,
            expires_at=expires_at,
            lifetime=expires_at - (min(expires_at, time.time()) if issued_at is None else issued_at),
            device_id=device_id if _DEVICE_ID.fullmatch(device_id) else "",
            account_id=lenient.text(payload.get("uid")),
        )

    @property
    def cookies(self) -> dict[str, str]:
        """What the page sends as cookies beside `Authorization` (protocol, "Cookies": [sure])."""
        is_access = self.kind == "access"
        return {
            "chatglm_token": self.text if is_access else "",
            "chatglm_refresh_token": (self.jar.refresh_token if self.jar else "") if is_access else self.text,
            "chatglm_user_id": self.account_id if _USER_ID.fullmatch(self.account_id) else "",
        }

    def expired(self, margin: float = 0.0) -> bool:
        """Is it over, or will it be in `margin` seconds."""
        return time.time() + margin >= self.expires_at

    def check(self) -> "Token":
        """The token itself. Raises `Unauthorized` where it has expired: no call is needed to know that."""
        if self.expired():
            raise Unauthorized(f"The ChatGLM token has expired. {WHERE_TO_GET_ONE}")
        return self


def looks_like_one(key: str) -> bool:
    """Is a key a JSON Web Token, by its look."""
    return len(key) <= MAX_LENGTH and _TOKEN.fullmatch(key) is not None


def _payload(text: str) -> dict[str, Any] | None:
    if not looks_like_one(text):
        return None
    part = text.split(".")[1]
    try:
        payload = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _seconds(value: object) -> float | None:
    """A Unix time that can be reckoned with; None for anything else."""
    found = lenient.number(value)
    return found if found is not None and 0 <= found < _FAR else None
