"""The platform's API keys, and what is being done with each at the moment."""

import secrets
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .errors import UNAUTHORIZED, Refusal

_LETTERS = string.ascii_letters + string.digits


@dataclass
class Key:
    """One key.

    `refuse`: the code that it is refused with: one of 401 on every call, any other where something would cost money.
    `concurrency`: so many at once are answered, more are refused with 1302. `plan`: a coding plan's, without balance.
    """

    refuse: int | None = None
    concurrency: int | None = None
    plan: bool = False
    text: str = field(default_factory=lambda: secrets.token_hex(16) + "." + _secret())
    running: int = 0
    most_at_once: int = 0


class Keys:
    """All keys, by their text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}

    def add(self, key: Key) -> Key:
        self._keys[key.text] = key
        return key

    def clear(self) -> None:
        self._keys.clear()

    def find(self, text: str) -> Key:
        return self._keys[text]

    def identify(self, authorization: str | None) -> Key:
        """Refusal: no key, or none that is known."""
        if not authorization:
            raise Refusal(1001)
        scheme, _, text = authorization.partition(" ")
        key = self._keys.get(text)
        if scheme != "Bearer" or key is None:
            raise Refusal(1000)
        if key.refuse in UNAUTHORIZED:
            raise Refusal(key.refuse)
        return key

    @contextmanager
    def at_work(self, key: Key) -> Iterator[None]:
        """Something that costs money is done with `key`. Refusal: it may not."""
        if key.plan:
            raise Refusal(1113)
        if key.refuse is not None:
            raise Refusal(key.refuse)
        with self._lock:
            if key.concurrency is not None and key.running >= key.concurrency:
                raise Refusal(1302)
            key.running += 1
            key.most_at_once = max(key.most_at_once, key.running)
        try:
            yield
        finally:
            with self._lock:
                key.running -= 1


def _secret() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(16))
