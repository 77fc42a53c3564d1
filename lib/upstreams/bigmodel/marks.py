"""Marks that some models leave in their texts: a box around the answer, and the reasoning before it."""

from typing import Final

from lib.types.events import Reasoning, Text

_BOXES: Final = ("<|begin_of_box|>", "<|end_of_box|>")
_THINK: Final = "<think>"
_THOUGHT: Final = "</think>"


class Marks:
    """Takes an answer's text in any pieces, and gives it without the marks."""

    def __init__(self) -> None:
        self._waiting = ""
        """What may be the beginning of a mark."""
        self._begun = False
        self._thinks = False
        self._at_seam = False
        """Line ends between the reasoning and the answer belong to neither."""

    def feed(self, text: str) -> list[Text | Reasoning]:
        """What can be told of the answer by now."""
        return self._read(self._waiting + text, last=False)

    def finish(self) -> list[Text | Reasoning]:
        return self._read(self._waiting, last=True)

    def _read(self, text: str, *, last: bool) -> list[Text | Reasoning]:
        told: list[Text | Reasoning] = []
        while True:
            marks = (_THOUGHT,) if self._thinks else _BOXES if self._begun else (_THINK, *_BOXES)
            found = min(((at, mark) for mark in marks if (at := text.find(mark)) >= 0), default=None)
            if found is None:
                break
            at, mark = found
            if mark == _THINK and text[:at].strip():  # Not at the answer's beginning: the model speaks of the mark.
                self._begun = True
                continue
            before, text = text[:at], text[at + len(mark) :]
            self._tell("" if mark == _THINK else before, told)
            if mark in (_THINK, _THOUGHT):
                self._thinks, self._begun, self._at_seam = mark == _THINK, True, True
        keep = 0 if last else _partial(text, marks)
        self._waiting = text[len(text) - keep :]
        self._tell(text[: len(text) - keep], told)
        return told

    def _tell(self, text: str, told: list[Text | Reasoning]) -> None:
        if self._at_seam:
            text = text.lstrip("\n")
        if text:
            self._at_seam = False
            self._begun = self._begun or bool(text.strip())
            told.append(Reasoning(text) if self._thinks else Text(text))


def _partial(text: str, marks: tuple[str, ...]) -> int:
    """How many of the last letters may be the beginning of a mark."""
    longest = max(map(len, marks)) - 1
    return next(
        (size for size in range(min(longest, len(text)), 0, -1) if any(m.startswith(text[-size:]) for m in marks)), 0
    )
