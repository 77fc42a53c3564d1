"""One call as it comes, from behind its opener to its closer. Read by the marks around names, keys and values.

A value ends only where its closer is followed by what may follow one: another key, the end of the call, or another
call. So a closer inside a value is text. What the form leaves out is made up for where one reading is left.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from lib.structured.kinds import properties
from lib.toolcalls.block_marks import INVOKE_MARKS, TAGGED_MARKS, attribute
from lib.toolcalls.block_value import BlockValue
from lib.toolcalls.call_writer import CallEvent, CallWriter, whole_call
from lib.toolcalls.dialect import CALL_OPENER, KEY_CLOSER, STRAY_CLOSERS, VALUE_OPENER
from lib.toolcalls.json_calls import JsonInBlock
from lib.toolcalls.marks import Marks, skip_space, unescape
from lib.types.chat import Tool

MAX_NAME: Final = 300
"""Letters of a name or key; what is longer is none."""

_KEY_ENDS: Final = Marks(KEY_CLOSER, VALUE_OPENER)
_STRAY: Final = Marks(*STRAY_CLOSERS)
_VALUE_OPENER: Final = Marks(VALUE_OPENER)


class Block:
    """A call. Feed it until its state is not `open` any more."""

    def __init__(self, opener: str, tools: Mapping[str, Tool]) -> None:
        self.state: Literal["open", "done", "refused", "failed"] = "open"
        """`refused`: it is no call, and nothing was told of it; `failed`: it was told, and cannot be read."""
        self.events: list[CallEvent] = []
        """What is to be told. Whoever takes them empties the list."""
        self.told = False
        self._tools = tools
        self._marks = TAGGED_MARKS if opener == CALL_OPENER else INVOKE_MARKS
        self._writer: CallWriter | None = None
        self._json: JsonInBlock | None = None
        self._value: BlockValue | None = None
        self._text = ""
        self._at = 0
        self._final = False
        self._before_json = ""
        self._step: Callable[[], bool] = self._tagged_name if opener == CALL_OPENER else self._invoke_name

    def read(self, text: str, *, final: bool) -> str:
        """Reads on, and returns what is not used up: all of a block that is refused. `final`: nothing follows."""
        self._text, self._at, self._final = text, 0, final
        while self.state == "open" and self._step():
            pass
        if self._final and self.state == "open":
            self.state = "failed" if self.told else "refused"
        return self._text[self._at :]

    # Names

    def _tagged_name(self) -> bool:
        text = self._text
        end = min((at for sign in "<{[" if (at := text.find(sign)) >= 0), default=len(text))
        name = text[:end].strip()
        # More than the name may stand there already: a key whose opener is missing.
        if end > MAX_NAME or not any(known.startswith(name) or name.startswith(known) for known in self._tools):
            return self._refuse()
        if end == len(text) and not self._final:
            return False
        if text[end : end + 1] in ("{", "["):
            return self._begin_json(name, end)
        while stray := _STRAY.at(text, end):
            if stray == KEY_CLOSER and (found := self._name_and_key(name)):
                start = self._value_start(end + len(stray))
                return start is not None and self._begin(found[0], start, key=found[1])
            end = skip_space(self._text, end + len(stray))
        if _STRAY.begins(text, end) and not self._final:
            return False
        follows = self._follows(end)
        if follows is None:
            return False
        tool = self._tools.get(name)
        return self._begin(tool, end) if follows and tool else self._refuse()

    def _name_and_key(self, words: str) -> tuple[Tool, str] | None:
        """A name and a key with nothing or only space between; None where there is not one reading."""
        found = [
            (tool, key)
            for name, tool in self._tools.items()
            if words.startswith(name) and (key := words[len(name) :].strip())
            if words[len(name)].isspace() or key in properties(tool.parameters, tool.parameters)
        ]
        return found[0] if len(found) == 1 else None

    def _invoke_name(self) -> bool:
        tag = attribute(self._text, 0)
        if tag is None:
            return False if len(self._text) <= MAX_NAME else self._refuse()
        name, end, empty = tag
        tool = self._tools.get(name)
        if tool is None or end > MAX_NAME:
            return self._refuse()
        if empty:
            self._begin(tool, end)
            return self._end()
        start = skip_space(self._text, end)
        if self._text[start : start + 1] == "{":
            return self._begin_json(name, start)
        follows = self._follows(end)
        if follows is None:
            return False
        return self._begin(tool, end) if follows else self._refuse()

    def _begin(self, tool: Tool, at: int, *, key: str = "") -> bool:
        self._writer = CallWriter(tool)
        self.events = self._writer.events
        self.told = True
        self._at = at
        if key:
            return self._begin_value(key)
        self._step = self._next
        return True

    def _refuse(self) -> bool:
        self.state = "failed" if self.told else "refused"
        return False

    # Arguments as JSON

    def _begin_json(self, name: str, at: int) -> bool:
        tool = self._tools.get(name)
        if name and tool is None:
            return self._refuse()
        self._json = JsonInBlock(self._marks.form, tool, self._tools)
        self._before_json = self._text[:at]
        self._at = at
        self._step = self._go_on_json
        return True

    def _go_on_json(self) -> bool:
        if self._json is None:
            return False
        rest = self._json.read(self._text[self._at :], final=self._final)
        self._text, self._at = rest, 0
        if not self._json.ended:
            return False
        calls = self._json.calls
        if calls:
            self.told = True
            self.state = "done"
            for call in calls:
                self.events += whole_call(call.tool, call.arguments)
        else:
            self._text = self._before_json + self._json.raw + self._json.closer + rest
            self.state = "refused"
        return False

    # Keys and values

    def _next(self) -> bool:
        """After the name, or a value."""
        start = skip_space(self._text, self._at)
        marks = self._marks
        if start == len(self._text):
            return self._end() if self._final else False
        if key := marks.keys.at(self._text, start):
            self._at = start + len(key)
            self._step = self._tagged_key if marks is TAGGED_MARKS else self._invoke_key
            return True
        if marks.ends.at(self._text, start):
            self._at = start + len(marks.closers.at(self._text, start))
            return self._end()
        if marks.following.begins(self._text, start):
            return self._end(drop=True) if self._final else False
        bare_key = self._bare_key(start) if marks is TAGGED_MARKS else 0
        if not bare_key:
            return self._refuse()
        if bare_key > 0:
            self._at = start
            self._step = self._tagged_key
        return bare_key > 0

    def _tagged_key(self) -> bool:
        end = self._text.find("<", self._at)
        if (len(self._text) if end < 0 else end) - self._at > MAX_NAME:
            return self._refuse()
        if end < 0:
            return False
        mark = _KEY_ENDS.at(self._text, end)
        if not mark:
            return False if _KEY_ENDS.begins(self._text, end) else self._refuse()
        start = end + len(mark) if mark == VALUE_OPENER else self._value_start(end + len(mark))
        if start is None:
            return False
        key = unescape(self._text[self._at : end].strip())
        self._at = start
        return self._begin_value(key)

    def _value_start(self, at: int) -> int | None:
        """Where the value begins after its key, its opener being there or not; None where that cannot be said yet."""
        opener = skip_space(self._text, at)
        if _VALUE_OPENER.at(self._text, opener):
            return opener + len(VALUE_OPENER)
        if not self._final and (opener == len(self._text) or _VALUE_OPENER.begins(self._text, opener)):
            return None
        return at + 1 if self._text[at : at + 1] == "\n" else at

    def _invoke_key(self) -> bool:
        tag = attribute(self._text, self._at)
        if (len(self._text) if tag is None else tag[1]) - self._at > MAX_NAME:
            return self._refuse()
        if tag is None:
            return False
        key, self._at, empty = tag
        if empty and self._writer:
            self._writer.key(unescape(key))
            self._writer.end_value()
            self._step = self._next
            return True
        return self._begin_value(unescape(key))

    def _begin_value(self, key: str) -> bool:
        if self._writer is None:
            return False
        self._writer.key(key)
        self._value = BlockValue(self._writer, self._marks.value_closers, self._marks.closers, self._follows)
        self._value.cdata = None if self._marks is INVOKE_MARKS else False
        self._step = self._go_on_value
        return True

    def _go_on_value(self) -> bool:
        if self._value is None:
            return False
        self._at = self._value.read(self._text, self._at, final=self._final)
        if self._value.ends_call:
            return self._end()
        if self._value.ended:
            self._step = self._next
        return self._value.ended

    def _follows(self, at: int) -> bool | None:
        """Does what stands at `at` go on with the call, or end it; None where that cannot be said yet."""
        at = skip_space(self._text, at)
        if at == len(self._text):
            return True if self._final else None
        following = self._marks.following
        if following.at(self._text, at):
            return True
        if following.begins(self._text, at):
            return True if self._final else None
        key = self._bare_key(at) if self._marks is TAGGED_MARKS else 0
        return None if key < 0 else key > 0

    def _bare_key(self, at: int) -> int:
        """A key without its opener stands at `at`: 1; 0: none; -1: that cannot be said yet."""
        end = at
        while end < len(self._text) and (self._text[end].isalnum() or self._text[end] in "_-."):
            end += 1
        if end == at or end - at > MAX_NAME:
            return 0
        if self._text.startswith(KEY_CLOSER, end):
            return 1
        return -1 if KEY_CLOSER.startswith(self._text[end:]) and not self._final else 0

    def _end(self, *, drop: bool = False) -> bool:
        if self._writer:
            self._writer.end()
        if drop:
            self._at = len(self._text)
        self.state = "done"
        return False
