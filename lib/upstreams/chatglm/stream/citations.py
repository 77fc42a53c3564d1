"""Marks in a text that cite what a search found: `【turn0search5】` is a result's `match_key` (protocol: [sure]).

A known mark becomes a citation at its place. An unknown one in brackets, and the older `【3†source】`, is left out: it
says nothing to anybody. Without brackets, only a known key is a mark. A mark may be split over deltas.
"""

import re
from typing import Final, NamedTuple

from lib.types.events import Citation, Source, Text

MAX_MARK: Final = 120
"""Letters of a mark with its brackets: several keys may stand in one."""

_KEY: Final = re.compile(r"turn\d+[a-z]+\d+")
_MARK: Final = re.compile(
    rf"【(?:[\s,，、;；]*turn\d+[a-z]+\d+)+[\s,，、;；]*】|【\d{{1,4}}(?::\d{{1,4}})?†[^【】]{{0,{MAX_MARK}}}】"
)
_BARE: Final = re.compile(r"(?<![A-Za-z0-9_])turn\d+[a-z]+\d+(?![A-Za-z0-9_])")
_OPENING: Final = re.compile(
    r"【(?:[\s,，、;；]*turn\d+[a-z]+\d+)*[\s,，、;；]*(?:t|tu|tur|turn|turn\d+|turn\d+[a-z]+|turn\d+[a-z]+\d+)?$"
    r"|【\d{1,4}(?::\d{0,4})?(?:†[^【】]*)?$"
)
_BARE_OPENING: Final = re.compile(r"(?<![A-Za-z0-9_])(?:t|tu|tur|turn|turn\d+|turn\d+[a-z]+|turn\d+[a-z]+\d+)$")


class Cited(NamedTuple):
    """A source, and its number among the sources."""

    number: int
    source: Source


class CitationReader:
    """Takes a text delta by delta, and gives texts and citations. `known` may grow meanwhile."""

    def __init__(self, known: dict[str, Cited]) -> None:
        self._known = known
        self._held = ""

    def feed(self, delta: str) -> list[Text | Citation]:
        """What can be told. What could be the start of a mark waits."""
        if not self._held and "【" not in delta and not (self._known and "t" in delta):
            return [Text(delta)] if delta else []
        text = self._held + delta
        waits = self._waits(text)
        self._held = text[len(text) - waits :] if waits else ""
        return self._split(text[: len(text) - waits] if waits else text)

    def finish(self) -> list[Text | Citation]:
        """What waited when the text ended."""
        held, self._held = self._held, ""
        return self._split(held)

    def _waits(self, text: str) -> int:
        tail = text[-MAX_MARK:]
        opening = _OPENING.search(tail, max(0, tail.rfind("【")))
        if opening is None and self._known:
            opening = _BARE_OPENING.search(tail)
        return len(tail) - opening.start() if opening else 0

    def _split(self, text: str) -> list[Text | Citation]:
        parts: list[Text | Citation] = []
        at = 0
        for mark in sorted([*_MARK.finditer(text), *self._bare(text)], key=lambda found: found.start()):
            if mark.start() < at:
                continue
            _add(parts, text[at : mark.start()])
            cited = [self._known[key] for key in dict.fromkeys(_KEY.findall(mark[0])) if key in self._known]
            parts += [Citation(number, source.url, source.title) for number, source in cited]
            at = mark.end()
        _add(parts, text[at:])
        return parts

    def _bare(self, text: str) -> list[re.Match[str]]:
        return [found for found in _BARE.finditer(text) if found[0] in self._known] if self._known else []


def _add(parts: list[Text | Citation], text: str) -> None:
    if text:
        parts.append(Text(text))
