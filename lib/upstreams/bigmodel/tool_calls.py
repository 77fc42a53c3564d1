"""Calls of the caller's tools out of `delta.tool_calls`: whole or in pieces, one after the other or mixed.

A call of a declared tool is told as it comes. What is odd waits for its end, and is then read as far as it can be: what
cannot goes out as the model wrote it, since agents repair a call, and nobody repairs an answer that failed.
"""

import json
import re
from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import Any, Final

from lib.structured.loose_json import JsonScanner, encode, load_all
from lib.toolcalls import trained
from lib.toolcalls.draft import Names
from lib.toolcalls.reading import read_block
from lib.types.chat import Tool
from lib.types.events import Event, ToolCallArguments, ToolCallEnd, ToolCallStart

MAX_CALLS: Final = 1000
"""Calls of one answer; what comes after these is left out."""

_NAME: Final = re.compile(r"[\w.:/-]{1,128}")


class _Call:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = ""
        self.told = 0
        """Letters of the arguments that have been given out."""
        self.started = False
        self.ended = False
        self.closed_at: int | None = None
        """Where the first object of the arguments ends."""
        self._scanner = JsonScanner()

    def add(self, text: str) -> None:
        before = len(self.arguments)
        self.arguments += text
        if self.closed_at is not None:
            return
        if (end := self._scanner.feed(text)) is not None:
            self.closed_at = before + end

    @property
    def is_object(self) -> bool:
        return self.arguments.lstrip().startswith("{")


