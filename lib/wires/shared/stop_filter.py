"""Where an answer is cut on the caller's behalf, since the service knows neither `stop` nor `max_tokens`."""

from typing import Literal

from lib.types.chat import Sampling
from lib.types.usage import BYTES_PER_TOKEN


class StopFilter:
    """Lets a text through piece by piece until a stop sequence comes or its length is reached.

    What comes through does not depend on how the text is cut into pieces. Of several stop sequences the one counts that
    is complete first, as if letters came one by one; of two that end at the same letter, the longer.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._stop = tuple(filter(None, sampling.stop))
        self._longest = max(map(len, self._stop), default=1) - 1
        self._left = None if sampling.max_tokens is None else sampling.max_tokens * BYTES_PER_TOKEN
        self._left_in_all = (
            None if sampling.max_completion_tokens is None else sampling.max_completion_tokens * BYTES_PER_TOKEN
        )
        self._held = ""
        self.reason: Literal["stop", "length"] | None = None
        """Why the text was cut, once it was. Nothing comes through after that."""
        self.matched: str | None = None
        """The stop sequence at which it was cut."""

    @property
    def held(self) -> int:
        """How many letters wait."""
        return len(self._held)

    def reasoning(self, piece: str) -> str:
        """What of the reasoning may be shown: it has no stop sequences, but counts among all tokens."""
        return "" if self.reason is not None else self._limit(piece, answer=False)

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
            end, start = min(found)
            shown = self._limit(text[:start])
            if self.reason is None:
                self.reason, self.matched = "stop", text[start:end]
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

    def _limit(self, text: str, *, answer: bool = True) -> str:
        limits = [left for left in (self._left if answer else None, self._left_in_all) if left is not None]
        if not limits or not text:
            return text
        encoded = text.encode(errors="replace")
        room = min(limits)
        if len(encoded) > room:
            self.reason = "length"
            return encoded[:room].decode(errors="ignore")
        if self._left is not None and answer:
            self._left -= len(encoded)
        if self._left_in_all is not None:
            self._left_in_all -= len(encoded)
        return text
