"""The text of one content of one part, given out delta by delta, in whichever dialect the service speaks.

- *deltas* [sure]: while a part is unfinished, each event holds a delta to append; one event with status `finish` then
  holds the whole part, and the last event repeats it.
- *snapshots* [sure]: every event holds the whole text so far.

A flag in the events says which it is (protocol, `if_increase_push`). Where it is missing, the texts are compared: what
both readings have in common is handed on, and the rest waits until it is clear.
"""

from typing import Final, Literal

DOUBT: Final = 24
"""How many characters must have been repeated, each time at the start of a longer text, to take texts for snapshots.

Deltas do repeat each other (`ha`, `ha`, `haha`), but a text does not begin by starting itself over and over.
"""
REPEATS: Final = 16
"""How many times in a row a text must come again to take texts for deltas: a snapshot that does not grow is not sent so
often, and a delta can be (a line of a table, a laugh)."""


class DeltaMode:
    """Whether texts are deltas or snapshots; one finding for the whole stream."""

    def __init__(self) -> None:
        self.found: Literal["deltas", "snapshots"] | None = None


class PartText:
    """Takes a content's text from each event, and gives what is new. Nothing is given twice."""

    def __init__(self, dialect: DeltaMode) -> None:
        self._dialect = dialect
        self._deltas: list[str] = []
        self._appended = 0
        """How long the deltas are together: the text, if they are deltas."""
        self._snapshot = ""
        """The latest text: the text, if they are snapshots."""
        self._given: list[str] = []
        self._given_length = 0
        self._repeated = 0
        self._same = 0
        self._resumed: str | None = None
        """What has come since the stream was taken up again, while it may be the beginning once more."""
        self.finished = False
        self.rewritten = False
        """The service has changed what had been given already."""

    @property
    def text(self) -> str:
        """All of it, as the service has it now."""
        if self.finished or self._dialect.found == "snapshots":
            return self._snapshot
        return "".join(self._deltas) if self._dialect.found == "deltas" else self._snapshot

    def feed(self, text: str, *, finished: bool) -> str:
        """What is new in `text`, the content of the next event. `finished`: it is the whole part, in either dialect."""
        if finished:
            return self._finish(text)
        if self.finished:  # A snapshot of an earlier part, carried along.
            return ""
        if self._resumed is not None:
            return self._compare(text)
        if self._dialect.found == "snapshots":
            return self._settle(text) if text != self._snapshot else ""
        if len(text) == self._appended and self._is_all_again(text):
            return ""
        self._deltas.append(text)
        self._appended += len(text)
        return self._append(text) if self._dialect.found == "deltas" else self._weigh(text)

    def finish(self) -> str:
        """What still waits when the next part begins, or the answer ends without a `finish` for this one."""
        if self.finished:
            return ""
        if self._resumed is not None:
            return self._settle_resumed()
        return "" if self._dialect.found else self._settle(self._snapshot)

    def resume(self) -> None:
        """The stream was cut and is taken up again: it may go on, or begin this text anew."""
        if not self.finished:
            self._resumed = ""

    def _is_all_again(self, text: str) -> bool:
        """Is it the whole after deltas, without a word that the part is finished: no delta is all that came before."""
        if self._dialect.found != "deltas" or self._appended < DOUBT:
            return False
        return len(self._deltas) > 1 and text == "".join(self._deltas)

    def _give(self, text: str) -> str:
        self._given.append(text)
        self._given_length += len(text)
        return text

    def _append(self, delta: str) -> str:
        if self._given_length + len(delta) != self._appended:  # Some of it waited while the dialect was in doubt.
            delta = "".join(self._deltas)[self._given_length :]
        return self._give(delta)

    def _weigh(self, text: str) -> str:
        """Hand on what both readings of the texts so far have in common, and decide as soon as one is out."""
        before = self._snapshot
        self._same = self._same + 1 if text and text == before else 0
        if not text.startswith(before) or self._same >= REPEATS:
            self._dialect.found = "deltas"
            return self._append(text)
        self._snapshot = text
        if len(text) > len(before):
            self._repeated += len(before)
        common = _common("".join(self._deltas), text)
        if common < len(text) and self._repeated >= DOUBT:
            self._dialect.found = "snapshots"
            common = len(text)
        return self._give(text[self._given_length : common]) if common > self._given_length else ""

    def _compare(self, text: str) -> str:
        """After a cut: is it what was given already, from the beginning, or does it go on?"""
        assert self._resumed is not None
        given = "".join(self._given)
        so_far = text if self._dialect.found == "snapshots" else self._resumed + text
        if given.startswith(so_far):
            self._resumed = so_far
            return ""
        if so_far.startswith(given):  # From the beginning, and now beyond what was given.
            self._resumed = None
            self._deltas, self._appended = [so_far], len(so_far)
            return self._settle(so_far)
        return self._go_on(so_far)

    def _go_on(self, so_far: str) -> str:
        self._resumed = None
        if self._dialect.found == "snapshots":
            return self._settle(so_far)
        self._deltas = ["".join(self._given), so_far]
        self._appended = self._given_length + len(so_far)
        self._dialect.found = "deltas"
        return self._give(so_far)

    def _settle_resumed(self) -> str:
        so_far, self._resumed = self._resumed or "", None
        given = "".join(self._given)
        # Nothing but the beginning again: it was cut once more, or the service is done.
        return "" if given.startswith(so_far) else self._give(so_far)

    def _finish(self, snapshot: str) -> str:
        if self.finished and snapshot == self._snapshot:
            return ""
        if self._dialect.found is None and self._appended != len(self._snapshot):
            self._dialect.found = "deltas" if snapshot.startswith("".join(self._deltas)) else "snapshots"
        self.finished = True
        self._resumed = None
        return self._settle(snapshot)

    def _settle(self, snapshot: str) -> str:
        """Go over to `snapshot`, the truth, and return what of it has not been given."""
        given = "".join(self._given)
        self._snapshot = snapshot
        self._given = [snapshot]
        self._given_length = len(snapshot)
        if snapshot.startswith(given):
            return snapshot[len(given) :]
        if given.startswith(snapshot) and not self.finished:  # A late event of a shorter state.
            self._given, self._given_length = [given], len(given)
            return ""
        # The service has changed what it had sent. What was given stays; what follows its last words is new.
        self.rewritten = True
        for last_words in (given[-32:], given[-8:]):
            at = snapshot.rfind(last_words)
            if at >= 0:
                return snapshot[at + len(last_words) :]
        return ""


def _common(one: str, other: str) -> int:
    """How many characters two texts share at their start."""
    if one.startswith(other):
        return len(other)
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
