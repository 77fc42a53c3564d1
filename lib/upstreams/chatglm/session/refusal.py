"""What the service's refusals mean, wherever they stand: in an envelope, in place of a stream, or inside one.

Words come first, then codes, then the HTTP status: the same code is used for different things (protocol, refusals).
"""

import re
from typing import Final

from lib.errors import (
    AccountBanned,
    AccountBusy,
    BadRequest,
    ContextLengthExceeded,
    Error,
    Forbidden,
    QuotaExceeded,
    RateLimited,
    RiskControl,
    TokenRefused,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamUnavailable,
    UpstreamUncertain,
)

LIMITED_RETRY_AFTER: Final = 30.0
"""Seconds after which a client may ask a limited account again; the service does not say."""
QUEUE_RETRY_AFTER: Final = 15.0
"""Seconds after which a client may ask again at peak time."""
MAX_WORDS: Final = 200
"""Letters of the service's own words that are passed on: a sentence or two."""

TOO_LONG: Final = 10040
"""The prompt is too long [sure]."""
INTERNAL: Final = 10025
"""An internal error inside a stream, worth one more try [sure]."""

_BUSY: Final = 10061
_PEAK: Final = 10062
_CLAIMED: Final = 10001
_RISK: Final = 40012
_TOKEN_REFUSED: Final = (40101, 40102, 40103)
_BANNED: Final = (40301,)
_SIGNATURE_REFUSED: Final = (40001, 40002, 40011)
_CLOCK_REFUSED: Final = 40014
NO_CONVERSATION: Final = 40004

# Wordings marked (assumed) were never seen.
_LIMIT_WORDS: Final = ("频繁", "太快", "请稍后", "请稍候", "Too Many")
_BUSY_WORDS: Final = ("等待其他对话", "其他对话生成")
_PEAK_WORDS: Final = ("排队", "高峰期", "并发", "Server busy", "系统繁忙", "人数过多", "服务繁忙")
_QUOTA_WORDS: Final = ("次数已达上限", "额度已用完", "已用完", "已达上限", "多次体验过", "开通会员")
_POINT_WORDS: Final = re.compile(r"积分|余额|点数|\bpoints\b|\bbalance\b", re.IGNORECASE)  # (assumed)
_BANNED_WORDS: Final = ("封禁", "已被禁", "冻结")
_LOGIN_WORDS: Final = ("请登录", "未登录", "登录后", "not logged in")
_UNKNOWN_WORDS: Final = ("不存在", "未找到", "已删除", "not exist", "not found", "unknown")  # (assumed)
_VERIFICATION_PAGES: Final = ("滑动验证页面", "访问验证", "captcha", "security check")
PHRASES: Final = (
    *(*_LIMIT_WORDS, *_BUSY_WORDS, *_PEAK_WORDS, *_QUOTA_WORDS, *_BANNED_WORDS, *_LOGIN_WORDS, *_VERIFICATION_PAGES),
    *("bad request", "success", "header", "今日已领取", "context exceeded"),
)
"""What reports keep of the service's words: nobody else's."""


class Unknown(UpstreamRefused):
    """The service does not know what was named: it never was, or is gone."""


class ClockRefused(UpstreamFailed):
    """The service refuses the time at which a call was signed: nothing was taken, and it may be signed anew."""


class NotLoggedIn(TokenRefused):
    """The service knows the token, as a visitor's."""


class AlreadyClaimed(UpstreamRefused):
    """The credit of the day was taken before."""


class CookieWanted(RiskControl):
    """40012, with cookies that the refusal sets: with these it may let us in."""


class VerificationPage(RiskControl):
    """A page for a person in place of data: nothing is asked again."""


