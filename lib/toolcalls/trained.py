"""The form that GLM is trained on: `<tool_call>name<arg_key>k</arg_key><arg_value>v</arg_value>…</tool_call>`.

A string is raw, to the letter; any other value is JSON. 4.5 and 4.6 put each mark on a line of its own (tools.md).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from lib.toolcalls.draft import Names, Written

OPENER: Final = "<tool_call>"
CLOSER: Final = "</tool_call>"
_KEY, _KEY_END, _VALUE, _VALUE_END = "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"
INNER: Final = (_KEY, _KEY_END, _VALUE, _VALUE_END)

INSTRUCTION: Final = (
    "For each function call, output the function name and arguments within the following XML format:\n"
    "<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value>"
    "<arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>"
)

_STRAY: Final = re.compile(r"\s*(?:</arg_value>|</name>|</tool_name>|</function>|</parameter>)")
"""Closers without an opener that were seen after a name or a value: they mean nothing."""
_AFTER_NAME: Final = re.compile(r"[^<]{0,300}")
_NAME: Final = re.compile(r"[\w.:/ -]{1,128}")
_KEYED: Final = re.compile(r"\s*+(?:<arg_key>\s*+)?([^<>]{0,300})(?:</arg_key>(?:\s*+<arg_value>|\n?)|<arg_value>)")
"""A key and the opener of its value. Either opener may be missing."""
_ENDS_VALUE: Final = re.compile(
    r"</arg_value>(?=\s*+(?:[\w.:/-]{0,300}<arg_key>|[\w.-]{1,300}</arg_key>|</(?!arg_value>)|\Z))"
)
"""A value ends only where its closer is followed by what may follow one; elsewhere the closer is a part of it."""


def write(name: str, values: Mapping[str, str]) -> str:
    """A call, of texts that hold no marks."""
    pairs = "".join(f"{_KEY}{key}{_KEY_END}{_VALUE}{value}{_VALUE_END}" for key, value in values.items())
    return f"{OPENER}{name}{pairs}{CLOSER}"


def parse(block: str, names: Names) -> list[Written]:
    """The calls in a block; none where it is in another form."""
    text = block.removeprefix(OPENER).removesuffix(CLOSER)
    calls: list[Written] = []
    at = 0
    while at < len(text):
        found = _call(text, at, names)
        if found is None:
            return []
        call, at = found
        calls.append(call)
    return calls


def _call(text: str, at: int, names: Names) -> tuple[Written, int] | None:
    """The call that begins at `at`, and where it ends."""
    begun = _AFTER_NAME.match(text, at)
    assert begun is not None
    name, at = begun[0].strip(), begun.end()
    values: dict[str, Any] = {}
    if text.startswith(_KEY_END, at) and (glued := names.glued(name)):
        name, key = glued
        opened = _KEYED.match(f"{key}{text[at : at + 60]}")
        values_at = at + (opened.end() - len(key) if opened else len(_KEY_END))
        values[key], at = _value(text, values_at)
    elif text.startswith(_KEY_END, at):
        at += len(_KEY_END)
    if not (names.has(name) or _NAME.fullmatch(name)):
        return None
    while True:
        while stray := _STRAY.match(text, at):
            at = stray.end()
        if not text[at : at + 300].strip() and not text[at:].strip():
            return Written(name, values, raw=True), len(text)
        keyed = _KEYED.match(text, at)
        if keyed is None:
            follows = _AFTER_NAME.match(text, at)
            if values and follows and text.startswith(_KEY, follows.end()) and names.find(follows[0].strip()):
                return Written(name, values, raw=True), at  # A second call in the same block.
            return None
        key = keyed[1].strip()
        value, at = _value(text, keyed.end())
        if key:
            values.setdefault(key, value)


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at `at`, and where what follows it begins. Its closer may be missing at the very end."""
    closed = _ENDS_VALUE.search(text, at)
    return (text[at:], len(text)) if closed is None else (text[at : closed.start()], closed.end())


def parse_raw_body(block: str, names: Names) -> list[Written]:
    """A tool of one text whose call holds that text as it is, as a custom tool's input: `<tool_call>exec\\n…`."""
    text = block.removeprefix(OPENER).removesuffix(CLOSER)
    head = re.match(r"\s*([\w.:/-]{1,128})(?:\s*\n|\s+|(?=[<{]))", text)
    tool = names.find(head[1]) if head else None
    if head is None or tool is None or (only := names.only_text(tool)) is None:
        return []
    body = text[head.end() :].strip("\n")
    return [Written(tool.name, {only: body}, raw=True)] if body.strip() else []
