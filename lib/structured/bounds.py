"""A caller's schema within bounds: what is too large, leads elsewhere or makes no sense is refused beforehand."""

from collections.abc import Mapping
from typing import Any, Final

from lib.errors import BadRequest
from lib.structured.kinds import MAX_REFERENCE_LENGTH
from lib.structured.pattern import Pattern
from lib.types.chat import Schema

MAX_DEPTH: Final = 100
"""Levels of a schema: OpenAI takes 10 of objects, each of which is two or three of these."""
MAX_NODES: Final = 50_000
"""Objects, lists and values in a schema: three times what OpenAI takes in properties, enum values and their parts."""
MAX_PATTERNS: Final = 200
"""Different regular expressions in a schema."""
MAX_PATTERN_SIZE: Final = 50_000
"""Signs of all of them together, with their repetitions written out: a fifth of a second to compile, and 25 MB."""

MAX_PLACE: Final = 200
"""Characters that are kept of a place in the schema: a long name would be copied for each part below it."""

_MAPS: Final = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
"""Keywords that hold schemas by name."""
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_SCHEMAS: Final = frozenset(
    (
        "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
        "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    )
)  # fmt: skip
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_LEFT_OUT: Final = frozenset(("$schema", "$id"))
"""In a part, `$schema` brings the library's own keywords back, and `$id` gives references another target. They are left
out of what is no schema, too, since a reference may lead there."""
_TYPES: Final = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
_NUMBERS: Final = frozenset(("maximum", "minimum", "multipleOf"))
_COUNTS: Final = frozenset(
    ("maxContains", "maxItems", "maxLength", "maxProperties", "minContains", "minItems", "minLength", "minProperties")
)


class Bounded:
    """A copy of a schema that can be used, and what is in it."""

    def __init__(self, schema: Schema) -> None:
        """Raises `BadRequest` for what cannot be used."""
        self.patterns: dict[str, Pattern] = {}
        self.references: set[str] = set()
        self.keywords: set[str] = set()
        self._nodes = 0
        self._has_inner_id = False
        self.schema: dict[str, Any] = self._schema(schema, "#", 0)
        if self._has_inner_id and self.references:
            raise BadRequest("A $ref and a $id in a part of the schema do not go together here: leave the $id out.")
        if {"patternProperties", "unevaluatedProperties"} <= self.keywords:
            raise BadRequest("patternProperties and unevaluatedProperties are not supported in one schema.")

    def pattern(self, source: str) -> Pattern:
        if source not in self.patterns:
            pattern = self.patterns[source] = Pattern(source)
            sizes = sum(one.size for one in self.patterns.values()) if pattern.size else 0
            if len(self.patterns) > MAX_PATTERNS or sizes > MAX_PATTERN_SIZE:
                raise BadRequest("The patterns of the schema are too many, or repeat too much.")
        return self.patterns[source]

    def _schema(self, node: Any, place: str, depth: int) -> Any:
        self._count(depth)
        if isinstance(node, bool):
            return node
        if not isinstance(node, Mapping):
            raise _wrong(place, "an object")
        self.keywords.update(node)
        self._has_inner_id = self._has_inner_id or (depth > 0 and "$id" in node)
        return {
            key: self._keyword(key, value, _within(place, key), depth + 1)
            for key, value in node.items()
            if key not in _LEFT_OUT
        }

    def _keyword(self, key: str, value: Any, place: str, depth: int) -> Any:
        if key in _MAPS:
            if not isinstance(value, Mapping):
                raise _wrong(place, "an object")
            if key == "patternProperties":
                for source in value:
                    self.pattern(source)
            return {name: self._schema(one, _within(place, name), depth + 1) for name, one in value.items()}
        if key in _LISTS or (key == "items" and isinstance(value, list)):
            if not isinstance(value, list):
                raise _wrong(place, "a list of schemas")
            return [self._schema(one, _within(place, number), depth + 1) for number, one in enumerate(value)]
        if key in _SCHEMAS:
            return self._schema(value, place, depth)
        self._check(key, value, place)
        return self._data(value, depth)

    def _check(self, key: str, value: Any, place: str) -> None:
        """Does the value of a keyword that holds no schema make sense."""
        if key in _REFERENCES:
            self.references.add(_own_target(key, value))
        elif key == "type" and not _is_type(value):
            raise _wrong(place, "one of " + ", ".join(sorted(_TYPES)) + ", or a list of them")
        elif key in ("enum", "required") and not isinstance(value, list):
            raise _wrong(place, "a list")
        elif key in _COUNTS and not (_is_number(value) and value >= 0):
            raise _wrong(place, "a number of at least 0")
        elif key in _NUMBERS and not (_is_number(value) and (key != "multipleOf" or value > 0)):
            raise _wrong(place, "a number")
        elif key == "pattern":
            if not isinstance(value, str):
                raise _wrong(place, "a text")
            self.pattern(value)

    def _data(self, node: Any, depth: int) -> Any:
        self._count(depth)
        if isinstance(node, Mapping):
            for key in _REFERENCES:
                if key in node:
                    _own_target(key, node[key])
            return {key: self._data(value, depth + 1) for key, value in node.items() if key not in _LEFT_OUT}
        if isinstance(node, list | tuple):
            return [self._data(value, depth + 1) for value in node]
        return node

    def _count(self, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise BadRequest(f"The schema is too large: {MAX_NODES} parts are the most.")
        if depth > MAX_DEPTH:
            raise BadRequest(f"The schema is nested too deeply: {MAX_DEPTH} levels are the most.")


def _own_target(key: str, value: Any) -> str:
    """Where a reference leads. Raises `BadRequest` unless it is in the schema itself."""
    if isinstance(value, str) and len(value) > MAX_REFERENCE_LENGTH:
        raise BadRequest(f"A {key} of the schema has {len(value)} characters; {MAX_REFERENCE_LENGTH} are the most.")
    if isinstance(value, str) and value.startswith("#"):
        return value
    raise BadRequest(f"A {key} must point into its own schema (#/$defs/…), not to {str(value)[:100]!r}.")


def _within(place: str, key: object) -> str:
    return f"{place}/{key}"[-MAX_PLACE:]


def _wrong(place: str, wanted: str) -> BadRequest:
    return BadRequest(f"The schema is not a valid JSON schema: {place} has to be {wanted}.")


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return all(isinstance(name, str) and name in _TYPES for name in names)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
