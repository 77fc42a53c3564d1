"""The incremental reader of an answer that may hold calls: text in any pieces in, texts and calls out, no I/O.

What cannot be the beginning of a mark goes out at once. An opener in code is text, and so is a block that names no
declared tool or cannot be read. Nothing after the last block, or from where the model invents results, is the answer.
"""

from collections.abc import Sequence
from typing import Final

from lib.errors import Error, UpstreamFailed
from lib.toolcalls import marks
from lib.toolcalls.block import Block
from lib.toolcalls.call_writer import whole_call
from lib.toolcalls.code_spans import CodeSpans
from lib.toolcalls.dialect import CLOSERS, OPENERS, RESULT_CLOSER, STOP_MARKS, WRAPPER_OPENERS, shown_name
from lib.toolcalls.json_calls import FencedCall, calls_in
from lib.toolcalls.marks import Marks
from lib.types.chat import Tool, ToolCall
from lib.types.events import Text, ToolCallArguments, ToolCallEnd, ToolCallStart

type CallOrText = Text | ToolCallStart | ToolCallArguments | ToolCallEnd

_CALL_OPENERS: Final = tuple(opener for opener in OPENERS if opener not in WRAPPER_OPENERS)
_CALLS: Final = Marks(*_CALL_OPENERS)
_OPENERS: Final = Marks(*OPENERS)
_WRAPPERS: Final = Marks(*WRAPPER_OPENERS)
_STOPS: Final = Marks(*STOP_MARKS)
_LEFT_OVER: Final = Marks(*CLOSERS, *WRAPPER_OPENERS)
_ANY: Final = Marks(*OPENERS, *STOP_MARKS, RESULT_CLOSER)