def refusal(http_status: int, code: int | None, words: str) -> Error:
    """The error that a refusal means. `code` is the envelope's, `words` are the service's own."""
    for means, error in _BY_WORDS:
        if any(one in words for one in means):
            return error(words)
    if _POINT_WORDS.search(words):
        return _quota(words)
    if code == _CLAIMED:
        return AlreadyClaimed(f"{_short(words)} ({code})")
    if code == _RISK:
        return RiskControl(_risk("40012"))
    if code in _TOKEN_REFUSED or http_status == 401:
        return _token_refused(words)
    if code in _BANNED:
        return _banned(words)
    if code == _BUSY:
        return AccountBusy.by_another_answer()
    if code == _PEAK:
        return _peak(words)
    if code == TOO_LONG or "context exceeded" in words:
        return ContextLengthExceeded("The prompt is too long for the model: shorten or compact the conversation.")
    if http_status == 429:
        return _limited(words)
    if code == NO_CONVERSATION:
        return BadRequest("The service does not know this conversation (any more).", param="conversation_id")
    if code in _SIGNATURE_REFUSED or code == _CLOCK_REFUSED:
        kind = ClockRefused if code == _CLOCK_REFUSED else UpstreamFailed
        return kind(
            f"The service refuses how this deployment signs its calls ({code}). "
            "Is its clock right? Or has the page's secret changed: see GLM_SIGN_SECRET."
        )
    if code == INTERNAL or http_status in (500, 502, 503):
        return UpstreamUnavailable(f"The service has a fault of its own ({code or f'HTTP {http_status}'}).")
    if http_status >= 500:  # 504 and its like: it may have been delivered.
        return UpstreamUncertain(f"The service did not answer in time (HTTP {http_status}).")
    if http_status == 403:
        return Forbidden(f"The service refuses this account: {_short(words)} ({code or 'HTTP 403'}).")
    is_unknown = http_status == 404 or any(one in words for one in _UNKNOWN_WORDS)
    refused = Unknown if is_unknown else UpstreamRefused
    return refused(f"The service refused: {_short(words)} ({code or f'HTTP {http_status}'}).")


def page(http_status: int, content: str, *, ordered: bool = False) -> Error:
    """The error that a page in place of data means. `ordered`: for an order, which may have been taken all the same."""
    if any(mark in content for mark in _VERIFICATION_PAGES) or http_status in (403, 405):
        return VerificationPage(_risk("a verification page"))
    if ordered and http_status not in (401, 404, 429):
        return UpstreamUncertain(
            f"The service answered with a page (HTTP {http_status}): nobody knows whether it took the order."
        )
    if http_status in (401, 404, 429) or http_status >= 500:
        return refusal(http_status, None, "")
    return UpstreamRefused(f"The service answered with something else than data (HTTP {http_status}).")


def _risk(what: str) -> str:
    """The risk control refuses the address [sure]."""
    return (
        f"Risk control: the service refuses the address that this deployment calls from ({what}). Do not repeat: that "
        "prolongs it. Open chatglm.cn in a browser on that network, wait some minutes, or deploy in another region."
    )


def _token_refused(words: str) -> Error:
    return TokenRefused("The service refuses this ChatGLM token. Log in at chatglm.cn and take a new one.")


def _not_logged_in(words: str) -> Error:
    return NotLoggedIn("The service refuses this ChatGLM token. Log in at chatglm.cn and take a new one.")


def _banned(words: str) -> Error:
    return AccountBanned(f"The service has closed this account: {_short(words)}.")


def _limited(words: str) -> Error:
    return RateLimited("The service asks to slow down.", retry_after=LIMITED_RETRY_AFTER)


def _peak(words: str) -> Error:
    return RateLimited(f"The service is busy: {_short(words)}.", retry_after=QUEUE_RETRY_AFTER)


def _quota(words: str) -> Error:
    return QuotaExceeded(f"What this account may use is used up: {_short(words)}.")


def _busy(words: str) -> Error:
    return AccountBusy.by_another_answer()


_BY_WORDS: Final = (
    (_BANNED_WORDS, _banned),
    (_BUSY_WORDS, _busy),
    (_LIMIT_WORDS, _limited),
    (_QUOTA_WORDS, _quota),
    (_PEAK_WORDS, _peak),
    (_LOGIN_WORDS, _not_logged_in),
)


def _short(words: str) -> str:
    return words[:MAX_WORDS] or "no reason given"
