"""`GET /v1/models` in Anthropic's form, for those who send `anthropic-version`."""

from collections.abc import Sequence
from typing import Any, Final

CREATED_AT: Final = "2024-01-01T00:00:00Z"
"""When all models are said to have been made: nobody tells."""


def model_object(name: str, meaning: str = "") -> dict[str, Any]:
    """One model. `meaning`: the name that it is an alias of."""
    return {
        "type": "model",
        "id": name,
        "display_name": f"{meaning} ({name})" if meaning else name,
        "created_at": CREATED_AT,
        "lifecycle": "active",
    }


def list_object(models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All models, on one page."""
    return {
        "data": models,
        "has_more": False,
        "first_id": models[0]["id"] if models else None,
        "last_id": models[-1]["id"] if models else None,
    }
