"""`POST /token/check`: what clients send and get. The old server's form, and what more is known."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from lib.types.upstream import AccountState, KeyState
from lib.wires.shared.request import Model


class TokenCheckRequest(Model):
    token: Annotated[str, Field(min_length=1)]
    claim: bool = False
    """Take the day's credit of the accounts, too."""


def verdict(found: KeyState) -> dict[str, Any]:
    """The answer. What is not known is left out; `expires_at` is in Unix seconds."""
    known: dict[str, Any] = {
        "live": found.live,
        "kind": found.kind,
        "expires_at": _whole(found.expires_at),
        "guest": found.guest if found.kind in ("refresh", "access") else None,
        "reason": found.reason or None,
        "code": found.code or None,
        "points": found.points,
        "token_left_percent": found.token_left_percent or None,
        "claimed": found.claimed,
    }
    return {name: value for name, value in known.items() if value is not None}


def accounts(states: Iterable[AccountState]) -> dict[str, Any]:
    """What the owner of a deployment's accounts is told: whether one lives, and how each stands."""
    listed = [_account(state) for state in states]
    return {"live": any(one["live"] for one in listed), "accounts": listed}


def _account(state: AccountState) -> dict[str, Any]:
    """One account. `live` is null where nobody could find out; times are in Unix seconds."""
    found = state.found
    return {
        "account": state.account,
        "label": state.label or None,
        "kind": found and found.kind,
        "live": found and found.live,
        "expires_at": _whole(found and found.expires_at),
        "reason": state.reason or None,
        "code": (found and found.code) or None,
        "points": found and found.points,
        "token_left_percent": (found and found.token_left_percent) or None,
        "claimed": found and found.claimed,
        "answering": state.answering,
        "cooling_until": _whole(state.cooling_until),
        "checked_at": _whole(state.checked_at),
    }


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
