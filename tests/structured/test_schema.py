"""Schemas of callers: what fits, what is said of what does not, and that no schema holds the instance up."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import BadRequest
from lib.structured.bounds import MAX_DEPTH, MAX_NODES
from lib.structured.schema import MAX_WORDS, Checker, check

HELD_UP = 2.0
"""Seconds of CPU that no check may take, on a machine that does other things, too."""


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    started = time.thread_time()
    yield
    assert time.thread_time() - started < HELD_UP


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("value", [{"name": "张三", "age": 3}, {"name": "", "age": None}])
def test_what_fits(value: Any) -> None:
    assert check(value, PERSON) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"name": 1, "age": 3}, ["$.name", "string"]),
        ({"name": "a"}, ["$", "age", "required"]),
        ({"name": "a", "age": 1, "sex": 2}, ["$", "sex"]),
        ([], ["$", "object"]),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(value: Any, words: list[str]) -> None:
    fault = check(value, PERSON)
    assert fault is not None
    assert all(word in fault for word in words)


def test_the_words_stay_short() -> None:
    fault = check({"name": ["x" * 100_000], "age": 1}, PERSON)
    assert fault is not None
    assert "$.name" in fault
    assert fault.endswith("is not of type 'string'")
    assert len(fault) < 3 * MAX_WORDS


def test_references_within_the_schema_are_followed_and_may_be_recursive() -> None:
    tree = {
        "$defs": {
            "Node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}}
        },
        "$ref": "#/$defs/Node",
    }
    assert check({"next": {"next": None}}, tree) is None
    assert check({"next": {"next": 1}}, tree) is not None


def test_an_older_draft_is_read_as_such() -> None:
    pair = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}],
        "additionalItems": False,
    }
    assert check(["a"], pair) is None
    assert check(["a", "b"], pair) is not None


def test_numbers_are_equal_by_value_and_booleans_are_no_numbers() -> None:
    unique = {"uniqueItems": True}
    assert check([1, 1.0], unique) is not None
    assert check([{"a": [1]}, {"a": [1.0]}], unique) is not None
    assert check([1, True, "1", None, [1], {"a": 1}], unique) is None


def test_properties_by_pattern() -> None:
    schema = {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False}
    assert check({"x-a": "b"}, schema) is None
    assert check({"x-a": 1}, schema) is not None
    assert check({"y": 1}, schema) is not None
    assert check({"y": 1}, schema | {"additionalProperties": {"type": "integer"}}) is None


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        (r"^\d{3}$", "123", "１２３"),
        (r"b", "abc", "ac"),
        (r"^[\w.-]+@[\w-]+\.[a-z]{2,}$", "a.b@c.de", "a b@c.de"),
        (r"^[\w-.]+$", "a-.", "a b"),
        (r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$", "-1.5", "+."),  # pydantic's Decimal
        (r"^(?=.*[A-Z])(?=.*\d)[A-Za-z\d]{8,}$", "Passw0rdX", "password1"),
        (r"^\w{1,300}$", "a" * 300, "a" * 301),
        (r"^\<a\>$", "<a>", "a"),
        (r"^[[&&x]+$", "[&x", "y"),
        (r"^a{x}$", "a{x}", "ax"),
        (r"^\u4f60\/$", "你/", "我/"),
        (r"^\p{L}+$", "你a", "1"),
        (r"^a|b$", "xb", "xc"),
    ],
)
def test_patterns_are_read_as_json_schema_means_them(pattern: str, fitting: str, other: str) -> None:
    assert check(fitting, {"pattern": pattern}) is None
    assert check(other, {"pattern": pattern}) is not None


@pytest.mark.parametrize(
    "pattern",
    [r"(", "[" * 4000, "(" * 4000, r"(a)\1", r"(?<=a)b", r"a(?=b)", r"^(?!a)b|c", r"^(?=a){2}b", "[+--]", "a" * 5000,
     r"((a{100}){100}){100}", r"([ab]{0,900}){0,50}", r"\p{" * 1300],
)  # fmt: skip
def test_a_pattern_that_cannot_be_used_is_the_requests_fault(pattern: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Checker({"properties": {"a": {"pattern": pattern}}})
    assert caught.value.param == "response_format"


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^([a-z]+)*$", r"(.*)*b$"])
def test_a_pattern_that_takes_others_for_ever_ends(pattern: str) -> None:
    assert check("a" * 50_000 + "!", {"pattern": pattern}) is not None
    assert check({"a" * 50_000 + "!": 1}, {"patternProperties": {pattern: True}, "additionalProperties": False})


def test_a_part_cannot_bring_the_endless_patterns_back() -> None:
    part = {"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": r"^(a+)+$"}
    for schema in (
        {"properties": {"a": part}},
        {"const": part, "properties": {"a": {"$ref": "#/const"}}},
        {"x": part, "properties": {"a": {"$ref": "#/x"}}},
        {"properties": {"const": part, "a": {"$ref": "#/properties/const"}}},
    ):
        with contextlib.suppress(BadRequest):
            check({"a": "a" * 40 + "!"}, schema)


def test_a_large_expression_over_a_long_text_ends() -> None:
    with pytest.raises(BadRequest, match="complex"):
        check("ab" * 50_000, {"pattern": r"(.{1,100}){1,20}c"})


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/schema", "file:///etc/passwd", "//127.0.0.1:1/x", "other.json", "ftp://127.0.0.1/x",
     "https://json-schema.org/draft/2020-12/schema"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["$ref", "$dynamicRef"])
def test_nothing_is_fetched(key: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*args: object, **kwargs: object) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr("urllib.request.urlopen", opened)
    monkeypatch.setattr("socket.socket.connect", opened)
    for schema in ({"properties": {"a": {key: target}}}, {"$id": target, "properties": {"a": {"$ref": "#/x"}}},
                   {"const": {key: target}, "$ref": "#/const"}):  # fmt: skip
        with pytest.raises(BadRequest):
            Checker(schema).fault({"a": 1})


def test_an_id_does_not_lead_into_the_librarys_own_schemas() -> None:
    standard = "https://json-schema.org/draft/2020-12/schema"
    evil = {"pattern": r"^(a+)+$", "$dynamicAnchor": "meta"}
    for schema in (
        {"$id": standard, "$ref": "#/$defs", **evil},
        {"properties": {"a": {"$id": standard, "$ref": "#"}}, **evil},
    ):
        with contextlib.suppress(BadRequest):
            check({"a": "a" * 40 + "!"}, schema)
            check("a" * 40 + "!", schema)


def test_a_schema_may_have_an_id() -> None:
    schema = {"$id": "https://example.com/a", "$defs": {"b": {"type": "string"}}, "items": {"$ref": "#/$defs/b"}}
    assert check(["a"], schema) is None
    assert check([1], schema) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"},
        {"$ref": "#", "unevaluatedProperties": False},
        {"allOf": [{"$ref": "#"}], "unevaluatedItems": False},
        {"$ref": "#/nowhere"},
        {"$ref": "#anchor"},
    ],
)
@pytest.mark.parametrize("value", [1, {}, []])
def test_a_reference_that_leads_to_itself_or_nowhere_is_the_requests_fault(schema: Any, value: Any) -> None:
    with pytest.raises(BadRequest):
        check(value, schema)


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("unevaluated", [{}, {"unevaluatedProperties": False}])
def test_a_schema_that_doubles_at_each_level_ends(keyword: str, unevaluated: Any) -> None:
    definitions: dict[str, Any] = {"a0": {"type": "object" if keyword == "allOf" else "string"}}
    for level in range(1, 60):
        definitions[f"a{level}"] = {keyword: [{"$ref": f"#/$defs/a{level - 1}"}] * 2}
    with pytest.raises(BadRequest, match="complex"):
        check({}, {"$defs": definitions, "$ref": "#/$defs/a59", **unevaluated})


def test_deep_schemas_and_values_end() -> None:
    schema: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        schema = {"not": schema}
    with pytest.raises(BadRequest, match="deep"):
        Checker(schema)
    value: list[Any] = []
    for _ in range(2_000):
        value = [value]
    with pytest.raises(BadRequest, match="deep"):
        check(value, {"items": {"$ref": "#"}})
    with pytest.raises(BadRequest, match="deep"):
        check([value, value], {"uniqueItems": True})


def test_huge_enums_and_schemas_end() -> None:
    many = [str(number) for number in range(MAX_NODES - 10)]
    assert check("x", {"enum": many}) is not None
    with pytest.raises(BadRequest, match="complex"):
        check(["x"] * 10_000, {"items": {"enum": many}})
    with pytest.raises(BadRequest, match="large"):
        Checker({"enum": [*many, *many]})
    with pytest.raises(BadRequest, match="large"):
        Checker({"properties": {name: {"type": "string"} for name in many}})
    assert check({"1": 1}, {"properties": {name: {"type": "string"} for name in many[:10_000]}}) is not None


def test_many_patterns_that_are_each_allowed_end() -> None:
    large = {f"p{number}": {"pattern": rf"^[a-z]{{1,1900}}{number}$"} for number in range(500)}
    with pytest.raises(BadRequest, match="too many"):
        Checker({"properties": large})


def test_long_lists_end() -> None:
    assert check([[number % 1000, number] for number in range(50_000)], {"uniqueItems": True}) is None
    assert check(list(range(20_000)), {"items": {"type": "integer"}}) is None
    assert check(list(range(20_000)), {"items": {"type": "string"}}) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 5}, {"type": "any"}, {"type": ["string", 1]}, {"properties": []}, {"properties": {"a": 1}},
        {"required": 1},
        {"enum": "a"}, {"minimum": "1"}, {"multipleOf": 0}, {"maxLength": -1}, {"maxItems": "1"}, {"pattern": 1},
        {"anyOf": {}}, {"items": 1}, {"$ref": 1}, {"dependentRequired": 1}, {"$defs": {"a": []}}, {"minimum": True},
        {"patternProperties": {"a": True}, "unevaluatedProperties": False},
    ],
)  # fmt: skip
def test_a_schema_that_makes_no_sense_is_the_requests_fault(schema: Any) -> None:
    with pytest.raises(BadRequest):
        check({"a": 1}, schema)


KEYWORDS = st.sampled_from(
    ["type", "properties", "items", "anyOf", "not", "$ref", "$id", "$schema", "$anchor", "enum", "const", "required",
     "pattern", "minimum", "multipleOf", "minItems", "uniqueItems", "contains", "if", "then", "dependentSchemas",
     "dependentRequired", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "prefixItems", "a"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["string", "object", "#", "#/a", "a", "http://x"])
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(KEYWORDS, ANYTHING, max_size=5), ANYTHING)
def test_any_schema_either_checks_or_is_the_requests_fault(schema: Any, value: Any) -> None:
    fault = None
    with contextlib.suppress(BadRequest):
        fault = check(value, schema)
    assert fault is None or fault.startswith("at $")


def test_the_library_is_loaded_with_the_first_schema_alone() -> None:
    code = "import lib.structured.json_answer, sys; assert 'jsonschema' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
