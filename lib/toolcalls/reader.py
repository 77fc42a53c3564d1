"""The incremental reader of an answer that may hold calls: text in any pieces in, texts and calls out, no I/O.

What cannot be the beginning of a mark goes out at once. From a call's opener on, text is held to the call's closer, and
then read once, in every syntax; it comes out as a `Draft`, or as text where it cannot be read. An opener in code is
text. Nothing after the last call, or from where the model invents results, is the answer.
"""

import re
from collections.abc import Sequence
from typing import Final

from lib.structured.loose_json import JsonScanner
from lib.toolcalls import function_tags, invoke, json_calls, trained
from lib.toolcalls.code_spans import CodeSpans
from lib.toolcalls.draft import Names
from lib.toolcalls.escape import (
    CLOSERS,
    ESCAPED_SQUARE,
    ESCAPED_TAIL,
    OPENERS,
    RESULT_CLOSER,
    RESULT_OPENER,
    STOPS,
    WRAPPERS,
    may_begin,
)
from lib.toolcalls.reading import read_block
from lib.types.events import Draft, Text

MAX_WAIT: Final = 200
"""Letters that may wait for the rest of a mark."""
MAX_START: Final = 400
"""Letters in which it is seen that an answer is one call alone."""
MAX_FAILED: Final = 16
"""Openers that begin no call, after which openers are taken for text: else each would be read to the answer's end."""


def _any(marks: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(set(marks), key=len, reverse=True)))


_LEFT_OVER: Final = (
    *CLOSERS,
    *trained.INNER,
    *(mark for mark in invoke.INNER if mark.startswith("</")),
    *WRAPPERS,
    *(wrapper.replace("<", "</") for wrapper in WRAPPERS),
    "</name>",
    "</tool_name>",
    "]]>",
    "]]|>",
)
"""What may be left over after a block, and means nothing there."""


def _tail(marks: Sequence[str]) -> str:
    return _any([mark[1:] for mark in marks if mark[0] == "<"])


_MARKS: Final = re.compile(
    # What follows the sign is looked at first: most signs begin no mark.
    rf"<(?:(?P<escaped>~++)(?=[/a-z|｜])(?={ESCAPED_TAIL})|(?=[a-z|｜])(?:(?P<opener>{_tail(OPENERS)})"
    rf"|(?P<wrapper>{_tail(WRAPPERS)})|(?P<stop>{_tail(STOPS)})|(?P<key>arg_key>)))"
    rf"|\[(?:(?P<escaped_square>~+)(?={ESCAPED_SQUARE})|(?P<stop_square>{re.escape(RESULT_OPENER[1:])})"
    rf"|(?P<stray>{re.escape(RESULT_CLOSER[1:])}))"
)
_AFTER: Final = re.compile(rf"(?:\s*+(?:{_any(_LEFT_OVER)}))*+\s*+(?P<opener>{_any(OPENERS)})?")
_KEY: Final = "<arg_key>"
_VALUE: Final = re.compile("<arg_value>|parameter name=|<parameter=")
_VALUE_ENDS: Final = (*trained.INNER[1::2], "parameter>", "]]>", "]]|>", "/>", *CLOSERS)
_HALF_CLOSER: Final = re.compile(r"</[a-z_|]{0,20}\Z")
_FIRST_SIGN: Final = re.compile(r"[<{\[]")
_QUOTE: Final = re.compile(r'\\.|"', re.DOTALL)
_FENCE: Final = re.compile(r"\s*```[a-zA-Z_-]{0,20}\s*")
_MAY_FENCE: Final = re.compile(r"\s*(?:`{1,3}(?:(?<=```)[a-zA-Z_-]{0,20}\s*)?)?\Z")


