"""Which JSON types a schema allows, for typing the values of a call. Not a validator: what is unclear allows all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lib.types.chat import Schema

ALL: Final = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})
MAX_DEPTH: Final = 12
"""How far references and unions are followed: a caller's schema may refer to itself."""


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


def kinds(schema: Any, root: Schema, depth: int = 0) -> frozenset[str]:
    """The types that `schema` allows; `root` is the schema that its references point into."""
    schema = resolve(schema, root)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return ALL
    allowed = _own(schema)
    for name in ("anyOf", "oneOf"):
        choices = schema.get(name)
        if isinstance(choices, Sequence) and not isinstance(choices, str) and choices:
            allowed &= frozenset().union(*(kinds(choice, root, depth + 1) for choice in choices))
    for part in _list(schema.get("allOf")):
        allowed &= kinds(part, root, depth + 1)
    if schema.get("nullable") is True and allowed != ALL:
        allowed |= {"null"}
    return allowed or ALL


def resolve(schema: Any, root: Schema) -> Any:
    """What a reference within the schema points to; anything else as it is."""
    for _ in range(MAX_DEPTH):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            return schema
        if not reference.startswith("#"):
            return {}
        found: Any = root
        for step in reference[1:].split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        schema = found if found is not None else {}
    return {}


def properties(schema: Any, root: Schema, depth: int = 0) -> dict[str, Any]:
    """The properties of an object, those of all the parts of the schema together."""
    schema = resolve(schema, root)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}
    found: dict[str, Any] = {}
    for name in ("anyOf", "oneOf", "allOf"):
        for part in _list(schema.get(name)):
            for key, value in properties(part, root, depth + 1).items():
                found[key] = {"anyOf": [found[key], value]} if key in found and found[key] != value else value
    own = schema.get("properties")
    if isinstance(own, Mapping):
        found.update(own)
    return found


def items(schema: Any, root: Schema, depth: int = 0) -> Any:
    """The schema of an array's items; empty where none is given."""
    schema = resolve(schema, root)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}
    if isinstance(schema.get("items"), Mapping):
        return schema["items"]
    for name in ("anyOf", "oneOf", "allOf"):
        for part in _list(schema.get(name)):
            if "array" in kinds(part, root, depth + 1) and (found := items(part, root, depth + 1)):
                return found
    return {}


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
