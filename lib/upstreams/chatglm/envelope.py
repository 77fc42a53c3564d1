"""The envelope that every answer of the service but the stream comes in, and what its refusals mean.

`{"status": 0, "message": "success", "result": …}` (protocol: [sure]); older answers say `code` for `status` [old].
"""

import json
from typing import Any, Final

from lib.errors import (
    AccountBusy,
    Error,
    RateLimited,
    TokenRefused,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamUnavailable,
)

_BUSY: Final = 10061
_TOKEN_REFUSED: Final = (40102, 40103)
_SIGNATURE_REFUSED: Final = (40001, 40002, 40011, 40014)
_SLOW_DOWN: Final = ("频繁", "太快", "请稍后")

BUSY_RETRY_AFTER = 5.0
"""Seconds after which a client may ask a busy account again: most answers take longer, few of them much."""
LIMITED_RETRY_AFTER = 30.0
"""Seconds after which a client may ask a limited account again; the service does not say."""


def result(http_status: int, body: bytes, retry_after: str | None = None) -> Any:
    """The `result` of an answer. Raises the error that a refusal means. `retry_after`: the header of that name."""
    try:
        return _result(http_status, body)
    except RateLimited as error:
        if retry_after and retry_after.isdecimal():
            error.retry_after = float(retry_after[:6])
        raise


def _result(http_status: int, body: bytes) -> Any:
    envelope = _parse(body)
    if envelope is None:
        raise _unreadable(http_status)
    status = envelope.get("status", envelope.get("code"))
    if http_status < 400 and status == 0:
        return envelope.get("result")
    raise _refusal(http_status, status, str(envelope.get("message") or ""))


def _refusal(http_status: int, status: Any, message: str) -> Error:
    if status in _TOKEN_REFUSED or http_status == 401:
        return TokenRefused("The service refuses this ChatGLM token. Log in at chatglm.cn and take a new one.")
    if status == _BUSY:
        return AccountBusy(
            "This account is generating another answer; the service allows one at a time.",
            retry_after=BUSY_RETRY_AFTER,
        )
    if http_status == 429 or any(words in message for words in _SLOW_DOWN):
        return RateLimited("The service asks to slow down.", retry_after=LIMITED_RETRY_AFTER)
    if status in _SIGNATURE_REFUSED:
        return UpstreamFailed(
            f"The service refuses how this deployment signs its calls ({status}). "
            "Is its clock right? Or has the page's secret changed: see GLM_SIGN_SECRET."
        )
    if http_status >= 500:
        return UpstreamUnavailable(f"The service has a fault of its own (HTTP {http_status}).")
    return UpstreamRefused(f"The service refused: {message[:200] or 'no reason given'} ({status or http_status}).")


def _unreadable(http_status: int) -> Error:
    if http_status in (401, 429) or http_status >= 500:
        return _refusal(http_status, None, "")
    return UpstreamFailed(f"The service answered with something else than data (HTTP {http_status}).")


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return envelope if isinstance(envelope, dict) else None
