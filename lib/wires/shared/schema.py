"""JSON schemas as OpenAPI 3.1 takes them, in short words: for what the endpoints answer."""

from typing import Any, Final

type Json = dict[str, Any]

STRING: Final[Json] = {"type": "string"}
INTEGER: Final[Json] = {"type": "integer"}
BOOLEAN: Final[Json] = {"type": "boolean"}
SECURITY: Final[list[Json]] = [{"bearer": []}, {"x-api-key": []}, {"api-key": []}]
"""The headers in which a key may come."""


def object_of(required: Json, optional: Json | None = None) -> Json:
    """An object of these fields, the latter of which may be absent."""
    described: Json = {"type": "object", "properties": {**(optional or {}), **required}}
    return described | ({"required": list(required)} if required else {})


def list_of(items: Json) -> Json:
    """A list of such items."""
    return {"type": "array", "items": items}


def or_null(schema: Json) -> Json:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Json:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def in_json(schema: str | Json) -> Json:
    """A body in JSON: a schema, or the name of one."""
    return {"application/json": {"schema": ref(schema) if isinstance(schema, str) else schema}}
