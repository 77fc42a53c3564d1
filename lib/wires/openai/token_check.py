"""`POST /token/check`: what clients send and get. The old server's form, and what more is known."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from lib.types.upstream import AccountState, KeyState
from lib.wires.shared.request import Model


class TokenCheckRequest(Model):
    """The body."""

    token: Annotated[str, Field(min_length=1)]


def verdict(found: KeyState) -> dict[str, Any]:
    """The answer. What is not known is left out; `expires_at` is in Unix seconds."""
    known: dict[str, Any] = {"live": found.live}
    if found.kind is None:
        return known
    known["kind"] = found.kind
    if found.expires_at is not None:
        known["expires_at"] = int(found.expires_at)
    return known if found.kind == "api_key" else {**known, "guest": found.guest}


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
        "cooling_until": _whole(state.cooling_until),
        "checked_at": _whole(state.checked_at),
    }


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
