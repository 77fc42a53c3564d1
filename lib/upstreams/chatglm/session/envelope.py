"""The envelope that every answer of the service but the stream comes in.

`{"status": 0, "message": "success", "result": …}` (protocol: [sure]); older answers say `code` for `status` [old].
"""

import json
from typing import Any, Final

from lib.errors import RateLimited
from lib.upstreams.chatglm.session import lenient, refusal

MAX_RETRY_AFTER: Final = 3600.0
"""Seconds: a longer wait is nobody's plan."""


def result(http_status: int, body: bytes, retry_after: str | None = None, *, ordered: bool = False) -> Any:
    """The `result` of an answer. Raises the error that a refusal means.

    `retry_after`: the header of that name. `ordered`: something was ordered; what is no envelope does not refuse it.
    """
    try:
        return _result(http_status, body, ordered=ordered)
    except RateLimited as error:
        if (seconds := lenient.number(retry_after)) is not None and seconds > 0:
            error.retry_after = min(seconds, MAX_RETRY_AFTER)
        raise


def _result(http_status: int, body: bytes, *, ordered: bool) -> Any:
    if http_status == 204:
        return {}
    envelope = _parse(body)
    if envelope is None:
        raise refusal.page(http_status, body.decode(errors="replace"), ordered=ordered)
    status = lenient.code(envelope.get("status", envelope.get("code")))
    found = envelope.get("result", envelope.get("data"))
    if http_status < 400 and (status == 0 or (status is None and found is not None)):
        return found
    message = envelope.get("message") or envelope.get("msg") or envelope.get("err_msg")
    raise refusal.refusal(http_status, status, lenient.text(message))


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        envelope = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if isinstance(envelope, list) and len(envelope) == 1:
        envelope = envelope[0]
    return envelope if isinstance(envelope, dict) else None
