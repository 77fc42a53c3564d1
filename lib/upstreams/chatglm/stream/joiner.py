"""Where the words of one part end and those of the next begin: there a line break may be missing.

Several text parts may follow each other (protocol, "Frames": [once]). A line break belongs between two of them only
where neither side has white space, and the first ends a sentence or the next begins a block.
"""

import re
from typing import Final

_SENTENCE_ENDS: Final = "。！？!?…：:；;」』”"
_BLOCK: Final = re.compile(r"#{1,6} |[-*+] |\d{1,3}[.)] |```|\||>")


class PartJoiner:
    """Takes the words of all parts in order."""

    def __init__(self) -> None:
        self._part: str | None = None
        self._last_letter = ""

    def join(self, part_id: str, words: str) -> str:
        """`words` of a part, with a line break before them where one is missing."""
        before, self._last_letter = self._last_letter, words[-1]
        if self._part == part_id:
            return words
        self._part = part_id
        if not before or before.isspace() or words[0].isspace():
            return words
        ends = before in _SENTENCE_ENDS or (before == "." and not (words[0].islower() or words[0].isdigit()))
        return f"\n{words}" if ends or _BLOCK.match(words) else words

    def interrupt(self) -> None:
        """Something else than words stands here: what follows it needs no seam."""
        self._last_letter = ""
