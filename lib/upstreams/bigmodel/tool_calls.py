"""Calls of the caller's tools out of `delta.tool_calls`: whole or in pieces, one after the other or mixed."""

import json
from secrets import token_hex
from typing import Any, Final

from lib.types.events import Event, ToolCallArguments, ToolCallEnd, ToolCallStart

MAX_CALLS: Final = 1000
"""Calls of one answer; what comes after these is left out."""


class _Call:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = ""
        self.told = 0
        """Letters of the arguments that have been given out."""
        self.started = False


class ToolCalls:
    """Reads one answer's calls. Events tell them one after the other: what comes for a later one meanwhile waits."""

    def __init__(self, *, only_first: bool = False) -> None:
        self._only_first = only_first
        self._calls: dict[int, _Call] = {}
        self._open: _Call | None = None
        self._ids: set[str] = set()
        self.made = False
        """A call has been told."""
        self.broken = False
        """A call that has been told is not complete, or not a JSON object."""

    def feed(self, deltas: Any) -> list[Event]:
        """The events of what has arrived."""
        for place, delta in enumerate(deltas if isinstance(deltas, list) else [deltas]):
            if isinstance(delta, dict):
                self._take(delta, place)
        return self._tell(complete=False)

    def end(self) -> list[Event]:
        """The rest: nothing more will arrive. Look at `broken` afterwards."""
        return self._tell(complete=True)

    @property
    def is_open(self) -> bool:
        """A call has been begun and not ended: nothing else can be told before."""
        return self._open is not None

    def settle(self) -> list[Event]:
        """Something else has arrived: end the open call where its arguments are complete."""
        if self._open is None or not _is_object(self._open.arguments):
            return []
        self._open = None
        return [ToolCallEnd()]

    def _take(self, delta: dict[str, Any], place: int) -> None:
        function = delta.get("function")
        if not isinstance(function, dict):  # One of the platform's own tools.
            return
        call = self._of(delta, function, place)
        if call is None:
            return
        call.id = call.id or str(delta.get("id") or "")
        call.name = call.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            call.arguments = json.dumps(arguments, ensure_ascii=False)
        elif isinstance(arguments, str):
            call.arguments += arguments

    def _of(self, delta: dict[str, Any], function: dict[str, Any], place: int) -> _Call | None:
        """The call that a delta belongs to: by its index, else a new one where it has a name."""
        index = delta.get("index")
        if not isinstance(index, int):
            begins = bool(function.get("name")) or not self._calls
            index = max(self._calls, default=-1) + 1 if begins else max(self._calls)
        known = self._calls.get(index)
        other_id = str(delta.get("id") or "")
        if known is not None and function.get("name") and other_id and known.id and other_id != known.id:
            index = max(self._calls) + 1  # Each call whole, and all of them with index 0.
            known = None
        if known is None and len(self._calls) < MAX_CALLS:
            known = self._calls[index] = _Call()
        return known

    def _tell(self, *, complete: bool) -> list[Event]:
        events: list[Event] = []
        waiting = [call for call in self._calls.values() if not call.started or call is self._open]
        for number, call in enumerate(waiting):
            if self._only_first and self.made and call is not self._open:
                break
            if not call.name:
                if complete and call.arguments:
                    self.broken = True
                continue
            events += self._begin(call)
            is_last = number == len(waiting) - 1
            if is_last and not complete:
                break
            if not complete and not call.arguments:  # They may still come, after the next call's name.
                break
            if not _is_object(call.arguments or "{}"):
                self.broken = complete
                break
            if not call.arguments:
                events.append(ToolCallArguments("{}"))
            events.append(ToolCallEnd())
            self._open = None
        return events

    def _begin(self, call: _Call) -> list[Event]:
        """The call's beginning, and what has come of its arguments since."""
        events: list[Event] = []
        if not call.started:
            call.started = self.made = True
            self._open = call
            if not call.id or call.id in self._ids:
                call.id = f"call_{token_hex(12)}"
            self._ids.add(call.id)
            events.append(ToolCallStart(call.id, call.name))
        if len(call.arguments) > call.told:
            events.append(ToolCallArguments(call.arguments[call.told :]))
            call.told = len(call.arguments)
        return events


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
