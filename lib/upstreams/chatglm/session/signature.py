"""The signature that every call to the service carries (protocol: [sure])."""

from hashlib import md5
from secrets import token_hex


def timestamp(milliseconds: int) -> str:
    """The 13 digits of a Unix time, the last but one replaced by a check digit made from the others."""
    digits = f"{milliseconds:013d}"
    check = (sum(map(int, digits)) - int(digits[-2])) % 10
    return f"{digits[:-2]}{check}{digits[-1]}"


def sign(stamp: str, nonce: str, secret: str) -> str:
    """The value of `X-Sign`, 32 lower-case hex digits."""
    return md5(f"{stamp}-{nonce}-{secret}".encode(), usedforsecurity=False).hexdigest()


def headers(secret: str, milliseconds: int) -> dict[str, str]:
    """The three headers of one call, signed at that Unix time."""
    stamp, nonce = timestamp(milliseconds), token_hex(16)
    return {"X-Timestamp": stamp, "X-Nonce": nonce, "X-Sign": sign(stamp, nonce, secret)}
