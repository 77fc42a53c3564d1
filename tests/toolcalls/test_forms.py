"""What models write in place of the form: values without types, parts left out, other forms."""

import time
from typing import Any

import pytest

from lib.types.chat import Tool
from lib.types.events import Text
from tests.toolcalls.calls import TOOLS, always_told, dsml, invoke, lines, reader_of, told, trained

# Types by the schema


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("lines", "12", 12),
        ("lines", " 12\n", 12),
        ("lines", '"12"', 12),
        ("lines", "12.0", 12),
        ("lines", "many", "many"),
        ("share", "1.5", 1.5),
        ("share", "2", 2),
        ("share", "1e999", "1e999"),
        ("sure", "true", True),
        ("sure", "False", False),
        ("sure", '"true"', True),
        ("content", "12", "12"),
        ("content", "null", "null"),
        ("content", '"quoted"', '"quoted"'),
        ("content", '{"a": 1}', '{"a": 1}'),
        ("mode", "w", "w"),
        ("mode", "null", None),
        ("mode", '"w"', "w"),
        ("mode", "two words", "two words"),
        ("mode", "12", "12"),
        ("count", "null", None),
        ("count", "None", None),
        ("count", "3", 3),
        ("count", '"3"', 3),
        ("level", "3", 3),
        ("any", "12", 12),
        ("any", "words", "words"),
        ("any", '{"a": [1]}', {"a": [1]}),
        ("unknown", "true", True),
        ("options", '{"deep": "true", "x": "1"}', {"deep": True, "x": "1"}),
        ("options", '"{\\"deep\\": true}"', {"deep": True}),
        ("options", '{"deep": true', {"deep": True}),
        ("tags", '["a", "b"]', ["a", "b"]),
        ("tags", '"a", "b"', ["a", "b"]),
        ("tags", "a", ["a"]),
        ("tags", '"[\\"a\\"]"', ["a"]),
        ("tags", "<item>a</item>\n<item>b</item>", ["a", "b"]),
        ("tags", '{"item": ["a", "b"]}', ["a", "b"]),
        ("edits", '[{"line": "1", "text": "x"}]', [{"line": 1, "text": "x"}]),
        ("edits", '{"line": 1}', [{"line": 1}]),
        ("edits", '{"line": 1}, {"line": "2"}', [{"line": 1}, {"line": 2}]),
        ("edits", '{"line": 1}{"line": 2}', [{"line": 1}, {"line": 2}]),
        ("edits", '"[{\\"line\\": 1}]"', [{"line": 1}]),
        ("edits", '[{"line": 1}', [{"line": 1}]),
        ("edits", '<item>{"line": 1}</item>', [{"line": 1}]),
    ],
)
def test_values_are_typed_by_the_schema(key: str, written: str, value: Any) -> None:
    for form in (trained, lines, dsml, invoke):
        assert always_told(form("Write", {key: written})) == [("Write", {key: value})]


def test_a_schema_that_refers_to_itself() -> None:
    node: dict[str, Any] = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/node"}, "n": {"type": "integer"}},
    }
    tool = Tool("t", parameters={"properties": {"node": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}})
    written = trained("t", {"node": '{"n": "1", "next": {"n": "2"}}'})
    assert always_told(written, tools=[tool]) == [("t", {"node": {"n": 1, "next": {"n": 2}}})]
    loop = Tool("t", parameters={"properties": {"a": {"$ref": "#/properties/a"}, "b": {"$ref": "http://host/x"}}})
    assert always_told(trained("t", {"a": "1", "b": "x"}), tools=[loop]) == [("t", {"a": 1, "b": "x"})]
    union: dict[str, Any] = {"anyOf": [{"$ref": "#/$defs/u"}] * 50 + [{"allOf": [{"$ref": "#/$defs/u"}]}] * 50}
    hostile = Tool("t", parameters={"properties": {"a": {"$ref": "#/$defs/u"}}, "$defs": {"u": union}})
    began = time.monotonic()
    assert always_told(trained("t", {"a": "1"}), tools=[hostile]) == [("t", {"a": 1})]
    assert time.monotonic() - began < 1


def test_deep_json_in_a_value_is_no_failure() -> None:
    deep = "[" * 100_000
    assert told([trained("Write", {"any": deep})]) == [("Write", {"any": deep})]


# Other forms


@pytest.mark.parametrize("fence", ["```json\n", "```\n", "```JSON\n", "\n```json "])
@pytest.mark.parametrize("json_call", ['{"name": "Read", "arguments": {"file_path": "a```b"}}'])
def test_one_fenced_json_object_as_the_whole_answer(fence: str, json_call: str) -> None:
    for closer in ("\n```\n", "}```", "", "\n`"):
        assert always_told(f"{fence}{json_call}{closer}") == [("Read", {"file_path": "a```b"})]
    cut = f"{fence}{json_call}\n"
    assert always_told(cut, cut=True) == [cut]


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"name": "Read", "arguments": {"file_path": "a"}}\n```\nThis is how a call looks.',
        'So: ```json\n{"name": "Read", "arguments": {}}\n```',
        '```json\n{"name": "Reader", "arguments": {}}\n```',
        '```json\n{"title": "Read"}\n```',
        '```json\n{"name": "Read", "arguments": {"file_path": "a',
        '```python\nprint("<tool_call>ping</tool_call>")\n```',
        "```json\n\n```",
        "```",
        "",
        " \n",
    ],
)
def test_other_fences_are_text(text: str) -> None:
    assert always_told(text) == ([text] if text else [])


