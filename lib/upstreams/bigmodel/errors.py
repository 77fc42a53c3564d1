"""What the platform's refusals mean: its table of codes, in the house's errors.

`{"error": {"code": "1113", "message": "…"}}`, with no Retry-After (open platform, "Errors": [documented]).
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final

from lib.errors import (
    AccountBanned,
    BadRequest,
    ContentFiltered,
    ContextLengthExceeded,
    Crowded,
    Error,
    Forbidden,
    ModelCrowded,
    NotFound,
    QuotaExceeded,
    RateLimited,
    TooLarge,
    Unauthorized,
    UpstreamFailed,
    UpstreamUnavailable,
    UpstreamUncertain,
)

CONCURRENCY_RETRY_AFTER: Final = 5.0
"""Seconds after too many requests at once (1302): the time in which one of many answers ends."""
FREQUENCY_RETRY_AFTER: Final = 20.0
"""Seconds after too many requests in a while (1303, and 429s of no known code): limits are told by the minute."""
OVERLOAD_RETRY_AFTER: Final = 15.0
"""Seconds after an overload of the model (1305, 1312)."""
RESET_RETRY_AFTER: Final = 3600.0
"""Seconds after a quota whose time of reset cannot be read: the shortest one lasts five hours."""
SHORT_WAIT: Final = 60.0
"""Seconds until the reset of a quota, up to which it is worth asking again by itself: clients wait no longer."""
MAX_WORDS: Final = 300
"""Letters of the platform's own words that are passed on: a sentence or two."""

_RESET: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)")
_ZONE: Final = timezone(timedelta(hours=8))
"""The platform tells times in Chinese time, to international keys as well [once]."""


def of_response(status: int, content: bytes) -> Error:
    """The error that a refusal means. Refused by a bare 5xx, it counts as not taken only where the status says so."""
    code, message = _read(_parsed(content))
    if code is not None:
        return of_code(code, message, status)
    return _of_status(status, message)


def of_body(body: Any) -> Error | None:
    """The error that a body or an event tells in spite of its status 200; None where it tells none.

    A job's failure is none: it is what was asked for.
    """
    if isinstance(body, dict) and "task_status" in body:
        return None
    code, message = _read(body)
    return None if code is None else of_code(code, message, 200)


def of_code(code: int, message: str, status: int) -> Error:
    """The error that a code of the platform's table means. One that is not in it: what the status says."""
    make = _TABLE.get(code)
    return make(code, _clean(message)) if make else _of_status(status, f"{message} ({code})" if code else message)


def _read(body: Any) -> tuple[int | None, str]:
    """Code and message of an envelope: nested, or flat with a `msg`. No code: it tells no error. 0: one without."""
    if not isinstance(body, dict):
        return None, ""
    told = body.get("error")
    if isinstance(told, dict):
        return _number(told.get("code")) or 0, str(told.get("message") or told.get("msg") or "")
    code = _number(body.get("code"))
    words = str(body.get("msg") or body.get("message") or told or "")
    if body.get("success") is False or (code and code != 200 and words):
        return code or 0, words
    return (0 if told else None), words


def _number(code: Any) -> int | None:
    text = str(code).strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _clean(words: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())[:MAX_WORDS]


def _of_status(status: int, words: str) -> Error:
    told = f"HTTP {status}: {_clean(words) or 'no reason given'}"
    match status:
        case 401:
            return _unauthorized(status, told)
        case 403 | 434:
            return Forbidden(f"The open platform does not let this API key do that ({told}).")
        case 404:
            return NotFound(f"The open platform does not know that ({told}).")
        case 413 | 435:
            return TooLarge(f"The open platform takes no request of this size ({told}).")
        case 429:
            return RateLimited(f"The open platform asks to slow down ({told}).", retry_after=FREQUENCY_RETRY_AFTER)
        case 500 | 502 | 503:
            return UpstreamUnavailable(f"The open platform has a fault of its own ({told}).")
        case 400 | 405 | 406 | 415 | 422:
            return BadRequest(f"The open platform refuses the request ({told}).")
        case _ if status >= 500 or status == 408:
            return UpstreamUncertain(f"The open platform broke off, and may have acted on the request ({told}).")
        case _:
            return UpstreamFailed(f"The open platform answered with something unexpected ({told}).")


# The table. Each takes the code and the platform's words.


def _unauthorized(code: int, words: str) -> Error:
    return Unauthorized(
        "The open platform refuses this API key. Is it right, and of the platform that GLM_PLATFORM_URL names? Keys of "
        f"open.bigmodel.cn and of api.z.ai are not the same. ({code})"
    )


def _bad(code: int, words: str) -> Error:
    return BadRequest(f"The open platform refuses the request: {words or 'a parameter is not taken'} ({code}).")


def _no_model(code: int, words: str) -> Error:
    return NotFound(
        f"The open platform has no such model: use glm-5.3, or see /v1/models. ({code})",
        param="model",
        code="model_not_found",
    )


