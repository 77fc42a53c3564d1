"""The reader of calls: whatever the cut, exactly the calls and texts that were written come out."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib.tools.marks import escape, unescape
from lib.tools.reader import CallReader
from lib.types.chat import Tool
from lib.types.events import Text, ToolCallArguments, ToolCallEnd, ToolCallStart

type Told = list[str | tuple[str, Any]]

READ = Tool("Read", parameters={"type": "object", "properties": {"file_path": {"type": "string"}}})
WRITE = Tool(
    "Write",
    parameters={
        "type": "object",
        "properties": {
            "file_path": {"type": "string"},
            "content": {"type": "string"},
            "lines": {"type": "integer"},
            "sure": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "edits": {"type": "array", "items": {"$ref": "#/$defs/edit"}},
            "mode": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "options": {"type": "object"},
            "any": {},
        },
        "$defs": {"edit": {"type": "object", "properties": {"line": {"type": "integer"}, "text": {"type": "string"}}}},
    },
)
PING = Tool("ping")
TOOLS = (READ, WRITE, PING)


def told(pieces: Iterable[str], *, cut: bool = False, tools: Iterable[Tool] = TOOLS, parallel: bool = True) -> Told:
    """The texts, and the calls with their arguments, that come out."""
    reader = CallReader(tuple(tools), parallel=parallel)
    events = [event for piece in pieces for event in reader.feed(piece)] + reader.end(cut=cut)
    found: Told = []
    written = ""
    name = ""
    for event in events:
        match event:
            case Text(text):
                assert not name
                if found and isinstance(found[-1], str):
                    text, _ = found.pop() + text, None  # type: ignore[operator]
                found.append(text)
            case ToolCallStart():
                assert not name
                assert event.id
                name, written = event.name, ""
            case ToolCallArguments(text):
                written += text
            case ToolCallEnd():
                found.append((name, json.loads(written)))
                name = ""
    assert bool(name) == bool(reader.unfinished and name)
    return found


def cuts(text: str) -> Iterable[list[str]]:
    """All at once, and letter by letter."""
    return [text], list(text)


def call(name: str, **arguments: Any) -> tuple[str, Any]:
    return name, arguments


def as_written(value: Any) -> str:
    """A string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def trained(name: str, arguments: dict[str, Any], line: str = "") -> str:
    """A call as the model is trained to write it; `line`: the line breaks of 4.5 and 4.6."""
    pairs = "".join(
        f"{line}<arg_key>{key}</arg_key>{line}<arg_value>{as_written(value)}</arg_value>"
        for key, value in arguments.items()
    )
    return f"<tool_call>{name}{pairs}{line}</tool_call>"


def dsml(name: str, arguments: dict[str, Any], closer: str = "]]></|DSML|parameter>") -> str:
    pairs = "".join(
        f'<|DSML|parameter name="{key}"><![CDATA[{as_written(value)}{closer}' for key, value in arguments.items()
    )
    return f'<|DSML|invoke name="{name}">{pairs}</|DSML|invoke>'


def invoke(name: str, arguments: dict[str, Any]) -> str:
    pairs = "".join(f'<parameter name="{key}">{as_written(value)}</parameter>\n' for key, value in arguments.items())
    return f'<function_calls>\n<invoke name="{name}">\n{pairs}</invoke>\n</function_calls>'


def as_json(name: str, arguments: dict[str, Any]) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


FORMS = {
    "trained": trained,
    "lines": lambda name, arguments: trained(name, arguments, "\n"),
    "dsml": dsml,
    "invoke": invoke,
    "json": as_json,
}
CODE = 'def f(x):\n\tif x < 3 and "a\\n" in [1]:\n\t\treturn `x` ]] > 0  # <b>\\"é</b> 你好\n\n'
"""What files hold: white space, quotes, backslashes, signs of marks."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"file_path": "/a b/c.py", "content": CODE},
        {"content": "", "lines": 3, "sure": True, "tags": ["a", "b"], "options": {"a": {"b": None}}},
        {"edits": [{"line": 1, "text": "x"}], "mode": "w", "any": [1, "2"]},
        {"content": "  leading and trailing  \n"},
    ],
)
def test_every_form(form: str, arguments: dict[str, Any]) -> None:
    written = "I write it.\n\n" + FORMS[form]("Write", arguments) + "\n" + FORMS[form]("ping", {})
    for pieces in cuts(written):
        assert told(pieces) == ["I write it.\n\n", ("Write", arguments), call("ping")]


_TEXT = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(["<", "[", "~", "`", "```", "\n", "<tool_call>", "</tool_call>", "<~tool_call>", "<|user|>"]),
        st.sampled_from(
            ["<arg_key>", "</arg_value>", "[TOOL RESULT from ", "<function_calls>", "<invoke name=", "]]>"]
        ),
    ),
    max_size=8,
).map("".join)
_ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "file_path": _TEXT,
        "content": _TEXT,
        "lines": st.integers(-(10**9), 10**9),
        "sure": st.booleans(),
        "tags": st.lists(_TEXT, max_size=3),
        "options": st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
    },
)
_CALLS = st.lists(st.tuples(st.sampled_from(["Write", "ping"]), _ARGUMENTS), max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    _TEXT,
    _CALLS,
    st.sampled_from(["trained", "lines", "json", "dsml"]),
    st.data(),
)
def test_any_calls_any_texts_any_cut(text: str, calls: list[tuple[str, Any]], form: str, data: st.DataObject) -> None:
    # A text may leave a fence open, in which a call would be text.
    before = escape(text.replace("`", "'").replace("~~~", "---"))
    calls = [(name, shown(arguments, form) if name == "Write" else {}) for name, arguments in calls]
    safe = [(name, {key: escaped(value) for key, value in arguments.items()}) for name, arguments in calls]
    written = before + "".join(FORMS[form](name, arguments) + "\n" for name, arguments in safe)
    places = data.draw(st.lists(st.integers(0, len(written)), max_size=12).map(sorted))
    pieces = [written[start:end] for start, end in zip([0, *places], [*places, len(written)], strict=True)]
    expected: Told = [unescape(before)] if before else []
    assert told(pieces) == expected + list(calls)


def shown(arguments: dict[str, Any], form: str) -> dict[str, Any]:
    """A closer of CDATA at the end of a value is what the mangled closers look like: there is no telling."""
    if form != "dsml":
        return arguments
    return {key: value.rstrip("]>") if isinstance(value, str) else value for key, value in arguments.items()}


def escaped(value: Any) -> Any:
    """As the prompt shows a text to the model, which is how the model copies it."""
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return escape(value) if isinstance(value, str) else value


@given(_TEXT)
@example("<~tool_call>")
@example("<~~|user|>")
def test_escape_is_reversible_and_leaves_no_mark(text: str) -> None:
    assert unescape(escape(text)) == text
    assert told([escape(text)]) in ([text], [])
    for pieces in cuts(escape(text)):
        assert "".join(part for part in told(pieces) if isinstance(part, str)) == text


@given(st.text("<[`~\n a`tool_cal>", max_size=40))
def test_text_is_held_back_no_longer_than_a_possible_opener(text: str) -> None:
    reader = CallReader(TOOLS)
    out = ""
    for number, letter in enumerate("x" + text, 1):
        out += "".join(event.text for event in reader.feed(letter) if isinstance(event, Text))
        held = ("x" + text)[:number][len(out) :]
        if reader.stopped or reader._block:
            break
        assert not held or held[0] in "<["
        assert len(held) < 40 or "~" in held
