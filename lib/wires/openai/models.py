"""`GET /v1/models`: the names that clients may ask for."""

from collections.abc import Iterable
from typing import Any

CREATED = 1704067200
"""When all models are said to have been made: the service does not tell. 2024-01-01."""


def model(name: str) -> dict[str, Any]:
    """One model."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "chatglm"}


def listing(names: Iterable[str]) -> dict[str, Any]:
    """All models."""
    return {"object": "list", "data": [model(name) for name in names]}