class CallReader:
    """Feed it the answer's text, then end it. What it gives are the events of the one vocabulary."""

    def __init__(self, tools: Sequence[Tool], *, parallel: bool = True) -> None:
        """`parallel`: may one answer make several calls; else only the first counts."""
        self.stopped = False
        """All that follows is dropped: the upstream can be stopped."""
        self.called = False
        """A call is complete."""
        self.unfinished = False
        """The answer ended inside a call: nothing can be done with what was told of it."""
        self.failure: Error | None = None
        """A call that was told of cannot be read. The events before the failure have been given."""
        self._tools = {tool.name: tool for tool in tools} | {shown_name(tool.name): tool for tool in tools}
        self._parallel = parallel
        self._text = ""
        self._leading: str | None = ""
        """White space that the answer begins with: before a call it is left out. None: words have come."""
        self._spans = CodeSpans()
        self._block: Block | None = None
        self._opener = ""
        self._fenced: FencedCall | None = FencedCall(tuple(self._tools))
        self._events: list[CallOrText] = []

    def feed(self, text: str) -> list[CallOrText]:
        """The events that `text` brings. Look at `stopped` and `failure` afterwards."""
        if self._fenced is not None and text:
            if self._fenced.take(text):
                return []
            text, self._fenced = self._fenced.held, None
        if self._is_words_alone(text):
            self._spans.feed(text)
            return [Text(text)] if text else []
        return self._read(text, final=False)

    def end(self, *, cut: bool) -> list[CallOrText]:
        """Nothing follows. `cut`: the answer was ended by a limit, so an unclosed block is no call."""
        if self._fenced is not None:
            fenced, self._fenced = self._fenced, None
            calls = calls_in(marks.unescape(fenced.json), self._tools) if fenced.is_complete(cut=cut) else []
            if not calls:
                events = self._read(fenced.held, final=False)
                return [*events, *self.end(cut=cut)]
            for call in calls if self._parallel else calls[:1]:
                self._events += whole_call(call.tool, call.arguments)
            self.called = self.stopped = True
            return self._taken()
        if cut and self._block is not None and not self.stopped:
            self.unfinished = self.stopped = True
            return []
        events = self._read("", final=True)
        if self._leading and not (self.called or self.unfinished):
            events.append(Text(self._leading))
        self._leading = None
        self.stopped = True
        return events

    def take_calls(self, calls: Sequence[ToolCall]) -> list[CallOrText]:
        """Calls that came natively in the same answer: text that follows them is dropped, more of them are not.

        They are not told where a call in the text was begun and breaks off with them: look at `failure`.
        """
        if not calls or (self.called and not self._parallel):
            return []
        if self._fenced is not None and not self._fenced.held.strip():
            self._fenced = None
        if self._leading is not None:
            self._leading = ""
        events = self.end(cut=False)
        if self.failure is not None or (self.called and not self._parallel):
            return events
        for call in calls if self._parallel else calls[:1]:
            events += [ToolCallStart(call.id, call.name), ToolCallArguments(call.arguments), ToolCallEnd()]
        self.called = True
        return events

    def _is_words_alone(self, text: str) -> bool:
        """Most pieces by far are words alone, with nothing before them that waits."""
        waits = self._text or self._block or self.called or self.stopped or self._leading is not None
        return not waits and "<" not in text and "[" not in text

    def _read(self, text: str, *, final: bool) -> list[CallOrText]:
        self._text += text
        while not self.stopped:
            if self._block is not None:
                goes_on = self._read_block(self._block, final=final)
            elif self.called:
                goes_on = self._read_after_call(final=final)
            else:
                goes_on = self._read_text(final=final)
            if not goes_on:
                break
        if self.stopped:
            self._text = ""
        return self._taken()

    def _taken(self) -> list[CallOrText]:
        events, self._events = self._events, []
        return events

    def _read_block(self, block: Block, *, final: bool) -> bool:
        self._text = block.read(self._text, final=final)
        events = block.events
        if not self._parallel and (ends := [at for at, event in enumerate(events) if isinstance(event, ToolCallEnd)]):
            events = events[: ends[0] + 1]
        self._events += events
        block.events.clear()
        if block.state == "open":
            return False
        self._block = None
        if block.state == "done":
            self.called = True
            self.stopped = not self._parallel
        elif block.state == "failed":
            self.unfinished = self.stopped = True
            self.failure = UpstreamFailed("The model began a call of a tool that cannot be read to its end.")
        elif self.called:
            self.stopped = True
        else:
            self._say(self._opener)
        return True

    def _read_after_call(self, *, final: bool) -> bool:
        text = self._text.lstrip()
        self._text = text
        if not text:
            return False
        if mark := _CALLS.at(text, 0):
            self._open(mark, len(mark))
        elif mark := _LEFT_OVER.at(text, 0):
            self._text = text[len(mark) :]
        elif (_CALLS.begins(text, 0) or _LEFT_OVER.begins(text, 0)) and not final:
            return False
        else:
            self.stopped = True
        return True

    def _open(self, mark: str, at: int) -> None:
        self._opener = mark
        self._block = Block(mark, self._tools)
        self._text = self._text[at:]

    def _read_text(self, *, final: bool) -> bool:
        """Up to the next block; False: all is read, or what is left has to wait."""
        text, at = self._text, 0
        while at < len(text):
            sign = _next_sign(text, at)
            self._say(text[at:sign])
            at = sign
            if at == len(text):
                break
            used = self._read_sign(text, at, final=final)
            if self.stopped or self._block is not None:
                return True
            if not used:
                break
            at += used
        self._text = text[at:]
        return False

    def _read_sign(self, text: str, at: int, *, final: bool) -> int:
        """How many letters are used up at one that may begin a mark; 0: wait."""
        escaped = marks.escaped_at(text, at)
        if escaped > 0:
            self._spans.feed(text[at : at + escaped])
            self._give(text[at] + text[at + 2 : at + escaped])
            return escaped
        may_begin = (escaped == marks.WAIT or _ANY.begins(text, at)) and not final
        if self._spans.inside():
            if escaped == marks.WAIT and not final:
                return 0
        elif _STOPS.at(text, at):
            self.stopped = True
        elif mark := _CALLS.at(text, at):
            self._open(mark, at + len(mark))
        elif text.startswith(RESULT_CLOSER, at):
            return len(RESULT_CLOSER)
        elif mark := _WRAPPERS.at(text, at):
            return self._read_wrapper(text, at, mark, final=final)
        elif may_begin:
            return 0
        self._say_unless_opened(text[at])
        return 1

    def _say_unless_opened(self, text: str) -> None:
        if not self.stopped and self._block is None:
            self._say(text)

    def _read_wrapper(self, text: str, at: int, mark: str, *, final: bool) -> int:
        """A wrapper means nothing before a call; elsewhere it is text."""
        inner = marks.skip_space(text, at + len(mark))
        if opener := _CALLS.at(text, inner):
            self._open(opener, inner + len(opener))
            return 1
        if not final and (inner == len(text) or _OPENERS.begins(text, inner)):
            return 0
        self._say(mark)
        return len(mark)

    def _say(self, text: str) -> None:
        if text:
            self._spans.feed(text)
            self._give(text)

    def _give(self, text: str) -> None:
        if self._leading is not None:
            text = self._leading + text
            self._leading = None if text.strip() else text
            if self._leading:
                return
        if self._events and isinstance(last := self._events[-1], Text):
            self._events[-1] = Text(last.text + text)
        else:
            self._events.append(Text(text))


def _next_sign(text: str, at: int) -> int:
    """Where the next letter stands that may begin a mark; the text's end where none does."""
    angle = text.find("<", at)
    end = len(text) if angle < 0 else angle
    bracket = text.find("[", at, end)
    return end if bracket < 0 else bracket


def read_calls(text: str, tools: Sequence[Tool], *, parallel: bool = True) -> list[ToolCall]:
    """The calls in a text that is all there: for reasoning, where nothing visible was said."""
    reader = CallReader(tools, parallel=parallel)
    calls: list[ToolCall] = []
    for event in (*reader.feed(text), *reader.end(cut=False)):
        if isinstance(event, ToolCallStart):
            calls.append(ToolCall(event.id, event.name, ""))
        elif isinstance(event, ToolCallArguments):
            calls[-1] = calls[-1]._replace(arguments=calls[-1].arguments + event.text)
    return calls[:-1] if reader.unfinished and calls else calls
