"""Native calls: the service's own `tool_calls` parts, in which some models call the caller's tools (tools.md)."""

from collections.abc import Iterable
from typing import Final

from lib.structured import loose_json
from lib.toolcalls import trained
from lib.toolcalls.draft import Names, Written
from lib.toolcalls.escape import unescape
from lib.toolcalls.reading import draft_of, read_block
from lib.types.chat import Tool
from lib.types.events import Draft
from lib.upstreams.chatglm.stream.event_json import SERVICE_TOOLS

PREFIX: Final = "client__"
"""Stands before the names that equal one of the service's tools, and before those that have it already: no two tools
are shown by one name."""


def shown_name(name: str) -> str:
    """What the model knows a tool of the caller's by."""
    return PREFIX + name if name in SERVICE_TOOLS or name.startswith(PREFIX) else name


def names_of(tools: Iterable[Tool]) -> Names:
    """The tools that an answer may call, by the names that the model knows."""
    tools = tuple(tools)
    return Names(tools, {tool.name: shown_name(tool.name) for tool in tools})


class NativeCalls:
    """Reads one answer's native calls, each once and whole."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._told: set[str] = set()
        self._waiting: dict[str, Draft] = {}
        """Calls whose arguments are not complete, by id."""

    def feed(self, native: Draft) -> list[Draft]:
        """The caller's calls in one that came; none where it is not complete, came before, or is none of theirs."""
        mark = native.id or f"{native.name}\n{native.arguments}"
        if mark in self._told:
            return []
        found = self._read(native)
        if not found:
            self._waiting[mark] = native
            return []
        self._waiting.pop(mark, None)
        if not native.declared and not any(draft.declared for draft in found):
            return []  # Nobody says that it is the caller's.
        self._told.add(mark)
        return found

    def finish(self) -> list[Draft]:
        """Nothing more arrives: those that cannot be read are told as they are written, never swallowed."""
        waiting, self._waiting = list(self._waiting.values()), {}
        told: list[Draft] = []
        for native in waiting:
            tool = self._names.find(native.name)
            if tool is not None or native.declared:
                name, arguments = (tool.name if tool else native.name), native.arguments.strip() or "{}"
                told.append(
                    native._replace(name=name, arguments=arguments, written=_block(native), declared=bool(tool))
                )
        return told

    def _read(self, native: Draft) -> list[Draft]:
        """The calls in it; none where its arguments are not complete."""
        name = native.name.strip()
        if any(sign in name for sign in ("<arg_key>", "{", "[")):
            name = name.removeprefix(trained.OPENER).removesuffix(trained.CLOSER)
            return read_block(f"{trained.OPENER}{name}{trained.CLOSER}", self._names)
        try:
            values = _objects(unescape(native.arguments.strip()))
        except ValueError:
            return []
        block = _block(native)
        return [draft_of(Written(unescape(name), value, raw=False), self._names, block) for value in values]


def _objects(arguments: str) -> list[dict[str, object]]:
    """The objects that arguments are: one, several in a row or in a list, or JSON in a string."""
    values = loose_json.load_all(arguments) if arguments not in ("", "null") else []
    if len(values) == 1 and isinstance(values[0], str):
        values = loose_json.load_all(values[0])
    if len(values) == 1 and isinstance(values[0], list) and values[0]:
        values = values[0]
    return [value for value in values if isinstance(value, dict)]


def _block(native: Draft) -> str:
    return f"{trained.OPENER}{native.name}{native.arguments}{trained.CLOSER}"
