"""`GET /v1/models` in Anthropic's form, for those who send `anthropic-version`."""

from collections.abc import Sequence
from typing import Any, Final

from lib.serving.wire import ListedModel

CREATED_AT: Final = "2024-01-01T00:00:00Z"
"""When all models are said to have been made: nobody tells."""


def model_object(model: ListedModel) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.name,
        "display_name": f"{model.meaning} ({model.name})" if model.meaning else model.name,
        "created_at": CREATED_AT,
        "lifecycle": "active",
    }


def list_object(models: Sequence[ListedModel]) -> dict[str, Any]:
    """All models, on one page. Claude Code looks for names with "claude" in them, so the aliases come first."""
    shown = [model for model in models if model.is_usual or model.name.startswith("claude")]
    data = [model_object(model) for model in sorted(shown, key=lambda model: not model.meaning)]
    return {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