def test_a_fence_is_held_back_only_while_it_can_be_a_call() -> None:
    reader = reader_of(TOOLS)
    assert reader.feed("```json\n{") == []
    assert reader.feed('"title"') == [Text('```json\n{"title"')]
    reader = reader_of(TOOLS)
    assert reader.feed('```json\n{"name": "Re') == []
    assert reader.feed("x") == [Text('```json\n{"name": "Rex')]


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>{"name": "Read", "arguments": {"file_path": "a"}}</tool_call>',
        '<tool_call>{"name": "Read", "arguments": "{\\"file_path\\": \\"a\\"}"}</tool_call>',
        '<tool_call>{"name": "Read", "parameters": {"file_path": "a"}}</tool_call>',
        '<tool_call>{"type": "function", "function": {"name": "Read", "arguments": {"file_path": "a"}}}</tool_call>',
        '<tool_call>{"name": "Read", "arguments": {"file_path": "a"}</tool_call>',
        '<tool_call>{"name": "Read", "arguments": {"file_path": "a"}}}</tool_call>',
        '<tool_call>{"name": "Read", "arguments": {"file_path": "a"}}',
        '<tool_call>Read{"file_path": "a"}</tool_call>',
        '<tool_call>Read\n{"file_path": "a"}\n</tool_call>',
        '<invoke name="Read">{"file_path": "a"}</invoke>',
        "<tool_call>Read<arg_key>file_path</arg_key>a</arg_value></tool_call>",
        "<tool_call>Read\n<arg_key>file_path</arg_key>\na</arg_value>\n</tool_call>",
        "<tool_call>Readfile_path</arg_key><arg_value>a</arg_value></tool_call>",
        "<tool_call>Read\nfile_path</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        "<tool_call>Read<arg_key>file_path<arg_value>a</arg_value></tool_call>",
        "<tool_call>Read</name><arg_key>file_path</arg_key><arg_value>a</arg_value></tool_call>",
        "<tool_call>Read</arg_key><arg_key>file_path</arg_key><arg_value>a</arg_value></tool_call>",
        "<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value>",
        "<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value>\n",
        "<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value></tool_",
        "<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</tool_call>",
        "<tool_calls><tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value></tool_call></tool_calls>",
        '<|DSML|invoke name="Read"><|DSML|parameter name="file_path">a</|DSML|parameter></|DSML|invoke>',
        '<|DSML|invoke name="Read"><|DSML|parameter name="file_path" string="true">a</|DSML|parameter></|DSML|invoke>',
        '<｜DSML｜invoke name="Read"><｜DSML｜parameter name="file_path">a</｜DSML｜parameter></｜DSML｜invoke>',
        "<invoke name='Read'><parameter name='file_path'>a</parameter></invoke>",
        "<invoke name=Read><parameter name=file_path>a</parameter></invoke>",
    ],
)
def test_what_the_form_leaves_out_is_made_up_for(written: str) -> None:
    assert always_told(written) == [("Read", {"file_path": "a"})]


@pytest.mark.parametrize(
    "closer",
    [
        "]]></|DSML|parameter>",
        "]]>]]></|DSML|parameter>",
        "]]|></|DSML|parameter>",
        "]]>\n</|DSML|parameter>\n",
        "</|DSML|parameter>",
        "</parameter>",
        "]]>",
        "]]>]]>\n",
        "]]></|DSML|parameter></|DSML|parameter>",
    ],
)
def test_mangled_closers_of_cdata(closer: str) -> None:
    arguments = {"file_path": "a]]>b", "content": "x[y[0]] > 1 </b>"}
    assert always_told(dsml("Write", arguments, closer)) == [("Write", arguments)]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("<tool_call>ping<tool_call>ping</tool_call>", 2),
        ("<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value><tool_call>ping</tool_call>", 2),
        ('<tool_call>{"name": "ping", "arguments": {}}{"name": "ping", "arguments": {}}</tool_call>', 2),
        ('<tool_call>[{"name": "ping"}, {"name": "ping"}]</tool_call>', 2),
        ("<tool_call>ping</tool_call></tool_call>\n<tool_call>ping</tool_call>", 2),
        ("<tool_call>ping</tool_call></arg_value><tool_call>ping</tool_call>", 2),
        ('<tool_call>ping</tool_call>\n\n<|DSML|invoke name="ping"/>', 2),
        ("<tool_call>ping</arg_value></tool_call>", 1),
        ("<tool_call>\nping\n</tool_call>", 1),
        ("<tool_call>ping", 1),
        ("<tool_call>ping<arg_key></arg_key><arg_value></arg_value></tool_call>", 1),
    ],
)
def test_calls_without_arguments_and_in_a_row(written: str, names: int) -> None:
    assert [item[0] for item in always_told(written)] == ["ping" if "Read" not in written else "Read", "ping"][:names]
