"""`GET /v1/models`: the names that clients may ask for."""

from collections.abc import Iterable
from typing import Any, Final

CREATED: Final = 1704067200
"""When all models are said to have been made: the service does not tell. 2024-01-01."""


def model_object(name: str, owner: str) -> dict[str, Any]:
    """One model."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": owner}


def list_object(names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """All models: their names and owners."""
    return {"object": "list", "data": [model_object(name, owner) for name, owner in names]}
