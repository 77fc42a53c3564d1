"""`GET /v1/models`: the names that clients may ask for."""

from collections.abc import Iterable
from typing import Any, Final

from lib.serving.wire import ListedModel

CREATED: Final = 1704067200
"""When all models are said to have been made: the service does not tell. 2024-01-01."""


def model_object(model: ListedModel) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": CREATED, "owned_by": model.owner}


def list_object(models: Iterable[ListedModel]) -> dict[str, Any]:
    return {"object": "list", "data": [model_object(model) for model in models if model.is_usual]}
