"""For any calls, any texts around them and any cut: exactly those come out, nothing twice, nothing lost."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib.toolcalls.escape import escape, unescape
from lib.types.events import Text
from tests.toolcalls.calls import FORMS, TOOLS, Told, always_told, reader_of, told

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
@given(_TEXT, _CALLS, st.sampled_from(["trained", "lines", "json", "dsml"]), st.data())
def test_any_calls_any_texts_any_cut(text: str, calls: list[tuple[str, Any]], form: str, data: st.DataObject) -> None:
    # A text may leave a fence open, in which a call would be text.
    before = escape(text.replace("`", "'").replace("~~~", "---"))
    calls = [(name, shown(arguments, form) if name == "Write" else {}) for name, arguments in calls]
    safe = [(name, {key: escaped(value) for key, value in arguments.items()}) for name, arguments in calls]
    written = before + "".join(FORMS[form](name, arguments) + "\n" for name, arguments in safe)
    places = data.draw(st.lists(st.integers(0, len(written)), max_size=12).map(sorted))
    pieces = [written[start:end] for start, end in zip([0, *places], [*places, len(written)], strict=True)]
    expected: Told = [unescape(before)] if before.strip() or (before and not calls) else []
    assert told(pieces) == expected + list(calls)


def shown(arguments: dict[str, Any], form: str) -> dict[str, Any]:
    """A closer of CDATA at the end of a value is what the mangled closers look like: there is no telling."""
    if form != "dsml":
        return arguments
    return {key: value.rstrip("]>|") if isinstance(value, str) else value for key, value in arguments.items()}


def escaped(value: Any) -> Any:
    """As the prompt shows a text to the model, which is how the model copies it."""
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return escape(value) if isinstance(value, str) else value


@given(_TEXT)
@example("<~tool_call>")
@example("<~~|user|>")
@example("```\n<tool_call>ping</tool_call>\n```")
def test_escaped_text_comes_back_to_the_letter(text: str) -> None:
    assert unescape(escape(text)) == text
    assert always_told(escape(text)) == ([text] if text else [])


@given(st.text("<[`~\n a`tool_cal>", max_size=40))
def test_text_is_held_back_no_longer_than_a_possible_opener(text: str) -> None:
    reader = reader_of(TOOLS)
    out = ""
    for number, letter in enumerate("x" + text, 1):
        out += "".join(event.text for event in reader.feed(letter) if isinstance(event, Text))
        held = ("x" + text)[:number][len(out) :]
        if "<tool_call>" in held:
            break
        assert not held or held[0] in "<["
        assert len(held) < 40 or "~" in held


_GARBAGE = st.lists(
    st.sampled_from(
        [
            *("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "Write", "Read"),
            *("content", "lines", "edits", "ping", " ", "\n", "x", "12", "{", "}", "[", '"', "`", "```", "```json\n"),
            *('{"name": "ping", "arguments": {}}', "<invoke name=", '"Write">', "</invoke>", "]]>", "<![CDATA[", "~"),
            *('<parameter name="content">', "</parameter>", "<function_calls>", "</function_calls>", "<|user|>", "<"),
            *('<|DSML|invoke name="Write">', '<|DSML|parameter name="content">', "</|DSML|parameter>", "]]|>", "'"),
            *("[TOOL RESULT from ", "[END OF TOOL RESULT]", "<~tool_call>", "</", "</name>", "]", "/>", "<item>"),
        ]
    ),
    max_size=10,
).map("".join)


_BEGINNING = st.sampled_from(
    [
        *(
            "",
            "text ",
            "<tool_call>Write",
            "<tool_call>Write{",
            '<tool_call>{"name":"ping"',
            "<tool_call>ping</tool_call>",
        ),
        "<tool_call>Write<arg_key>content</arg_key><arg_value>a",
        "<tool_call>Write<arg_key>lines</arg_key><arg_value>1",
        '<|DSML|invoke name="Write"><|DSML|parameter name="content"><![CDATA[',
        '<invoke name="Write">\n<parameter name="content">',
        '```json\n{"name": "ping", "arguments": {',
    ]
)


@settings(max_examples=600, deadline=None)
@given(_BEGINNING, _GARBAGE, st.booleans(), st.booleans())
def test_anything_is_read_alike_however_it_is_cut(begun: str, text: str, cut: bool, parallel: bool) -> None:
    text = begun + text
    at_once = told([text], cut=cut, parallel=parallel)
    assert told(list(text), cut=cut, parallel=parallel) == at_once
    assert told([text[:7], text[7:20], text[20:]], cut=cut, parallel=parallel) == at_once
