"""What a compacted conversation is kept in: by the client, sealed, so that only this deployment reads and writes it.

It is sealed with what every instance has: the access key that the caller presented, or the caller's own key. It is
bound to nothing else, so any access key of the deployment opens it, for any model and on any account.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from lib import settings
from lib.accounts.keys import Candidate
from lib.errors import BadRequest
from lib.store.seal import Sealer

_PREFIX: Final = "glm1."
"""Tells ours from other services'."""
_FOREIGN: Final = (
    "[Here stood a summary of this conversation so far, which another service has encrypted. It cannot be read: where "
    "it matters, say so and ask the user.]"
)
_CONTEXT: Final = "glm-functions compaction 1\n"
"""Keeps these from being taken for what the store holds, which may be sealed with the same token."""


class Compactions:
    """Seals and opens them for one caller."""

    def __init__(self, brought: Sequence[Candidate]) -> None:
        first = brought[0]
        self._secret = first.access_key or first.key.text
        others = settings.current().access_keys if first.access_key else [one.key.text for one in brought]
        self._secrets = dict.fromkeys((self._secret, *others))

    def seal(self, text: str) -> str:
        sealed = Sealer(_CONTEXT + self._secret).seal(text.encode(errors="replace"))
        return _PREFIX + urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """What was sealed; of another service's, that it cannot be read. Raises `BadRequest` for ours that cannot."""
        if not sealed.startswith(_PREFIX):
            return _FOREIGN
        try:
            data = urlsafe_b64decode(sealed.removeprefix(_PREFIX))
        except ValueError:
            data = b""
        for secret in self._secrets:
            if (text := Sealer(_CONTEXT + secret).open(data)) is not None:
                return text.decode()
        raise BadRequest(
            "The compacted part of this conversation cannot be read: it was changed, or sealed for a key that is not "
            "presented here. Go on with the key of before, or begin a new conversation.",
            param="input",
            code="invalid_prompt",
        )
