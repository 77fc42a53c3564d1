"""`POST /token/check`: what clients send and get. The old server's form, and what more is known."""

from typing import Annotated, Any

from lib.wires.openai.schema import Model, Within


class TokenCheckRequest(Model):
    """The body."""

    token: Annotated[str, Within(min_length=1)]


def verdict(*, live: bool, kind: str | None, expires_at: float | None, guest: bool) -> dict[str, Any]:
    """The answer. What is not known is left out; `expires_at` is in Unix seconds."""
    known: dict[str, Any] = {"live": live}
    if kind is not None:
        known["kind"] = kind
    if expires_at is not None:
        known["expires_at"] = int(expires_at)
    return {**known, "guest": guest} if kind is not None else known