class ToolCalls:
    """Reads one answer's calls. Events tell them one after the other: what comes for a later one meanwhile waits."""

    def __init__(self, tools: Sequence[Tool], *, only_first: bool = False) -> None:
        self._tools = Names(tools, {})
        self._names = {tool.name for tool in tools}
        self._only_first = only_first
        self._calls: dict[int, _Call] = {}
        self._ids: set[str] = set()
        self.made = False
        """A call has been told."""

    def feed(self, deltas: Any) -> list[Event]:
        """The events of what has arrived."""
        for place, delta in enumerate(deltas if isinstance(deltas, list) else [deltas]):
            if isinstance(delta, dict):
                self._take(delta, place)
        return self._tell()

    def finish(self, *, cut: bool) -> list[Event]:
        """The rest: nothing more will arrive. `cut`: a limit ended the answer, so an incomplete call stays so."""
        events = self._tell()
        for call in list(self._calls.values()):
            if self._only_first and self.made and not call.started:
                break
            if not call.ended and not (cut and call.closed_at is None and call.arguments):
                events += self._ended(call)
            events += self._further(call)
        return events

    @property
    def is_open(self) -> bool:
        """A call has been begun and not ended: nothing else can be told before."""
        return any(call.started and not call.ended for call in self._calls.values())

    def _take(self, delta: dict[str, Any], place: int) -> None:
        function = delta.get("function")
        if not isinstance(function, dict):  # One of the platform's own tools.
            return
        call = self._of(delta, function)
        if call is None:
            return
        call.id = call.id or str(delta.get("id") or "")
        call.name = call.name or str(function.get("name") or "").strip()
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            call.add(json.dumps(arguments, ensure_ascii=False))
        elif isinstance(arguments, str):
            call.add(arguments)

    def _of(self, delta: dict[str, Any], function: dict[str, Any]) -> _Call | None:
        """The call that a delta belongs to: by its index, else a new one where it has a name."""
        index = delta.get("index")
        if not isinstance(index, int):
            begins = bool(function.get("name")) or not self._calls
            index = max(self._calls, default=-1) + 1 if begins else max(self._calls)
        known = self._calls.get(index)
        if known is not None and function.get("name") and known.name:
            other_id = str(delta.get("id") or "")
            # Several calls, all of them with one index: told apart by their ids, or by the end of the one before.
            if (other_id and known.id and other_id != known.id) or (not other_id and known.closed_at is not None):
                index, known = max(self._calls) + 1, None
        elif known is not None and index != max(self._calls) and known.closed_at is not None:
            known = self._calls[max(self._calls)]  # The pieces of the call that began under the same index.
        if known is None and len(self._calls) < MAX_CALLS:
            known = self._calls[index] = _Call()
        return known

    def _tell(self) -> list[Event]:
        """What can be told of the first call that has not ended, and of those after it once it has."""
        events: list[Event] = []
        for call in self._calls.values():
            if call.ended:
                continue
            if self._only_first and self.made and not call.started:
                break
            if not call.is_object or (self._names and call.name not in self._names) or not call.name:
                break  # It is odd, or may become so: it waits for its end.
            events += self._told(call, call.arguments[: call.closed_at])
            if call.closed_at is None:
                break
            call.ended = True
            events.append(ToolCallEnd())
        return events

    def _told(self, call: _Call, arguments: str) -> list[Event]:
        """The call's beginning, and what has come of its arguments since."""
        events: list[Event] = []
        if not call.started:
            call.started = self.made = True
            events.append(ToolCallStart(self._id(call.id), call.name))
        if len(arguments) > call.told:
            events.append(ToolCallArguments(arguments[call.told :]))
            call.told = len(arguments)
        return events

    def _id(self, told: str) -> str:
        made = told if told and told not in self._ids else f"call_{token_hex(12)}"
        self._ids.add(made)
        return made

    def _ended(self, call: _Call) -> list[Event]:
        """All of a call that has not ended by itself."""
        call.ended = True
        if call.started:
            mended = next(iter(_objects(call.arguments)), None)
            missing = _missing(call.arguments) if mended is not None else ""
            return [*([ToolCallArguments(missing)] if missing else []), ToolCallEnd()]
        if call.name and (not self._names or call.name in self._names):
            found = [(call.name, encode(one)) for one in _objects(call.arguments)]
        else:
            words = call.name.removeprefix(trained.OPENER) + call.arguments
            drafts = read_block(f"{trained.OPENER}{words}{trained.CLOSER}", self._tools)
            found = [(one.name, one.arguments) for one in drafts if one.declared]
        if not found:
            name = _NAME.match(call.name)
            if name is None:
                return []
            found = [(name[0], call.arguments or "{}")]
        call.closed_at = len(call.arguments)
        return self._all(found, call.id)

    def _further(self, call: _Call) -> list[Event]:
        """Calls of the same tool that came in the same arguments, behind the first; the same ones again are none."""
        if call.closed_at is None or self._only_first:
            return []
        behind = call.arguments[call.closed_at :].strip()
        if not behind:
            return []
        first = next(iter(_objects(call.arguments[: call.closed_at])), None)
        return self._all([(call.name, encode(one)) for one in _objects(behind) if one != first], "")

    def _all(self, found: Iterable[tuple[str, str]], told_id: str) -> list[Event]:
        events: list[Event] = []
        for name, arguments in found:
            if self._only_first and self.made:
                break
            self.made = True
            events += [ToolCallStart(self._id(told_id), name), ToolCallArguments(arguments), ToolCallEnd()]
        return events


def _objects(arguments: str) -> list[dict[str, Any]]:
    """The objects that arguments hold, each once: as they are, as JSON in a string, or `null` for none."""
    try:
        values = load_all(arguments) if arguments.strip() not in ("", "null") else [{}]
        if len(values) == 1 and isinstance(values[0], str):
            values = load_all(values[0])
    except ValueError:
        return []
    objects: list[dict[str, Any]] = []
    for value in values:
        if not isinstance(value, dict):
            return []
        if value not in objects:
            objects.append(value)
    return objects


def _missing(arguments: str) -> str:
    """The brackets that arguments leave open."""
    scanner = JsonScanner()
    scanner.feed(arguments)
    return "".join("}" if bracket == "{" else "]" for bracket in reversed(scanner.open_brackets))
