"""Everything that can go wrong, each with its HTTP status and OpenAI code.

Who finds a fault raises one of these; `lib.runtime.app` turns it into a response, and a stream that has begun into its
last event. Messages are meant for the caller: they hold no token, key or prompt.
"""

from typing import ClassVar


class Error(Exception):
    """A failure that the caller is told about."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    code: str | None = "internal_error"

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

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class ContentFiltered(BadRequest):
    """The service's filter refused what was asked for, and nothing can be shown."""

    code = "content_policy_violation"


class Unauthorized(Error):
    """No token, one that cannot be read or has expired, or one that the service refuses."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class TokenRefused(Unauthorized):
    """The service refuses a token that looks right: it was revoked, or has been replaced by a newer one."""


class NotFound(Error):
    """There is nothing of that name."""

    status = 404
    type = "invalid_request_error"
    code = "not_found"


class MethodNotAllowed(Error):
    """The path is right, the method is not."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class TooLarge(Error):
    """The request, or the answer it asks for, is larger than the platform lets through."""

    status = 413
    type = "invalid_request_error"
    code = "request_too_large"


class RateLimited(Error):
    """The service asks to slow down."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class AccountBusy(RateLimited):
    """The account is generating another answer; the service allows one at a time."""

    code = "account_busy"


class UpstreamFailed(Error):
    """The service refused, answered with something unreadable, or broke off."""

    status = 502
    type = "upstream_error"
    code = "upstream_error"


class UpstreamRefused(UpstreamFailed):
    """The service understood what was asked and will not do it: there is no such thing, or it may not be had."""


class UpstreamUnavailable(UpstreamFailed):
    """The service cannot be reached or has a fault of its own: it may work when tried again."""


class Misconfigured(Error):
    """The deployment's settings cannot work."""

    status = 503
    type = "configuration_error"
    code = "misconfigured"


class DeadlineExceeded(Error):
    """The answer was not complete before the platform ends the invocation."""

    status = 504
    type = "timeout_error"
    code = "deadline_exceeded"
