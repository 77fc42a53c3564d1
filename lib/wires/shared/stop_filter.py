"""Where an answer is cut on the caller's behalf, since the service knows neither `stop` nor `max_tokens`."""

from typing import Literal

from lib.tokens import Counter
from lib.types.chat import Sampling


class StopFilter:
    """Lets a text through piece by piece until a stop sequence comes or its length is reached.

    What comes through does not depend on how the text is cut into pieces. Of several stop sequences the one counts that
    is complete first, as if letters came one by one; of two that end at the same letter, the longer. Lengths are
    estimates of lib.tokens, so that the usage which the caller is told never exceeds them.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._stop = tuple(filter(None, sampling.stop))
        self._longest = max(map(len, self._stop), default=1) - 1
        self._max_answer = sampling.max_tokens
        self._max_in_all = sampling.max_completion_tokens
        self._answer = Counter()
        self._reasoning = Counter()
        self._held = ""
        self.reason: Literal["stop", "length"] | None = None
        """Why the text was cut, once it was. Nothing comes through after that."""
        self.matched: str | None = None
        """The stop sequence at which it was cut."""

    @property
    def held(self) -> int:
        return len(self._held)

    def reasoning(self, piece: str) -> str:
        """What of the reasoning may be shown: it has no stop sequences, but counts among all tokens."""
        if self.reason is not None:
            return ""
        if self._max_in_all is None:
            return piece
        return self._limit(piece, self._reasoning, self._max_in_all - self._answer.tokens)

    def feed(self, piece: str) -> str:
        """What of the text may be shown now. What could be the beginning of a stop sequence waits."""
        if self.reason is not None:
            return ""
        if not self._stop:
            return self._shown(piece)
        text = self._held + piece
        found = [(start + len(stop), start) for stop in self._stop if (start := text.find(stop)) >= 0]
        if found:
            self._held = ""
            end, start = min(found)
            shown = self._shown(text[:start])
            if self.reason is None:
                self.reason, self.matched = "stop", text[start:end]
            return shown
        waits = self._waits(text)
        self._held = text[len(text) - waits :]
        return self._shown(text[: len(text) - waits])

    def finish(self) -> str:
        """What waited when the answer ended."""
        held, self._held = self._held, ""
        return "" if self.reason is not None else self._shown(held)

    def _waits(self, text: str) -> int:
        for length in range(min(self._longest, len(text)), 0, -1):
            end = text[-length:]
            if any(stop.startswith(end) for stop in self._stop):
                return length
        return 0

    def _shown(self, text: str) -> str:
        limits = [] if self._max_answer is None else [self._max_answer]
        if self._max_in_all is not None:
            limits.append(self._max_in_all - self._reasoning.tokens)
        return self._limit(text, self._answer, min(limits)) if limits else text

    def _limit(self, text: str, counter: Counter, limit: int) -> str:
        fits = counter.take(text, limit)
        if len(fits) < len(text):
            self.reason = "length"
        return fits
