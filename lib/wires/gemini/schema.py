"""Google's schemas, which are OpenAPI's with types in capitals, as JSON schemas."""

from collections.abc import Callable, Mapping
from typing import Any, Final

_LEFT_OUT: Final = ("nullable", "propertyOrdering", "property_ordering", "example")
_NAMES: Final = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "additional_properties": "additionalProperties",
    "prefix_items": "prefixItems",
    "ref": "$ref",
    "defs": "$defs",
}
_COUNTS: Final = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
"""Google's clients write these as text, as protocol buffers do with 64-bit numbers."""


def json_schema(schema: Any) -> Any:
    """The JSON schema that `schema` means; one that is a JSON schema already stays as it is."""
    if not isinstance(schema, Mapping):
        return schema
    names: dict[str, str] = {key: _NAMES.get(key) or key for key in schema if key not in _LEFT_OUT}
    meant = {name: _MEANINGS.get(name, _same)(schema[key]) for key, name in names.items()}
    if meant.get("type") == "type_unspecified":
        del meant["type"]
    return _or_null(meant) if schema.get("nullable") is True else meant


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if not isinstance(kind, str):
        return {"anyOf": [schema, {"type": "null"}]}
    enum = {"enum": [*schema["enum"], None]} if isinstance(schema.get("enum"), list) else {}
    return schema | {"type": [kind, "null"]} | enum


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return [_type(one) for one in value]
    return value.lower() if isinstance(value, str) else value


def _count(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _each(value: Any) -> Any:
    return [json_schema(one) for one in value] if isinstance(value, list) else value


def _named(value: Any) -> Any:
    return {name: json_schema(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def _same(value: Any) -> Any:
    return value


_MEANINGS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "type": _type,
    "properties": _named,
    "$defs": _named,
    "items": json_schema,
    "additionalProperties": json_schema,
    "anyOf": _each,
    "oneOf": _each,
    "allOf": _each,
    "prefixItems": _each,
    **dict.fromkeys(_COUNTS, _count),
}
