"""Code in Markdown as it comes: is the next letter inside a code fence or inline code. An opener there is text."""

import re
from typing import Final

_LINE_STARTS: Final = " \t>-*+0123456789.)"
"""What may stand before a fence on its line: indentation, quotes, list marks."""
_SHORTEST_FENCE: Final = 3
_RUNS: Final = re.compile(r"`+|~+|[^`~]+")


class CodeSpans:
    """Feed it the text; ask it before each mark."""

    def __init__(self) -> None:
        self._fence = ""
        """The run of backticks or tildes that opened the fence."""
        self._on_fence_line = False
        self._inline = 0
        """The length of the run that opened inline code."""
        self._run = ""
        """The run that the text ends in, which may go on."""
        self._closing = False
        """A run that closes the fence, if nothing else stands on its line."""
        self._bare = True
        """Nothing but `_LINE_STARTS` on this line so far."""

    def inside(self) -> bool:
        """Is the next letter, which is neither a backtick nor a tilde, inside code."""
        self._end_run()
        return bool(self._fence or self._inline)

    def feed(self, text: str) -> None:
        if "`" not in text and "~" not in text:
            if text:
                self._plain(text)
            return
        for piece in _RUNS.findall(text):
            if piece[0] in "`~":
                if self._run and self._run[0] != piece[0]:
                    self._end_run()
                self._run += piece
            else:
                self._plain(piece)

    def _plain(self, text: str) -> None:
        if self._run:
            self._end_run()
        if "\n" not in text and not self._closing:
            if self._bare and text.strip(_LINE_STARTS):
                self._bare = False
            return
        line, newline, _ = text.partition("\n")
        if self._closing and line.strip():
            self._closing = False
        if newline:
            if self._closing:
                self._fence, self._closing = "", False
            self._on_fence_line = False
            self._inline = 0
            self._bare = not text[text.rfind("\n") + 1 :].strip(_LINE_STARTS)
        else:
            self._bare = self._bare and not text.strip(_LINE_STARTS)

    def _end_run(self) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        self._closing = False
        if self._fence and self._on_fence_line and run[0] == "`":  # No fence after all, but ```inline code```.
            self._inline, self._fence = len(self._fence), ""
        if self._fence:
            self._closing = self._bare and run.startswith(self._fence)
        elif self._bare and not self._inline and len(run) >= _SHORTEST_FENCE:
            self._fence, self._on_fence_line = run, True
        elif run[0] == "`":
            if not self._inline:
                self._inline = len(run)
            elif self._inline == len(run):
                self._inline = 0
        self._bare = False
