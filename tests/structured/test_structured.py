"""Structured output: what is read out of the answers that models write, and what is said of those that will not do."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.errors import BadRequest
from lib.structured.json_answer import check_arguments, instructed, instructions, read, repair
from lib.types.chat import ChatRequest, FilePart, Message, ResponseFormat, TextPart, Tool

ANY = ResponseFormat()
NAMED = ResponseFormat(
    {"type": "object", "properties": {"名": {"type": "string"}}, "required": ["名"], "additionalProperties": False},
    name="person",
    description="Who it is.",
    strict=True,
)
LIST = ResponseFormat({"type": "array", "items": {"type": "integer"}})

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
objects = st.dictionaries(st.text(), values, max_size=4)
prose = st.text(st.characters(exclude_characters="{[", exclude_categories=["Cs"]), max_size=30)


@given(objects | st.lists(values, max_size=4), prose, prose, st.sampled_from([None, 2]))
@example({"a": '</think> [1] {"b": 2}'}, "x", "y", None)
def test_a_value_is_found_in_any_prose(value: Any, before: str, after: str, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    assert read(f"{before}{text}{after}", ResponseFormat({})).json == text


@given(objects, prose, prose)
def test_an_object_is_found_behind_what_was_thought(value: Any, thought: str, after: str) -> None:
    text = json.dumps(value)
    assert read(f'{thought} so {{"draft": 1}} it is.</think>\n{text}\n{after}', ANY).json == text


@given(st.text(st.sampled_from('{}[]":,a1\\ \n`</think>'), max_size=60))
def test_any_text_gives_an_object_or_says_what_is_wrong(text: str) -> None:
    found = read(text, ANY)
    assert bool(found.json) != bool(found.fault)
    if found.json:
        assert isinstance(json.loads(found.json), dict)


@pytest.mark.parametrize(
    "text",
    [
        '{"名": "a"}',
        ' \n{"名": "a"}\n ',
        '```json\n{"名": "a"}\n```',
        '```json\n{"名": "a"}',  # A lone opening fence.
        '```\n{"名": "a"}\n```\nThat is all.',
        '```json\n```\n{"名": "a"}',  # An empty fence left over.
        'Here you are [1]: {"名": "a"} Anything else? {"b": 1}',
        'so it is</think>{"名": "a"}',
        '<think>{"名": 1} or {x}</think>\n\n```json\n{"名": "a"}\n```',
        'In the set {a, b} and \\frac{1}{2}: {"名": "a"}',
    ],
)
def test_the_commonest_faults_are_no_faults(text: str) -> None:
    assert read(text, NAMED) == ('{"名": "a"}', "")


def test_line_ends_in_a_text_become_strict_json() -> None:
    found = read('```json\n{"名": "a\nb\tc"}\n```', NAMED)
    assert json.loads(found.json) == {"名": "a\nb\tc"}


@pytest.mark.parametrize(
    ("text", "format_", "words"),
    [
        ("", ANY, "no JSON"),
        ("I cannot do that.", NAMED, "no JSON"),
        ("[1, 2]", ANY, "object"),
        ('{"名": "a', NAMED, "not valid"),
        ('{"名": "a",}', NAMED, "not valid"),
        ("{'名': 'a'}", NAMED, "not valid"),
        ('{"person": {"名": "a"}, oops}', ANY, "not valid"),  # What is inside a broken object is not the answer.
        ('{"a": NaN}', ANY, "NaN"),
        ('{"a": Infinity}', ANY, "Infinity"),
        ("[" * 100_000, LIST, "deep"),
        ('{"a":' * 100_000, ANY, "deep"),
        ('{"名": 1}', NAMED, "$['名']"),
        ('{"名": "a", "b": 1}', NAMED, "'b'"),
        ('{"a": 1}', LIST, "array"),
        ('["a"]', LIST, "$[0]"),
    ],
)
def test_what_does_not_fit_is_never_handed_out(text: str, format_: ResponseFormat, words: str) -> None:
    found = read(text, format_)
    assert found.json == ""
    assert words in found.fault
    assert found.fault in repair(found.fault)


def test_what_is_not_strict_has_to_fit_all_the_same() -> None:
    assert read('{"名": 1}', NAMED._replace(strict=False)).fault


def test_a_schema_of_another_kind_of_value() -> None:
    assert read("42", ResponseFormat({"type": "integer"})).json == "42"
    assert read("Sure: [1, 2]", ResponseFormat({"anyOf": [{"type": "array"}, {"type": "object"}]})).json == "[1, 2]"
    assert read("see {1}: [1, 2]", LIST).json == "[1, 2]"


def test_a_schema_that_cannot_be_used_is_the_requests_fault() -> None:
    with pytest.raises(BadRequest) as caught:
        read("{}", ResponseFormat({"type": "thing"}))
    assert caught.value.param == "response_format"


def test_long_answers_are_read_in_time() -> None:
    assert read("{ [ " * 100_000 + '{"名": "a"}', NAMED).json
    assert read("</think>{" * 50_000, ANY).fault


def test_the_prompt_says_what_is_wanted() -> None:
    assert "JSON object" in instructions(ANY)
    told = instructions(NAMED)
    assert '"required":["名"]' in told
    assert "person" in told
    assert "Who it is." in told


def test_the_instructions_stand_at_the_end_of_the_users_last_message() -> None:
    picture = FilePart("https://example.com/a.png", "messages[0]", is_image=True)
    request = ChatRequest("glm", (Message("user", (TextPart("Who?"), picture)),), response_format=NAMED)
    (message,) = instructed(request).messages
    assert message.parts == (TextPart("Who?"), picture, TextPart(instructions(NAMED)))
    after_tool = request._replace(messages=(*request.messages, Message("tool", (TextPart("r"),), tool_call_id="1")))
    assert instructed(after_tool).messages[-1] == Message("user", (TextPart(instructions(NAMED)),))


WEATHER = Tool(
    "weather", parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
)


@pytest.mark.parametrize("arguments", ['{"city": "北京"}', ' {"city": "", "more": 1}'])
def test_arguments_that_fit(arguments: str) -> None:
    assert check_arguments(arguments, WEATHER) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [("", "not valid"), ('{"city"', "not valid"), ("[]", "object"), ("{}", "city"), ('{"city": 1}', "$.city")],
)
def test_arguments_that_do_not_fit(arguments: str, words: str) -> None:
    fault = check_arguments(arguments, WEATHER)
    assert fault is not None
    assert words in fault
    assert "weather" in fault


def test_a_schema_that_cannot_be_used_matters_to_strict_tools_alone() -> None:
    tool = Tool("odd", parameters={"type": "any"})
    assert check_arguments('{"a": 1}', tool) is None
    with pytest.raises(BadRequest) as caught:
        check_arguments('{"a": 1}', tool._replace(strict=True))
    assert caught.value.param == "tools"
    assert check_arguments("{}", Tool("none")) is None
