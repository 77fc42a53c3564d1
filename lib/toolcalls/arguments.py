"""Typing the values of a call by the tool's schema: what models write, as what the tool takes.

A value that cannot be made to fit stays as it is: whether arguments fit is for the check against the schema to say.
"""

from collections.abc import Mapping
from typing import Any, Final

from lib.structured import kinds, loose_json
from lib.types.chat import Schema

MAX_DEPTH: Final = 64
"""How deep values are looked into; deeper ones are left as they are."""
_ITEM: Final = "<item>"
_ITEM_CLOSER: Final = "</item>"
_WORDS: Final = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}


def is_string(schema: Any, root: Schema) -> bool:
    """Takes nothing but a string: its text needs no typing, and can be passed on as it comes."""
    return kinds.kinds(schema, root) == {"string"}


def from_text(text: str, schema: Any, root: Schema) -> Any:
    """The value that a call's text stands for: raw for a string, else JSON."""
    allowed = kinds.kinds(schema, root)
    if allowed == {"string"}:
        return text
    value = _parsed(text.strip(), allowed, schema, root)
    if isinstance(value, str) and value == text.strip():
        return text
    return fit(value, schema, root)


def fit(value: Any, schema: Any, root: Schema, depth: int = 0) -> Any:
    """`value` as the schema has it: numbers out of strings, lists out of single values, and so on within it."""
    if depth > MAX_DEPTH:
        return value
    allowed = kinds.kinds(schema, root)
    if isinstance(value, str):
        if "string" in allowed:
            return value
        parsed = _parsed(value.strip(), allowed, schema, root)
        return value if isinstance(parsed, str) else fit(parsed, schema, root, depth + 1)
    if kinds.kind_of(value) not in allowed:
        value = _converted(value, allowed, schema, root)
    if isinstance(value, list):
        inner = kinds.items(schema, root)
        return [fit(item, inner, root, depth + 1) for item in value] if inner else value
    return _fit_properties(value, schema, root, depth) if isinstance(value, dict) else value


def fit_arguments(values: Mapping[str, Any], parameters: Schema) -> dict[str, Any]:
    """The arguments of a call, each as the tool's `parameters` have it: an object, whatever they say of the whole."""
    return _fit_properties(values, parameters, parameters, 0)


def _fit_properties(values: Mapping[str, Any], schema: Any, root: Schema, depth: int) -> dict[str, Any]:
    known = kinds.properties(schema, root)
    return {key: fit(item, known[key], root, depth + 1) if key in known else item for key, item in values.items()}


def _parsed(text: str, allowed: frozenset[str], schema: Any, root: Schema) -> Any:
    """The value that `text` writes; `text` itself where it writes none of the allowed types."""
    if text in _WORDS and (kinds.kind_of(_WORDS[text]) in allowed) and (text[0].islower() or "string" not in allowed):
        return _WORDS[text]
    if "array" in allowed and text.startswith(_ITEM):
        return _listed(text, schema, root)
    try:
        value = loose_json.load_strictly(text)
    except ValueError:
        return _mended(text, allowed, schema, root)
    if isinstance(value, str) and "string" not in allowed and value != text:
        return _parsed(value.strip(), allowed, schema, root)  # Encoded twice.
    kind = kinds.kind_of(value)
    if kind in allowed or _converted(value, allowed, schema, root) is not value:
        return value
    return text


def _mended(text: str, allowed: frozenset[str], schema: Any, root: Schema) -> Any:
    """`text`, which is no JSON, as a list without its brackets, or JSON with a bracket missing."""
    if text[:1] in "{[" and text and allowed & {"object", "array"} and allowed != kinds.ALL:
        try:
            values = loose_json.load_all(text)
        except ValueError:
            return text
        if len(values) == 1 and kinds.kind_of(values[0]) in allowed:
            return values[0]
        return values if "array" in allowed else text
    if "array" in allowed and "string" not in allowed and text:
        try:
            return loose_json.load_strictly(f"[{text}]")
        except ValueError:
            return [text] if "string" in kinds.kinds(kinds.items(schema, root), root) else text
    return text


def _listed(text: str, schema: Any, root: Schema) -> Any:
    """`<item>a</item><item>b</item>` as a list."""
    found: list[Any] = []
    at = 0
    while text.startswith(_ITEM, at):
        end = text.find(_ITEM_CLOSER, at)
        if end < 0:
            return text
        found.append(from_text(text[at + len(_ITEM) : end], kinds.items(schema, root), root))
        at = end + len(_ITEM_CLOSER)
        while text[at : at + 1].isspace():
            at += 1
    return found if at == len(text) else text


def _converted(value: Any, allowed: frozenset[str], schema: Any, root: Schema) -> Any:
    """`value`, which is of none of the allowed types, as one of them; itself where there is not one reading."""
    if isinstance(value, float) and value.is_integer() and "integer" in allowed:
        return int(value)
    if "array" in allowed:
        if isinstance(value, Mapping) and list(value) == ["item"]:
            inner = value["item"]
            return inner if isinstance(inner, list) else [inner]
        fitting = kinds.kinds(kinds.items(schema, root), root)
        return [value] if kinds.kind_of(value) in fitting else value
    if allowed == {"string"} and value is not None:
        return loose_json.encode(value)
    return value
