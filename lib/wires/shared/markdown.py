"""Programs, what they print, and pictures, as Markdown in the text of an answer."""

import re

from lib.types.events import Citation, Code, Event, Image, Output, Text

_FENCE_LENGTH = 3
_BACKTICKS = re.compile("`{3,}")


class Markdown:
    """Renders the events of one answer as pieces of one text."""

    def __init__(self) -> None:
        self._block: tuple[type[Event], str] | None = None
        self._fence = ""
        self._last = "\n"
        """The last character given, to begin a block on a line of its own."""

    def feed(self, event: Event) -> str:
        """The text of `event`; empty for one that has none."""
        if isinstance(event, Text):
            text = self._close() + event.text
        elif isinstance(event, (Code, Output)):
            block = (type(event), event.block)
            text = event.text if block == self._block else self._close() + self._begin(event, block) + event.text
        elif isinstance(event, Image):
            text = self._close() + self._new_line() + f"![]({event.url})\n"
        elif isinstance(event, Citation):
            text = self._close() + f"[{event.number}]({event.url})"
        else:
            return ""
        if text:
            self._last = text[-1]
        return text

    def finish(self) -> str:
        return self._close()

    def _begin(self, event: Code | Output, block: tuple[type[Event], str]) -> str:
        self._block = block
        # A fence that is longer than any in the text is not closed by it. Later pieces are not known yet.
        longest = max(map(len, _BACKTICKS.findall(event.text)), default=_FENCE_LENGTH - 1)
        self._fence = "`" * (longest + 1)
        language = "python" if isinstance(event, Code) else ""
        return f"{self._new_line()}{self._fence}{language}\n"

    def _close(self) -> str:
        if self._block is None:
            return ""
        closing = f"{self._new_line()}{self._fence}\n"
        self._block = None
        self._last = "\n"
        return closing

    def _new_line(self) -> str:
        return "" if self._last == "\n" else "\n"