class CallReader:
    """Feed it the answer's text, then finish it."""

    def __init__(self, names: Names, *, parallel: bool = True) -> None:
        """`parallel`: may one answer make several calls; else only the first counts."""
        self.stopped = False
        """All that follows is dropped: the upstream can be stopped."""
        self.called = False
        """A call was read."""
        self.cut_in_call = False
        """A limit ended the answer inside a call: nothing is told of that call."""
        self._names = names
        self._parallel = parallel
        self._text = ""
        self._begun = False
        """Words have gone out. White space before a call at the answer's beginning is left out."""
        self._leading: list[str] = []
        self._at_line_start = True
        self._spans = CodeSpans()
        self._block: _Block | None = None
        self._failed = 0
        """Openers that began no call. After some, more of them are what the text speaks of."""
        self._whole: _WholeAnswer | None = _WholeAnswer(names)
        self._out: list[Text | Draft] = []
        self._words: list[str] = []
        """Text that goes out behind `_out`."""

    @property
    def holds(self) -> bool:
        """Is a call being written that has not been told."""
        return self._block is not None or (self._whole is not None and self._whole.begun)

    def feed(self, text: str) -> list[Text | Draft]:
        """What `text` brings. Look at `stopped` afterwards."""
        if self.stopped:
            return []
        if self._whole is not None:
            if self._whole.take(text):
                return []
            text, self._whole = self._whole.text, None
        return self._read(text, last=False)

    def finish(self, *, cut: bool) -> list[Text | Draft]:
        """Nothing follows. `cut`: a limit ended the answer, so an unclosed block is no call."""
        if self.stopped:
            return []
        if self._whole is not None:
            whole, self._whole = self._whole, None
            drafts = whole.calls() if whole.is_complete(cut=cut) else []
            if drafts and all(draft.declared for draft in drafts):
                self._tell(drafts)
                self.stopped = True
                return self._taken()
            self._text = whole.text
        out = self._read("", last=not cut)
        if cut and self._block is not None:
            self.cut_in_call = self.stopped = True
            return out
        out += self._read("", last=True)
        if self._leading and not self.called:
            out.append(Text("".join(self._leading)))
        self.stopped = True
        return out

    def take_native(self, drafts: Sequence[Draft]) -> list[Text | Draft]:
        """Calls that came natively in the same answer, in their place among its texts."""
        if self.stopped or not drafts:
            return []
        if self._whole is not None and not self._whole.text.strip():
            self._whole = None
        out = self.finish(cut=False)
        if self._parallel or not self.called:
            self._tell(drafts)
        return [*out, *self._taken()]

    def _read(self, text: str, *, last: bool) -> list[Text | Draft]:
        self._text += text
        while not self.stopped:
            if self._block is not None:
                going = self._read_block(self._block, last=last)
            elif self.called:
                going = self._read_after_call(last=last)
            else:
                going = self._read_text(last=last)
            if not going:
                break
        return self._taken()

    def _taken(self) -> list[Text | Draft]:
        self._end_text()
        out, self._out = self._out, []
        return out

    def _end_text(self) -> None:
        if self._words:
            self._out.append(Text("".join(self._words)))
            self._words = []

    def _read_block(self, block: "_Block", *, last: bool) -> bool:
        text, self._text = self._text, ""
        rest = block.read(text, last=last)
        if rest is None:
            return False
        self._block, self._text = None, rest
        drafts = read_block(block.text, self._names)
        if drafts:
            self._tell(drafts)
        elif self.called:
            self.stopped = True
        else:
            self._failed += 1
            self._say(block.text[: block.opener])
            self._text = block.text[block.opener :] + rest
        return True

    def _tell(self, drafts: Sequence[Draft]) -> None:
        self._end_text()
        self.called, self._leading = True, []
        self._out += drafts if self._parallel else drafts[:1]
        self.stopped = not self._parallel

    def _read_after_call(self, *, last: bool) -> bool:
        found = _AFTER.match(self._text)
        assert found is not None
        if opener := found["opener"]:
            self._open(self._text, found.end() - len(opener), opener)
            return True
        rest = self._text = self._text[found.end() :]
        key = rest.find(_KEY, 0, MAX_WAIT)
        if key > 0 and self._names.has(rest[:key]):
            self._open(rest, 0, rest[:key])
            return True
        word, _, mark = rest.partition("<")
        may_go_on = any(mark.startswith(rest) for mark in (*OPENERS, *_LEFT_OVER)) or (
            self._names.begins(word) and _KEY[1:].startswith(mark)
        )
        if rest and (last or len(rest) >= MAX_WAIT or not may_go_on):
            self.stopped = True
        return False

    def _open(self, text: str, at: int, opener: str) -> None:
        self._block = _Block(opener)
        self._text = text[at:]

    def _read_text(self, *, last: bool) -> bool:
        """Up to the next block; False: all is read, or what is left has to wait."""
        text, at = self._text, 0
        self._text = ""
        for found in _MARKS.finditer(text):
            name = (found.lastgroup or "").removesuffix("_square")
            if name == "key":
                line = self._line(text, at, found.start())
                if line is None or not self._names.has(text[line : found.start()]):
                    continue
                self._say(text[at:line])
                at = line
                if self._spans.inside():
                    continue
                self._open(text, line, text[line : found.start()])
                return True
            self._say(text[at : found.start()])
            at = found.end()
            if name == "escaped":
                self._say(found[0][0] + found[0][2:])  # The sign and its tildes; the bare mark follows.
            elif self._spans.inside() or (self._failed > MAX_FAILED and name != "stop"):
                self._say(found[0])
            elif name == "stop":
                self.stopped = True
                return False
            elif name == "opener":
                self._open(text, found.start(), found[0])
                return True
            elif name == "wrapper":
                space = self._read_wrapper(text, found, last=last)
                if space is None:
                    return False
                at += space
        keep = 0 if last else self._waits(text, at)
        self._text = text[len(text) - keep :]
        self._say(text[at : len(text) - keep])
        return False

    def _read_wrapper(self, text: str, found: re.Match[str], *, last: bool) -> int | None:
        """A wrapper means nothing before a call, nor does the space between, of which the length is told; elsewhere it
        is text. None: what follows it has to come first."""
        behind = text[found.end() : found.end() + MAX_WAIT]
        rest = behind.lstrip()
        if not last and len(behind) < MAX_WAIT and (not rest or any(mark.startswith(rest) for mark in OPENERS)):
            self._text = text[found.start() :]
            return None
        if rest.startswith(OPENERS):
            return len(behind) - len(rest)
        self._say(found[0])
        return 0

    def _line(self, text: str, at: int, before: int) -> int | None:
        """Where the line begins that ends at `before`; None where its beginning has gone out already."""
        found = text.rfind("\n", at, before)
        return found + 1 if found >= 0 else at if self._at_line_start else None

    def _waits(self, text: str, at: int) -> int:
        """How many letters at the end have to wait: they may become a mark, or a call without its opener."""
        end = len(text)
        near = max(at, end - MAX_WAIT)
        sign = max(text.rfind("<", near), text.rfind("[", near))
        start = sign if sign >= 0 and may_begin(text[sign:]) else end
        line = self._line(text, max(at, near), start)
        if line is not None and 0 < start - line <= MAX_WAIT:
            word = text[line:start]
            if self._names.begins(word) if start == end else _KEY.startswith(text[start:]) and self._names.has(word):
                return end - line
        return end - start

    def _say(self, text: str) -> None:
        if not text:
            return
        self._spans.feed(text)
        self._at_line_start = text.endswith("\n")
        if not self._begun:
            if not text.strip():
                self._leading.append(text)
                return
            self._begun = True
            text, self._leading = "".join([*self._leading, text]), []
        self._words.append(text)


