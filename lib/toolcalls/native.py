"""Native calls: the service's own `tool_calls` parts, in which some models call the caller's tools (tools.md)."""

from collections.abc import Mapping, Sequence

from lib.structured import loose_json
from lib.structured.kinds import properties
from lib.toolcalls import arguments as typing
from lib.toolcalls.call_id import new_call_id
from lib.toolcalls.dialect import CALL_OPENER, CALLERS_CALL, PREFIX, SERVICE_CALL, SERVICE_TOOLS, shown_name
from lib.toolcalls.marks import unescape
from lib.toolcalls.reader import read_calls
from lib.types.chat import Tool, ToolCall


def read_native(name: str, arguments: str, show_type: str, tools: Sequence[Tool]) -> list[ToolCall]:
    """The caller's calls in a native call; empty where it is the service's own, or cannot be read.

    `arguments` is JSON as text, or glued to the name. Most often there is one call; some models join several.
    """
    if show_type == SERVICE_CALL:
        return []
    known = {tool.name: tool for tool in tools} | {shown_name(tool.name): tool for tool in tools}
    name, arguments = name.strip(), arguments.strip()
    if "<arg_key>" in name:
        return read_calls(CALL_OPENER + name.removeprefix(CALL_OPENER), tools)
    # The model copies texts as the prompt showed them.
    name, arguments = unescape(name), unescape(arguments)
    tool = known.get(name)
    if tool is None:
        glued = _glued(name, known)
        if glued is None:
            return []
        name, tool, arguments = glued
    if _is_services(name, show_type):
        return []
    return [ToolCall(new_call_id(), tool.name, loose_json.encode(values)) for values in _arguments(arguments, tool)]


def _is_services(name: str, show_type: str) -> bool:
    """One of the service's own tools by its name, where the show type does not say that it is the caller's."""
    return name in SERVICE_TOOLS and show_type != CALLERS_CALL and not name.startswith(PREFIX)


def _glued(name: str, known: Mapping[str, Tool]) -> tuple[str, Tool, str] | None:
    """`Read{"file_path": …}`, or `TodoWritetodos[…]` with a key between; the longest name that fits."""
    start = min((at for sign in "{[" if (at := name.find(sign)) >= 0), default=-1)
    if start < 0:
        return None
    head, rest = name[:start].strip(), name[start:]
    for candidate in sorted(known, key=len, reverse=True):
        if not head.startswith(candidate):
            continue
        key, tool = head[len(candidate) :].strip(" :=\"'"), known[candidate]
        if not key and rest.startswith("{"):
            return candidate, tool, rest
        if key and key in properties(tool.parameters, tool.parameters):
            return candidate, tool, f'{{"{key}":{rest}'
    return None


def _arguments(text: str, tool: Tool) -> list[dict[str, object]]:
    """The arguments of each of the calls."""
    try:
        values = _values(text)
        if len(values) == 1 and isinstance(values[0], str):
            values = _values(values[0])  # Encoded twice.
    except ValueError:
        return []
    if len(values) == 1 and isinstance(values[0], list) and values[0]:
        values = values[0]
    calls = [typing.fit_arguments(value, tool.parameters) for value in values if isinstance(value, dict)]
    return calls if len(calls) == len(values) else []


def _values(text: str) -> list[object]:
    return loose_json.load_all(text) if text.strip() not in ("", "null") else [{}]
