"""Everything that can go wrong, in no wire's words: a kind, a code, a message, a field, when to ask again.

Who finds a fault raises one of these; the wire words it, in a response or in a stream's last event. Messages are meant
for the caller and begin with what matters most, since clients cut them: they hold no token, key or prompt.
"""

from typing import ClassVar, Literal

type Kind = Literal[
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "too_large",
    "rate_limited",
    "upstream",
    "unavailable",
    "timeout",
    "internal",
]


class Error(Exception):
    """A failure that the caller is told about."""

    kind: ClassVar[Kind] = "internal"
    status: ClassVar[int] = 500
    """The HTTP status, where a wire has no reason for another."""
    retry: ClassVar[bool | None] = None
    """Whether asking again can help; None where the status says it well enough."""
    code: str = "internal_error"
    """Names the failure more closely than its kind."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`param` names the request's field, `retry_after` is in seconds."""
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.code
        self.retry_after = retry_after


class BadRequest(Error):
    """The request cannot be carried out as it stands."""

    kind = "bad_request"
    status = 400
    code = "invalid_request"


class ContentFiltered(BadRequest):
    """The service's filter refused what was asked for, and nothing can be shown."""

    code = "content_policy_violation"


class ContextLengthExceeded(BadRequest):
    """The prompt is longer than the model takes."""

    code = "context_length_exceeded"

    def __init__(self, message: str, *, tokens: int | None = None, limit: int | None = None) -> None:
        """`tokens`: how long the prompt is, about; `limit`: how long it may be, where anybody knows."""
        super().__init__(message, param="messages")
        self.tokens = tokens
        self.limit = limit


class Unauthorized(Error):
    """No key, one that cannot be read or has expired, or one that the service refuses."""

    kind = "unauthorized"
    status = 401
    retry = False  # Claude Code would ask again for 40 s.
    code = "invalid_api_key"


class TokenRefused(Unauthorized):
    """The service refuses a token that looks right: it was revoked, or has been replaced by a newer one."""


class Forbidden(Error):
    """The key is known, and may not do this. Asking again does not help."""

    kind = "forbidden"
    status = 403
    retry = False
    code = "permission_denied"


class AccountBanned(Forbidden):
    """The service has closed this account."""

    code = "account_banned"


class RiskControl(Forbidden):
    """The service's risk control refuses the address that the deployment calls from. Repeating prolongs it."""

    code = "risk_control"


class NotFound(Error):
    """There is nothing of that name."""

    kind = "not_found"
    status = 404
    code = "not_found"


class UpgradeRefused(NotFound):
    """A WebSocket is asked for. Codex then turns to HTTP at once; after a 404 it would try seven times."""

    status = 426
    code = "no_websockets"


class MethodNotAllowed(Error):
    """The path is right, the method is not."""

    kind = "method_not_allowed"
    status = 405
    code = "method_not_allowed"


class TooLarge(Error):
    """The request, or the answer it asks for, is larger than the platform lets through."""

    kind = "too_large"
    status = 413
    code = "request_too_large"


class RateLimited(Error):
    """The service asks to slow down."""

    kind = "rate_limited"
    status = 429
    code = "rate_limit_exceeded"


class AccountBusy(RateLimited):
    """The account is generating another answer; the service allows one at a time."""

    code = "account_busy"

    @classmethod
    def by_another_answer(cls) -> "AccountBusy":
        """What everybody is told whose account is writing. Most answers take longer than this, few of them much."""
        return cls(
            "This account is writing another answer, and the service allows one at a time. "
            "Ask again, or add an account.",
            retry_after=5.0,
        )


class Crowded(RateLimited):
    """Refused for the moment: anything may be asked again, and soon."""


class ModelCrowded(Crowded):
    """The same of one model alone: the key is as good for any other."""


class QuotaExceeded(RateLimited):
    """What this key may use is used up. Asking again does not help before somebody pays, or a day is over."""

    retry = False
    code = "insufficient_quota"


class UpstreamFailed(Error):
    """The service refused, answered with something unreadable, or broke off."""

    kind = "upstream"
    status = 502
    code = "upstream_error"


class UpstreamRefused(UpstreamFailed):
    """The service understood what was asked and will not do it: there is no such thing, or it may not be had."""


class UpstreamUnavailable(UpstreamFailed):
    """The service refused before it did anything, for a fault of its own: it may work when tried again."""


class TokenOutdated(UpstreamFailed):
    """The service refuses a token that another instance may have renewed: what it was renewed to is not at hand."""

    status = 503
    code = "token_outdated"


class NotConnected(UpstreamUnavailable):
    """The connection was not made, so nothing was sent: even an order may be given again."""


class UpstreamUncertain(UpstreamFailed):
    """Nobody knows whether the service has taken the request: it must not be sent again, on no key.

    Nor by a client's own retries: whether to ask once more is for a person to say.
    """

    retry = False


class AnswerUnusable(UpstreamFailed):
    """The model answered, twice, and not in the form that the caller requires. Another key would do no better, and a
    client that asks again by itself pays for two more answers each time."""

    retry = False
    code = "unusable_answer"


class Misconfigured(Error):
    kind = "unavailable"
    status = 503
    retry = False
    code = "misconfigured"


class NoAccountAvailable(Error):
    """None of the deployment's own accounts works. The caller can do nothing about it."""

    kind = "unavailable"
    status = 503
    retry = False
    code = "no_account_available"


class DeadlineExceeded(Error):
    """The answer was not complete before the platform ends the invocation."""

    kind = "timeout"
    status = 504
    code = "deadline_exceeded"