class _Block:
    """A call that is held: from its opener, or its name where that is missing, to where it can end."""

    def __init__(self, opener: str) -> None:
        self.opener = len(opener)
        self._opener = opener
        if opener.startswith(function_tags.OPENER):
            closers: tuple[str, ...] = (function_tags.CLOSER,)
        else:
            closers = invoke.CLOSERS if opener in invoke.OPENERS else (trained.CLOSER,)
        self._value_ends = tuple(mark for mark in _VALUE_ENDS if mark not in closers)
        self._ends = re.compile(rf"(?P<closer>{_any(closers)})|{_any((*OPENERS, *STOPS))}")
        self._parts: list[str] = []
        self._tail = ""
        """The end of what came, in which a mark may have begun; not among the parts yet."""
        self._recent = ""
        """The last letters of the parts."""
        self._head = ""
        """The first letters behind the opener, until they show whether arguments come as JSON."""
        self._has_values = False
        self._is_empty = True
        self._seen = 0
        """Letters of what came last that have been looked at."""
        self._json: _Strings | None = None

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def read(self, text: str, *, last: bool) -> str | None:
        """Take what comes; what follows the block, or None while it is open. `last`: nothing follows."""
        text, self._tail = self._tail + text, ""
        at = 0
        self._seen = 0
        if not self._parts:
            self._seen = at = self.opener
            self._parts.append(text[:at])
        for found in self._ends.finditer(text, at):
            closer, end = found["closer"], found.start()
            if found[0] == self._opener and self._is_empty and not text[at:end].strip():
                return text[at:]  # The opener twice: the first is none.
            # A value is not ended by what stands in it; and forms may stand within one another.
            if self._can_end(text, at, end) and (closer or not self._is_empty or text[at:end].strip()):
                self._parts += [text[at:end], closer or ""]
                return text[end + len(closer or "") :]
        if last:
            self._parts.append(text[at:])
            return self._up_to_first_closer()
        sign = max(text.rfind("<", max(at, len(text) - MAX_WAIT)), text.rfind("[", max(at, len(text) - MAX_WAIT)))
        keep = len(text) - sign if sign >= 0 and may_begin(text[sign:]) else 0
        keep = keep or (len(text) - sign if sign >= 0 and any(m.startswith(text[sign:]) for m in CLOSERS) else 0)
        self._take(text, at, len(text) - keep)
        self._tail = text[len(text) - keep :]
        return None

    def _take(self, text: str, start: int, end: int) -> None:
        self._can_end(text, start, end)
        taken = text[start:end]
        self._parts.append(taken)
        self._recent = (self._recent + taken)[-MAX_WAIT:]
        self._is_empty = self._is_empty and not taken.strip()

    def _can_end(self, text: str, start: int, end: int) -> bool:
        """Can it end at `end`: not within a value that is open. `text`: what came from `start` on, behind the parts."""
        new = text[max(start, self._seen) : end]
        self._seen = end
        if self._json is not None:
            self._json.feed(new)
            return not self._json.inside
        if len(self._head) < MAX_WAIT:
            self._head += new[:MAX_WAIT]
            if (first := _FIRST_SIGN.search(self._head)) is not None:
                if first[0] != "<":
                    self._json = _Strings()
                    self._json.feed((self._head + new[MAX_WAIT:])[first.start() :])
                    return not self._json.inside
                self._head = " " * MAX_WAIT
        if not self._has_values and _VALUE.search(self._recent[-20:] + new) is None:
            return True
        self._has_values = True
        near = text[max(start, end - 24) : end].rstrip()
        if len(near) < 24:
            near = (self._recent + text[max(start, end - MAX_WAIT) : end]).rstrip()
        return near.endswith(self._value_ends)

    def _up_to_first_closer(self) -> str:
        """The answer is over within the block: it ends at its first closer, whatever stands before that."""
        whole = self.text
        closed = re.search(_any(CLOSERS), whole)
        if closed is None:
            half = _HALF_CLOSER.search(whole, max(0, len(whole) - MAX_WAIT))
            if half is not None and whole[: half.start()].rstrip().endswith(self._value_ends):
                self._parts = [whole[: half.start()]]
            return ""
        self._parts = [whole[: closed.end()]]
        return whole[closed.end() :]


