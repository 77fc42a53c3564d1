"""What a caller is told when no key has answered."""

from collections.abc import Sequence
from typing import NamedTuple

from lib import settings
from lib.accounts.keys import Key
from lib.errors import (
    AccountBanned,
    AccountBusy,
    BadRequest,
    Error,
    NoAccountAvailable,
    QuotaExceeded,
    RateLimited,
    RiskControl,
    TooLarge,
    Unauthorized,
    UpstreamUnavailable,
)


def risk_control(name: str) -> RiskControl:
    """What a caller is told while the address is left alone."""
    return RiskControl(
        f"Risk control: {name} refuses the address that this deployment calls from. It was not asked again, since "
        "repeating prolongs it. Open chatglm.cn in a browser on that network, wait some minutes, or deploy elsewhere."
    )


def most_useful(failures: Sequence[Error]) -> Error:
    """The one to tell: when any key will be free again, before what no waiting mends."""
    order = (AccountBusy, QuotaExceeded, RateLimited, UpstreamUnavailable, RiskControl, AccountBanned)

    def rank(error: Error) -> tuple[int, float]:
        if isinstance(error, RateLimited) and not isinstance(error, QuotaExceeded):
            return 0, error.retry_after or 0.0
        if isinstance(error, BadRequest | TooLarge):
            return len(order) + 2, 0.0
        if isinstance(error, Unauthorized):
            return len(order) + 1, 0.0
        return next((place for place, kind in enumerate(order, 1) if isinstance(error, kind)), len(order)), 0.0

    return min(failures, key=rank)


TOLD = 5
"""Keys whose faults are told one by one: who brings more than these reads no further."""


class Failure(NamedTuple):
    """What went wrong with a key, or, where that is None, with all of one upstream's."""

    error: Error
    key: Key | None = None


def told(failures: Sequence[Failure]) -> Error:
    """What a caller is told. Of several keys that are no good, what is wrong with each."""
    error = most_useful([one.error for one in failures])
    dead = [one for one in failures if one.key is not None and isinstance(one.error, Unauthorized | AccountBanned)]
    if isinstance(error, Unauthorized | AccountBanned) and len(dead) > 1 and not settings.current().access_keys:
        keys = sorted((one.key.place, f"{one.key.name}: {one.error.message}") for one in dead if one.key)
        more = [f"And {len(keys) - TOLD} more."] if len(keys) > TOLD else []
        message = " ".join(["None of these keys can be used.", *(words for _, words in keys[:TOLD]), *more])
        return type(error)(message, code=error.code)
    return of_deployment(error)


def of_deployment(error: Error) -> Error:
    """`error` as a caller has to be told it who presents an access key: a dead account is no fault of theirs."""
    if settings.current().access_keys and isinstance(error, Unauthorized | AccountBanned | QuotaExceeded):
        told = "None of this deployment's own accounts can answer. Its owner has to renew them: the log says which."
        return NoAccountAvailable(f"{told} {settings.complaint()}".rstrip())
    return error
