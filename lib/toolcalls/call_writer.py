"""Writes the events of one call: arguments as one JSON object, strings as they come, other values when complete."""

from typing import Any

from lib.structured import kinds, loose_json
from lib.toolcalls import arguments
from lib.toolcalls.call_id import new_call_id
from lib.types.chat import Tool
from lib.types.events import ToolCallArguments, ToolCallEnd, ToolCallStart

type CallEvent = ToolCallStart | ToolCallArguments | ToolCallEnd


def whole_call(tool: Tool, values: dict[str, Any]) -> list[CallEvent]:
    """The events of a call whose arguments are all there."""
    typed = arguments.fit_arguments(values, tool.parameters)
    return [ToolCallStart(new_call_id(), tool.name), ToolCallArguments(loose_json.encode(typed)), ToolCallEnd()]


class CallWriter:
    """One call. Its events are taken from `events`."""

    def __init__(self, tool: Tool) -> None:
        self.events: list[CallEvent] = [ToolCallStart(new_call_id(), tool.name)]
        self._root = tool.parameters
        self._known = kinds.properties(tool.parameters, tool.parameters)
        self._keys: set[str] = set()
        self._schema: Any = {}
        self._streams = False
        self._skips = False
        self._value: list[str] = []

    def key(self, key: str) -> None:
        """A value begins. A key's second value is left out: the first one may have been shown."""
        self._skips = key in self._keys
        if self._skips:
            return
        self._schema = self._known.get(key, {})
        self._streams = arguments.is_string(self._schema, self._root)
        opener = "," if self._keys else "{"
        self._keys.add(key)
        self._write(f"{opener}{loose_json.encode(key)}:" + ('"' if self._streams else ""))

    def text(self, text: str) -> None:
        """A piece of the value."""
        if not text or self._skips:
            return
        if self._streams:
            self._write(loose_json.encode(text)[1:-1])
        else:
            self._value.append(text)

    def end_value(self) -> None:
        """The value is complete."""
        if self._skips:
            return
        if self._streams:
            self._write('"')
        else:
            self._write(loose_json.encode(arguments.from_text("".join(self._value), self._schema, self._root)))
            self._value.clear()

    def end(self) -> None:
        """The call is complete."""
        self._write("}" if self._keys else "{}")
        self.events.append(ToolCallEnd())

    def _write(self, text: str) -> None:
        if self.events and isinstance(last := self.events[-1], ToolCallArguments):
            self.events[-1] = ToolCallArguments(last.text + text)
        else:
            self.events.append(ToolCallArguments(text))
