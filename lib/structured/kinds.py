"""Which JSON types a schema allows, for typing the values of a call. Not a validator: what is unclear allows all."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from lib.types.chat import Schema

ALL: Final = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})
MAX_REFERENCES: Final = 12
"""How many references in a row are followed: a caller's may go round in circles."""
MAX_REFERENCE_LENGTH: Final = 2_000
"""Characters of one reference: ten levels of long names. Following it takes time for each, wherever it stands."""
MAX_SCHEMAS: Final = 200
"""Schemas within one that are looked at; what has more allows all."""
_ANYTHING: Final[Schema] = MappingProxyType({})


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def kinds(schema: Any, root: Schema, found: dict[int, frozenset[str]] | None = None) -> frozenset[str]:
    """The types that `schema` allows; `root` is the schema that its references point into.

    `found` holds what is known of the schemas seen on the way, by identity, so that each is looked at once: one that
    refers to itself adds nothing of its own.
    """
    schema = resolve(schema, root)
    found = {} if found is None else found
    if not isinstance(schema, Mapping) or len(found) > MAX_SCHEMAS:
        return ALL
    if id(schema) in found:
        return found[id(schema)]
    found[id(schema)] = frozenset()
    allowed = _own(schema)
    for name in ("anyOf", "oneOf"):
        if choices := _list(schema.get(name)):
            allowed &= frozenset().union(*(kinds(choice, root, found) for choice in choices)) or ALL
    for part in _list(schema.get("allOf")):
        allowed &= kinds(part, root, found) or ALL
    if schema.get("nullable") is True and allowed != ALL:
        allowed |= {"null"}
    found[id(schema)] = allowed or ALL
    return allowed or ALL


def resolve(schema: Any, root: Schema) -> Any:
    """What a reference within the schema points to; anything else as it is."""
    for _ in range(MAX_REFERENCES):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            return schema
        if not reference.startswith("#") or len(reference) > MAX_REFERENCE_LENGTH:
            return _ANYTHING
        found: Any = root
        for step in reference[1:].split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        schema = found if found is not None else _ANYTHING
    return _ANYTHING


def properties(schema: Any, root: Schema) -> dict[str, Any]:
    """The properties of an object, those of all the parts of the schema together."""
    found: dict[str, Any] = {}
    for part in _parts(schema, root):
        own = part.get("properties")
        for key, value in own.items() if isinstance(own, Mapping) else ():
            found[key] = {"anyOf": [found[key], value]} if key in found and found[key] != value else value
    return found


def items(schema: Any, root: Schema) -> Any:
    """The schema of an array's items; empty where none is given."""
    return next((part["items"] for part in _parts(schema, root) if isinstance(part.get("items"), Mapping)), _ANYTHING)


def _parts(schema: Any, root: Schema) -> list[Mapping[str, Any]]:
    """The schema, and all that it is a union or an intersection of."""
    parts: list[Mapping[str, Any]] = []
    waiting, seen = [schema], set[int]()
    while waiting and len(seen) <= MAX_SCHEMAS:
        part = resolve(waiting.pop(0), root)
        if isinstance(part, Mapping) and id(part) not in seen:
            seen.add(id(part))
            parts.append(part)
            for name in ("anyOf", "oneOf", "allOf"):
                waiting += _list(part.get(name))
    return parts


def _own(schema: Mapping[str, Any]) -> frozenset[str]:
    named = schema.get("type")
    names = {named} if isinstance(named, str) else {name for name in _list(named) if isinstance(name, str)}
    allowed = frozenset(name.lower() for name in names) & ALL
    if "number" in allowed:
        allowed |= {"integer"}
    if allowed:
        return allowed
    values = [schema["const"]] if "const" in schema else _list(schema.get("enum"))
    if values:
        return frozenset(map(kind_of, values))
    if "properties" in schema:
        return frozenset({"object"})
    return frozenset({"array"}) if "items" in schema else ALL


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
