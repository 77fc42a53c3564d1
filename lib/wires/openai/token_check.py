"""`POST /token/check`: what clients send and get. The old server's form, and what more is known."""

from typing import Annotated, Any

from pydantic import Field

from lib.types.upstream import KeyState
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
