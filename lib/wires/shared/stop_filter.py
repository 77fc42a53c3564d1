"""Where an answer is cut on the caller's behalf, since the service knows neither `stop` nor `max_tokens`."""

from collections.abc import Sequence
from typing import Literal

from lib.types.usage import BYTES_PER_TOKEN


class Cut:
    """Lets a text through piece by piece until a stop sequence comes or its length is reached.

    What comes through does not depend on how the text is cut into pieces. Of several stop sequences the one counts that
    is complete first, as if letters came one by one; of two that end at the same letter, the longer.
    """

    def __init__(self, stop: Sequence[str] = (), max_tokens: int | None = None) -> None:
        self._stop = tuple(filter(None, stop))
        self._longest = max(map(len, self._stop), default=1) - 1
        self._left = None if max_tokens is None else max_tokens * BYTES_PER_TOKEN
        self._held = ""
        self.reason: Literal["stop", "length"] | None = None
        """Why the text was cut, once it was. Nothing comes through after that."""

    def take(self, piece: str) -> str:
        """What of the text may be shown now. What could be the beginning of a stop sequence waits."""
        if self.reason is not None:
            return ""
        if not self._stop:
            return self._limit(piece)
        text = self._held + piece
        found = [(start + len(stop), start) for stop in self._stop if (start := text.find(stop)) >= 0]
        if found:
            self._held = ""
            _, start = min(found)
            shown = self._limit(text[:start])
            self.reason = self.reason or "stop"
            return shown
        waits = self._waits(text)
        self._held = text[len(text) - waits :]
        return self._limit(text[: len(text) - waits])

    def rest(self) -> str:
        """What waited when the answer ended."""
        held, self._held = self._held, ""
        return "" if self.reason is not None else self._limit(held)

    def _waits(self, text: str) -> int:
        for length in range(min(self._longest, len(text)), 0, -1):
            end = text[-length:]
            if any(stop.startswith(end) for stop in self._stop):
                return length
        return 0

    def _limit(self, text: str) -> str:
        if self._left is None or not text:
            return text
        encoded = text.encode(errors="replace")
        if len(encoded) <= self._left:
            self._left -= len(encoded)
            return text
        self.reason = "length"
        return encoded[: self._left].decode(errors="ignore")
