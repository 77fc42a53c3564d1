"""Tools, and calls of them as models write them, for the tests of reader and prompt."""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from lib.toolcalls.reader import CallReader
from lib.types.chat import Tool
from lib.types.events import Draft, Text
from lib.upstreams.chatglm.chat.native import names_of

type Told = list[str | tuple[str, Any]]
"""Texts, and names of calls with their arguments."""

READ: Final = Tool(
    "Read",
    "Reads a file.",
    {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["file_path"],
    },
)
WRITE: Final = Tool(
    "Write",
    "Writes a file.",
    {
        "type": "object",
        "properties": {
            "file_path": {"type": "string"},
            "content": {"type": "string"},
            "lines": {"type": "integer"},
            "share": {"type": "number"},
            "sure": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "edits": {"type": "array", "items": {"$ref": "#/$defs/edit"}},
            "mode": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "count": {"oneOf": [{"type": "integer"}, {"type": "null"}]},
            "level": {"allOf": [{"type": ["integer", "string"]}, {"type": "integer"}]},
            "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
            "any": {},
        },
        "required": ["file_path", "content"],
        "$defs": {"edit": {"type": "object", "properties": {"line": {"type": "integer"}, "text": {"type": "string"}}}},
    },
)
PING: Final = Tool("ping", "Says whether anybody is there.")
TOOLS: Final = (READ, WRITE, PING)
NAMES: Final = names_of(TOOLS)


def reader_of(tools: Iterable[Tool] = TOOLS, *, parallel: bool = True) -> CallReader:
    return CallReader(names_of(tools), parallel=parallel)


def told(pieces: Iterable[str], *, cut: bool = False, tools: Iterable[Tool] = TOOLS, parallel: bool = True) -> Told:
    """The texts, and the calls with their arguments, that come out; those of no tool that is declared as texts."""
    reader = reader_of(tools, parallel=parallel)
    return shown([event for piece in pieces for event in reader.feed(piece)] + reader.finish(cut=cut))


def shown(events: Iterable[Text | Draft]) -> Told:
    found: Told = []
    for event in events:
        if isinstance(event, Draft) and event.declared:
            assert event.id
            found.append((event.name, json.loads(event.arguments)))
        else:
            text = event.written if isinstance(event, Draft) else event.text
            if found and isinstance(last := found[-1], str):
                found[-1] = last + text
            else:
                found.append(text)
    return found


def always_told(text: str, *, cut: bool = False, tools: Iterable[Tool] = TOOLS) -> Told:
    """What comes out, whether the text comes at once, or letter by letter."""
    at_once = told([text], cut=cut, tools=tools)
    assert told(list(text), cut=cut, tools=tools) == at_once
    return at_once


def as_written(value: Any) -> str:
    """A string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def trained(name: str, arguments: dict[str, Any], line: str = "") -> str:
    """As GLM is trained to write it; `line`: the line breaks of 4.5 and 4.6."""
    pairs = "".join(
        f"{line}<arg_key>{key}</arg_key>{line}<arg_value>{as_written(value)}</arg_value>"
        for key, value in arguments.items()
    )
    return f"<tool_call>{name}{pairs}{line}</tool_call>"


def lines(name: str, arguments: dict[str, Any]) -> str:
    """As 4.5 and 4.6 write it."""
    return trained(name, arguments, "\n")


def dsml(name: str, arguments: dict[str, Any], closer: str = "]]></|DSML|parameter>") -> str:
    """The second dialect."""
    pairs = "".join(
        f'<|DSML|parameter name="{key}"><![CDATA[{as_written(value)}{closer}' for key, value in arguments.items()
    )
    return f'<|DSML|invoke name="{name}">{pairs}</|DSML|invoke>'


def invoke(name: str, arguments: dict[str, Any]) -> str:
    """As models drift to."""
    pairs = "".join(f'<parameter name="{key}">{as_written(value)}</parameter>\n' for key, value in arguments.items())
    return f'<function_calls>\n<invoke name="{name}">\n{pairs}</invoke>\n</function_calls>'


def as_json(name: str, arguments: dict[str, Any]) -> str:
    """The form of other models."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


FORMS: Final[dict[str, Callable[[str, dict[str, Any]], str]]] = {
    "trained": trained,
    "lines": lines,
    "dsml": dsml,
    "invoke": invoke,
    "json": as_json,
}
