"""One value of a call as it comes: what cannot be its end goes on at once, escaped marks as they were."""

from collections.abc import Callable
from typing import Final

from lib.toolcalls import marks
from lib.toolcalls.call_writer import CallWriter
from lib.toolcalls.dialect import CDATA_CLOSERS, CDATA_OPENER
from lib.toolcalls.marks import Marks, skip_space

_CDATA_OPENER: Final = Marks(CDATA_OPENER)


class BlockValue:
    """Reads up to the closer that is followed by what may follow one."""

    def __init__(
        self, writer: CallWriter, closers: Marks, block_closers: Marks, follows: Callable[[int], bool | None]
    ) -> None:
        self.ended = False
        self.ends_call = False
        """The block's closer was used up as well."""
        self.cdata: bool | None = False
        """Is it in CDATA; None: not known yet, the value has not begun."""
        self._writer = writer
        self._closers = closers
        self._block_closers = block_closers
        self._follows = follows
        self._held: list[str] | None = None
        """From the first closer of the block on: the value's own closer may be missing, or this is all text."""

    def read(self, text: str, at: int, *, final: bool) -> int:
        """Reads on from `at`, and returns where to go on."""
        if self.cdata is None:
            start = skip_space(text, at)
            if _CDATA_OPENER.at(text, start):
                self.cdata, at = True, start + len(CDATA_OPENER)
            elif not final and (start == len(text) or _CDATA_OPENER.begins(text, start)):
                return at
            else:
                self.cdata = False
        while not self.ended:
            sign = self._next_sign(text, at)
            self._take(text[at:sign])
            at = sign
            if at == len(text):
                break
            used = self._sign(text, at, final=final)
            if not used:
                break
            at += used
        if final and not self.ended:
            return self._without_closer(text, at)
        return at

    def _next_sign(self, text: str, at: int) -> int:
        end = len(text)
        for sign in "<[]" if self.cdata else "<[":
            if (found := text.find(sign, at, end)) >= 0:
                end = found
        return end

    def _sign(self, text: str, at: int, *, final: bool) -> int:
        """How many letters are used up at a letter that may begin a mark; 0: wait."""
        escaped = marks.escaped_at(text, at)
        if escaped > 0:
            self._take(text[at] + text[at + 2 : at + escaped])
            return escaped
        end = self._end(text, at, final=final)
        if end is None or (escaped == marks.WAIT and not final):
            return 0
        if end:
            if self._held:
                self._give_back()
            self._writer.end_value()
            self.ended = True
            return end - at
        if self._held is None:
            if self._block_closers.at(text, at):
                self._held = []
            elif self._block_closers.begins(text, at) and not final:
                return 0
        self._take(text[at])
        return 1

    def _end(self, text: str, at: int, *, final: bool) -> int | None:
        """Where what closes the value ends; 0: nothing that closes it stands here; None: that cannot be said yet."""
        end = at
        if self.cdata:
            while mark := self._cdata_closer(text, end):
                end += len(mark)
        found = end > at
        closer = skip_space(text, end) if found else end
        if self.cdata and not final and self._may_close(text, closer):
            return None
        while mark := self._closers.at(text, closer):
            end = closer + len(mark)
            found = True
            if not self.cdata:
                break
            closer = skip_space(text, end)
            if not final and self._closers.begins(text, closer):
                return None
        if not found:
            return None if not final and self._closers.begins(text, end) else 0
        follows = self._follows(end)
        return None if follows is None else end if follows else 0

    def _cdata_closer(self, text: str, at: int) -> str:
        return next((mark for mark in CDATA_CLOSERS if text.startswith(mark, at)), "") if self.cdata else ""

    def _may_close(self, text: str, at: int) -> bool:
        rest = text[at : at + 4]
        return bool(rest) and (
            self._closers.begins(text, at) or any(mark.startswith(rest) and mark != rest for mark in CDATA_CLOSERS)
        )

    def _take(self, text: str) -> None:
        if self._held is None:
            self._writer.text(text)
        else:
            self._held.append(text)

    def _give_back(self) -> None:
        held, self._held = self._held or [], None
        self._writer.text("".join(held))

    def _without_closer(self, text: str, at: int) -> int:
        """Nothing follows: where the block's closer is the last that came, only the value's own closer is missing."""
        held = "".join(self._held or ())
        closer = self._block_closers.at(held, 0)
        if closer and not (held[len(closer) :] + text[at:]).strip():
            self._writer.end_value()
            self.ended = self.ends_call = True
            return len(text)
        return at
