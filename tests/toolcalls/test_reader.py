"""The reader of calls: whatever the cut, exactly the calls and texts that were written come out."""

import time
from typing import Any

import pytest

from lib.toolcalls.reader import read_calls
from lib.types.chat import Tool
from lib.types.events import Draft, Text
from tests.toolcalls.calls import (
    FORMS,
    NAMES,
    TOOLS,
    always_told,
    as_json,
    dsml,
    invoke,
    lines,
    reader_of,
    told,
    trained,
)

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
        {"content": "x" * 5000},
    ],
)
def test_every_form(form: str, arguments: dict[str, Any]) -> None:
    written = "I write it.\n\n" + FORMS[form]("Write", arguments) + "\n" + FORMS[form]("ping", {})
    assert always_told(written) == ["I write it.\n\n", ("Write", arguments), ("ping", {})]


def test_text_without_signs_goes_out_at_once() -> None:
    reader = reader_of(TOOLS)
    assert reader.feed("Hello") == [Text("Hello")]
    assert reader.feed(" a < b") == [Text(" a < b")]
    assert reader.feed(" <") == [Text(" ")]
    assert reader.feed("b>") == [Text("<b>")]


def test_a_call_comes_whole_once_it_is_complete() -> None:
    reader = reader_of(TOOLS)
    assert reader.feed("Now.\n<tool_call>Write<arg_key>content</arg_key><arg_value>a") == [Text("Now.\n")]
    assert reader.holds
    assert reader.feed("</arg_value></tool_cal") == []
    (draft,) = reader.feed("l>")
    assert isinstance(draft, Draft)
    assert (draft.name, draft.arguments) == ("Write", '{"content":"a"}')
    assert draft.written == "<tool_call>Write<arg_key>content</arg_key><arg_value>a</arg_value></tool_call>"
    assert reader.called
    assert not reader.holds
    assert not reader.stopped


def test_ids_differ() -> None:
    calls = read_calls(trained("ping", {}) * 3, NAMES)
    assert len({call.id for call in calls}) == 3


def test_one_call_where_no_more_are_wanted() -> None:
    for form in (trained, lines, as_json, dsml, invoke):
        assert told([form("ping", {}) + form("Read", {"file_path": "a"})], parallel=False) == [("ping", {})]
    both = '<tool_call>[{"name": "ping", "arguments": {}}, {"name": "ping", "arguments": {}}]</tool_call>'
    assert told([both], parallel=False) == [("ping", {})]
    reader = reader_of(TOOLS, parallel=False)
    reader.feed(trained("ping", {}))
    assert reader.stopped


# What is text


@pytest.mark.parametrize(
    "text",
    [
        "```xml\n<tool_call>ping</tool_call>\n```\nThat is the form.",
        "````\n```\n<tool_call>ping</tool_call>\n```\n````",
        "- ```\n  <tool_call>ping</tool_call>\n  ```",
        "> ```\n> <tool_call>ping</tool_call>\n> ```",
        "~~~\n<tool_call>ping</tool_call>\n```\n<tool_call>ping</tool_call>\n~~~",
        "```\n```python\n<tool_call>ping</tool_call>",
        "Write `<tool_call>ping</tool_call>` to call.",
        "Write ``<tool_call>`ping</tool_call>`` to call.",
        "Then `<|user|>` follows.",
        "<tool_call>unknown</tool_call>",
        "<tool_call>unknown<arg_key>a</arg_key><arg_value>b</arg_value></tool_call>",
        "<tool_call>Reads<arg_key>a</arg_key><arg_value>b</arg_value></tool_call>",
        "<tool_call> is how a call begins.",
        "<tool_call>{not json}</tool_call> as said",
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "ping", "arguments": {"a"}}</tool_call>',
        '<tool_call>Read{"file_path": "cut in a str',
        '<invoke name="unknown"><parameter name="a">b</parameter></invoke>',
        "<invoke name=",
        "<function_calls>\nNone today.",
        "<function_calls>",
        "a < b <tool",
        "<tool_call>",
        "<~",
        "</arg_value>",
        "<div><item>x</item></div> [1] [TOOL] [END",
    ],
)
def test_what_is_no_call_is_text(text: str) -> None:
    assert always_told(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "`a` and `b`: ",
        "```\ncode\n```\n",
        "```code``` ",
        "It's 5 o`clock\n",
        "```py\n`\n```\n\n",
        "~~gone~~ ",
        "````\n```\n````\n",
    ],
)
def test_a_call_after_code(text: str) -> None:
    assert always_told(text + "<tool_call>ping</tool_call>") == [text, ("ping", {})]


@pytest.mark.parametrize(
    "rest",
    [
        "\nThe file says: hello",
        "<tool_response>hello</tool_response>",
        "<|observation|>hello",
        "<|user|>Thanks",
        "\n[TOOL RESULT from ping (1)]\nhello",
        "\n</tool_call></function_calls>\n```",
    ],
)
def test_nothing_after_the_last_call_is_the_answer(rest: str) -> None:
    assert always_told("On it. <tool_call>ping</tool_call>" + rest) == ["On it. ", ("ping", {})]
    reader = reader_of(TOOLS)
    reader.feed("<tool_call>ping</tool_call>")
    assert not reader.stopped
    reader.feed(rest + " ")
    assert reader.stopped
    assert reader.feed("<tool_call>ping</tool_call>") == reader.finish(cut=False) == []