class _Strings:
    """Follows JSON as it comes, as far as to know whether this is inside a string."""

    def __init__(self) -> None:
        self.inside = False
        self._escaped = False

    def feed(self, text: str) -> None:
        text = text[1:] if self._escaped else text
        self._escaped = (len(text) - len(text.rstrip("\\"))) % 2 == 1
        self.inside ^= _QUOTE.findall(text).count('"') % 2 == 1


class _WholeAnswer:
    """An answer that is one call alone, without tags: JSON, or a fenced block. Held while it can still be that."""

    def __init__(self, names: Names) -> None:
        self.begun = False
        """It is one, as far as can be seen."""
        self._names = names
        self._is_fenced = False
        self._parts: list[str] = []
        self._start: list[str] = []
        """What came from the first word on, until it is known."""
        self._scanner: JsonScanner | None = None
        """Of JSON that is open."""
        self._is_tagged = False
        self._behind = ""
        """What stands behind the last value, or behind a fence's text."""
        self._closed = False

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def take(self, text: str) -> bool:
        """Take what comes next. False: it cannot be one any more."""
        self._parts.append(text)
        if self.begun:
            return self._go_on(text)
        if not self._start and not text.strip():
            return True
        self._start.append(text)
        so_far = "".join(self._start).lstrip()
        if len(so_far) > MAX_START and len(so_far) > len(text):
            return False
        if _MAY_FENCE.match(so_far):
            return True
        fence = _FENCE.match(so_far)
        inner = so_far[fence.end() :] if fence else so_far
        begins = json_calls.begins(inner, self._names)
        if fence and not begins:
            opened = inner.startswith(OPENERS)
            begins = True if opened else None if any(mark.startswith(inner) for mark in OPENERS) else begins
            self._is_tagged = opened
        if not begins:
            return begins is None
        self.begun, self._is_fenced = True, fence is not None
        return self._go_on(inner)

    def calls(self) -> list[Draft]:
        """The calls that it is; none where it is something else."""
        if not self._is_tagged:
            return read_block(self.text, self._names)
        fence = _FENCE.match(self.text)
        inner = self.text[fence.end() if fence else 0 :].rstrip()
        return read_calls(inner.removesuffix("```"), self._names)

    def is_complete(self, *, cut: bool) -> bool:
        """Is it whole; where a limit `cut` the answer, it has to be closed."""
        if not self.begun or (self._scanner is not None and self._scanner.in_string):
            return False
        return not cut or (self._closed and (not self._is_fenced or self._is_tagged or self._behind == "```"))

    def _go_on(self, text: str) -> bool:
        return self._go_on_tagged(text) if self._is_tagged else self._go_on_json(text)

    def _go_on_tagged(self, text: str) -> bool:
        if self._closed:
            return not text.strip()
        text = self._behind + text
        fence = text.find("```")
        self._behind = text[-2:]
        self._closed = fence >= 0
        return fence < 0 or not text[fence + 3 :].strip()

    def _go_on_json(self, text: str) -> bool:
        while text:
            if self._scanner is None:
                text = text if self._behind else text.lstrip(" \t\r\n},]")
                if self._behind or text[:1] not in ("{", "["):
                    self._behind = (self._behind + text).strip()
                    return "```".startswith(self._behind)
                self._scanner = JsonScanner()
            end = self._scanner.feed(text)
            if end is None:
                self._closed = False
                return not self._scanner.too_deep
            self._scanner, self._closed, text = None, True, text[end:]
        return True


def read_calls(text: str, names: Names, *, parallel: bool = True) -> list[Draft]:
    """The calls in a text that is all there: for reasoning, where nothing visible was said."""
    reader = CallReader(names, parallel=parallel)
    return [one for one in (*reader.feed(text), *reader.finish(cut=False)) if isinstance(one, Draft)]
