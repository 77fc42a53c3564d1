"""What every call must carry: the signature and the headers (protocol: "Signature and headers")."""

import hashlib
import re
import time
from collections.abc import Mapping

from .envelope import BAD_SIGNATURE, BAD_TIMESTAMP, MISSING_HEADER, MISSING_USER_AGENT, Refusal
from .manners import Manners

SECRET = "8a1317a7468aa3ad86e997d08f3f31cb"

FIXED_HEADERS = {
    "App-Name": "chatglm",
    "X-App-Platform": "pc",
    "X-App-Version": "0.0.1",
    "X-Lang": "zh",
    "X-App-fr": "default",
    "X-Device-Brand": "",
    "X-Device-Model": "",
    "Origin": "https://chatglm.cn",
}

_HEX32 = re.compile(r"[0-9a-f]{32}")
_TIMESTAMP = re.compile(r"[0-9]{13}")


def sign(timestamp: str, nonce: str) -> str:
    return hashlib.md5(f"{timestamp}-{nonce}-{SECRET}".encode()).hexdigest()


def has_check_digit(timestamp: str) -> bool:
    """Whether the last but one digit is the sum of the others, modulo 10."""
    digits = [int(digit) for digit in timestamp]
    check = digits.pop(-2)
    return sum(digits) % 10 == check


class Gatekeeper:
    """Refuses calls that do not look like the web page's own, and calls that are a repeat."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._nonces: set[str] = set()
        self._request_ids: set[str] = set()
        self.stale = 0
        """Calls refused because of the time that they name."""

    def check(self, headers: Mapping[str, str]) -> None:
        """Refusal 40001, 40002, 40011 or 40014, with the header's name. `headers` are looked up in any case."""
        self._check_device(headers)
        self._check_timestamp(headers)
        self._check_sign(headers)

    def clock(self) -> float:
        """Return the service's own time."""
        return time.time() + self._manners.clock_ahead

    def clear(self) -> None:
        self._nonces.clear()
        self._request_ids.clear()

    def _check_device(self, headers: Mapping[str, str]) -> None:
        for name, value in FIXED_HEADERS.items():
            if headers.get(name) != value:
                raise Refusal(MISSING_HEADER, f"{name} is missing or wrong")
        for name in ("X-Device-Id", "X-Request-Id"):
            if not _HEX32.fullmatch(headers.get(name, "")):
                raise Refusal(MISSING_HEADER, f"{name} is missing or wrong")
        if headers["X-Request-Id"] in self._request_ids:
            raise Refusal(MISSING_HEADER, "X-Request-Id was used before")
        self._request_ids.add(headers["X-Request-Id"])
        if not headers.get("Referer", "").startswith("https://chatglm.cn/"):
            raise Refusal(MISSING_HEADER, "Referer is missing or wrong")
        if not headers.get("User-Agent", "").startswith("Mozilla/5.0 ("):
            raise Refusal(MISSING_USER_AGENT, "User-Agent is missing or no browser's")

    def _check_timestamp(self, headers: Mapping[str, str]) -> None:
        timestamp = headers.get("X-Timestamp", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not has_check_digit(timestamp):
            raise Refusal(BAD_TIMESTAMP, "X-Timestamp is missing or wrong")
        # The check digit hides the tens of milliseconds, which is far below the tolerance.
        if abs(self.clock() - int(timestamp) / 1000) > self._manners.clock_tolerance:
            self.stale += 1
            raise Refusal(BAD_TIMESTAMP, "X-Timestamp is stale")

    def _check_sign(self, headers: Mapping[str, str]) -> None:
        nonce = headers.get("X-Nonce", "")
        if not _HEX32.fullmatch(nonce):
            raise Refusal(BAD_SIGNATURE, "X-Nonce is missing or wrong")
        if headers.get("X-Sign") != sign(headers["X-Timestamp"], nonce):
            raise Refusal(BAD_SIGNATURE, "X-Sign is missing or wrong")
        if nonce in self._nonces:
            raise Refusal(BAD_SIGNATURE, "X-Nonce was used before")
        self._nonces.add(nonce)
