"""What the owner of a deployment's accounts has to know before callers notice: one line in the log for each account.

Only of the keys that the deployment holds: whoever brings a key of its own is told in the answer.
"""

import logging
import time
from typing import Final, Literal

from lib import settings
from lib.accounts.keys import Candidate
from lib.errors import AccountBanned, Error, Unauthorized
from lib.invocation import context

EXPIRES_SOON: Final = 14 * 24 * 3600.0
"""Seconds before its end from which a token's expiry is told: time enough for who looks at the log once a week."""

type Subject = Literal["expires", "refused"]

_log = logging.getLogger("glm")


class _Told:
    """What one event loop has told already. It holds no more than the deployment has accounts."""

    def __init__(self) -> None:
        self.subjects: set[tuple[str, Subject]] = set()


def about_to_expire(candidate: Candidate) -> None:
    """Tell, once, that a token is near its end."""
    expires_at = candidate.upstream.expires_at(candidate.key.text)
    if expires_at is None or expires_at - time.time() > EXPIRES_SOON:
        return
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    _tell(candidate, "expires", "A token in GLM_TOKENS expires soon, or has: put a new one there.", expires_at=until)


def refused(candidate: Candidate, error: Error) -> None:
    """Tell, once, that the service will not have an account."""
    if isinstance(error, Unauthorized | AccountBanned):
        settings.held.doubted = True
        _tell(
            candidate, "refused", "An account in GLM_TOKENS is refused: renew it, or take it out.", outcome=error.code
        )


def _tell(candidate: Candidate, subject: Subject, message: str, **facts: str) -> None:
    if not settings.current().access_keys:
        return
    told = context.shared(_Told).subjects
    if (candidate.account, subject) in told:
        return
    told.add((candidate.account, subject))
    _log.warning(message, extra={"facts": {"account": candidate.key.fingerprint, **facts}})