def _banned(code: int, words: str) -> Error:
    return AccountBanned(f"The open platform has locked the account of this API key: {words} ({code}).")


class NoBalance(QuotaExceeded):
    """1113: no balance, or a plan's key where one pays by use. Which of the two it is, the quota call tells."""


def _no_money(code: int, words: str) -> Error:
    return NoBalance(
        "Top up the account of this API key, or where it is a coding plan's, write it as KEY@plan: the open platform "
        f"tells both as no balance. ({code})"
    )


def no_balance(*, plan: bool) -> NoBalance:
    """The same, once it is known which of the two it is."""
    if plan:
        return NoBalance(
            "This API key is a coding plan's, and here one pays by use: write it as KEY@plan (KEY@zai-plan for one of "
            "api.z.ai). A plan is for listed coding tools alone. (1113)"
        )
    return NoBalance("Top up the account of this API key: its balance at the open platform is used up. (1113)")


def _unknown_job(code: int, words: str) -> Error:
    return NotFound(f"The open platform does not know this job, or it is another account's ({code}).", param="id")


def _fault(code: int, words: str) -> Error:
    return UpstreamUnavailable(f"The open platform has a fault of its own: {words or 'no reason given'} ({code}).")


def _uncertain(code: int, words: str) -> Error:
    return UpstreamUncertain(f"The open platform has taken a request with this id already ({code}).")


def _forbidden(code: int, words: str) -> Error:
    return Forbidden(f"The open platform does not let this API key do that: {words or 'no reason given'} ({code}).")


def _too_long(code: int, words: str) -> Error:
    return ContextLengthExceeded(f"The prompt is longer than the model takes. ({code})")


def _filtered(code: int, words: str) -> Error:
    return ContentFiltered(f"The open platform's filter refuses this: {words or 'no reason given'} ({code})")


def _crowded(code: int, words: str) -> Error:
    return Crowded(
        f"The open platform asks to wait: {words or 'too many requests'} ({code}).", retry_after=CONCURRENCY_RETRY_AFTER
    )


def _overloaded(code: int, words: str) -> Error:
    return ModelCrowded(
        f"This model is overloaded at the open platform; another may answer: {words or 'no reason given'} ({code}).",
        retry_after=OVERLOAD_RETRY_AFTER,
    )


def _limited(code: int, words: str) -> Error:
    return RateLimited(f"The open platform asks to slow down: {words} ({code}).", retry_after=FREQUENCY_RETRY_AFTER)


def _quota(code: int, words: str) -> Error:
    """A quota that comes again by itself."""
    seconds = reset_in(words)
    kind = RateLimited if seconds is not None and seconds <= SHORT_WAIT else QuotaExceeded
    return kind(
        f"The quota of this API key is used up: {words or 'the open platform does not say until when'} ({code})",
        retry_after=RESET_RETRY_AFTER if seconds is None else seconds,
    )


def _exhausted(code: int, words: str) -> Error:
    """A subscription that somebody has to renew, or a limit that the platform never says the end of."""
    return QuotaExceeded(
        f"The plan of this API key does not allow this: {words or 'no reason given'} ({code})",
        retry_after=reset_in(words),
    )


def _unfair(code: int, words: str) -> Error:
    return Forbidden(
        "Use an API key that is paid by use: this one seems to be of a coding plan, which the open platform lets only "
        f"listed tools use, and bans after three attempts. ({code})"
    )


def reset_in(words: str, now: float | None = None) -> float | None:
    """Seconds until the time of reset that `words` name; None where they name none that lies ahead."""
    found = _RESET.search(words)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]} {found[2]}").replace(tzinfo=_ZONE).timestamp()
    except ValueError:
        return None
    seconds = at - (time.time() if now is None else now)
    return seconds if seconds > 0 else None


_TABLE: Final[Mapping[int, Callable[[int, str], Error]]] = MappingProxyType(
    {
        **dict.fromkeys((1000, 1001, 1002, 1003, 1004, 1005, 1110, 1111), _unauthorized),
        **dict.fromkeys((1112, 1121), _banned),
        1113: _no_money,
        **dict.fromkeys((500, 1100, 1120, 1200, 1230, 1234), _fault),
        **dict.fromkeys((1210, 1212, 1213, 1214, 1215, 1221, 1222), _bad),
        1211: _no_model,
        **dict.fromkeys((1220, 1300), _forbidden),
        1231: _uncertain,
        1233: _unknown_job,
        1261: _too_long,
        1301: _filtered,
        1302: _crowded,
        1303: _limited,
        **dict.fromkeys((1305, 1312), _overloaded),
        **dict.fromkeys((1304, 1308, 1310), _quota),
        **dict.fromkeys((1309, *range(1314, 1322)), _exhausted),
        1311: _forbidden,
        1313: _unfair,
    }
)
"""Code to error, of those that are documented. 1113, 1309, 1311 and 1313 to 1321 are never tried again."""