@pytest.mark.parametrize("mark", ["<tool_response>", "<|observation|>", "<|user|>", "[TOOL RESULT from "])
def test_invented_results_end_the_answer(mark: str) -> None:
    assert always_told(f"I see.{mark}x <tool_call>ping</tool_call>") == ["I see."]


def test_an_echoed_end_of_a_result_is_left_out() -> None:
    assert always_told("[END OF TOOL RESULT]\nIt says 3.") == ["\nIt says 3."]


# Ends


@pytest.mark.parametrize(
    "written",
    [
        "<tool_call>",
        "<tool_call>Wr",
        "<tool_call>Write",
        "<tool_call>Write<arg_key>content</arg_key><arg_value>half of a fi",
        "<tool_call>Write<arg_key>content</arg_key><arg_value>half</arg_value>",
        '<tool_call>{"name": "Write", "arguments": {}}',
        '<|DSML|invoke name="Write"><|DSML|parameter name="content"><![CDATA[half',
    ],
)
def test_a_limit_inside_a_call_leaves_no_call(written: str) -> None:
    reader = reader_of(TOOLS)
    events = [*reader.feed("Now. " + written), *reader.finish(cut=True)]
    assert not any(isinstance(event, Draft) for event in events)
    assert reader.cut_in_call
    assert "".join(event.text for event in events if isinstance(event, Text)) == "Now. "


def test_a_limit_after_a_call_leaves_it() -> None:
    reader = reader_of(TOOLS)
    assert any(
        isinstance(one, Draft) for one in [*reader.feed("<tool_call>ping</tool_call>"), *reader.finish(cut=True)]
    )
    assert reader.called
    assert not reader.cut_in_call


@pytest.mark.parametrize(
    ("rest", "arguments"),
    [
        ("half of a file", {"content": "half of a file"}),
        ("half</arg_value>", {"content": "half"}),
        ("half</tool_call>", {"content": "half"}),
    ],
)
def test_a_call_without_its_closers_is_read_to_the_answer_s_end(rest: str, arguments: dict[str, Any]) -> None:
    assert always_told("<tool_call>Write<arg_key>content</arg_key><arg_value>" + rest) == [("Write", arguments)]


# Values that look like the form


@pytest.mark.parametrize(
    "content",
    [
        "a </arg_value> b",
        "a</arg_value>",
        "</arg_value></arg_value>x",
        "<tool_call>ping</tool_call>",
        "see </tool_call> there",
        "<arg_key>x</arg_key>",
        "<![CDATA[x]]>",
        "```\n<tool_call>\n```",
        "<|user|> and <tool_response>",
        "[TOOL RESULT from x (y)] [END OF TOOL RESULT]",
        "</invoke></parameter>",
        "    indented\n\ttabs\n\n",
        "\n",
        'r"\\d+\\s" \'"\' \\\\ \u2028 \x00',
    ],
)
def test_marks_inside_a_value_are_content(content: str) -> None:
    arguments = {"file_path": "a", "content": content, "lines": 1}
    assert always_told(trained("Write", arguments)) == [("Write", arguments)]
    assert always_told(lines("Write", arguments)) == [("Write", arguments)]
    assert always_told(as_json("Write", arguments)) == [("Write", arguments)]


def test_a_second_value_of_a_key_is_left_out() -> None:
    pair = "<arg_key>file_path</arg_key><arg_value>{}</arg_value>"
    written = f"<tool_call>Read{pair.format('a')}{pair.format('b')}</tool_call>"
    assert always_told(written) == [("Read", {"file_path": "a"})]


def test_names_that_the_service_has_too() -> None:
    search = Tool("search", parameters={"properties": {"query": {"type": "string"}}})
    for name in ("search", "client__search"):
        assert always_told(trained(name, {"query": "x"}), tools=[search]) == [("search", {"query": "x"})]


def test_calls_in_reasoning() -> None:
    (call,) = read_calls("I should look. <tool_call>ping</tool_call> Then I know.", NAMES)
    assert (call.name, call.arguments) == ("ping", "{}")


def test_a_long_value_in_small_pieces_costs_little() -> None:
    pieces = [*"<tool_call>Write<arg_key>content</arg_key><arg_value>", *["ab <"] * 20_000, "</arg_value></tool_call>"]
    began = time.process_time()
    assert told(pieces) == [("Write", {"content": "ab <" * 20_000})]
    assert time.process_time() - began < 5


@pytest.mark.parametrize("space", ["\n", " \n\n "])
def test_white_space_alone_before_a_call_is_left_out(space: str) -> None:
    assert always_told(space + "<tool_call>ping</tool_call>") == [("ping", {})]
    assert always_told(space + "Hello") == [space + "Hello"]


@pytest.mark.parametrize(
    "begun", ["<~", "<tool_calls>", "<tool_call>Write<arg_key>content</arg_key><arg_value>a</arg_value>"]
)
def test_a_run_without_end_in_small_pieces_costs_little(begun: str) -> None:
    reader = reader_of(TOOLS)
    began = time.process_time()
    reader.feed(begun)
    for _ in range(20_000):
        reader.feed(begun[-1] if begun == "<~" else " ")
    reader.finish(cut=False)
    assert time.process_time() - began < 5
