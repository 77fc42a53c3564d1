"""`GET /v1/models?client_version=…`: what Codex wants to know of models before it uses one without a warning.

The fields are those without which Codex 0.169.0 refuses the whole list, and those that make it offer its tools.
"""

from collections.abc import Iterable
from typing import Any, Final

from lib.serving.wire import ListedModel

CONTEXT_WINDOW: Final = 128_000
"""Tokens. Codex compacts a session at nine tenths of it: models begin to drift and loop at about 150,000."""
MAX_OUTPUT_TOKENS: Final = 10_000
"""Tokens of a command's output, of which Codex leaves out the middle; as with models that it does not know."""

_EFFORTS: Final[dict[str, str]] = {
    "none": "Answers at once",
    "low": "Thinks a little",
    "high": "Thinks before it answers",
    "xhigh": "Thinks as long as it takes",
}
_NO_AGENTS: Final = ("glm-image", "glm-ai-", "glm-4-deepresearch")
"""Beginnings of names that draw, search or write reports."""

_INSTRUCTIONS: Final = """\
You are a coding agent. You share a terminal and a folder with the user, and work there with the tools you are given.

How to work
- Look before you change: read the files that matter, and search for what you do not know. `rg` is fast where it exists.
- Go on by yourself until the task is done and checked. Ask only where a choice is the user's to make.
- Find the cause of a fault and mend that. Keep to what was asked, and to the style of the code around it.
- Change files with `apply_patch`. Undo nothing that is not yours; commit and push only when you are asked to.
- Check what you did with the narrowest test or command that shows it. Say so where nothing could be checked.
- Read the AGENTS.md files that apply to what you touch. The user's own words count for more than they do.
- Call a tool instead of saying that you will. If one fails, read why, and do not repeat the same call.

How to speak
- Before a longer step, say in one sentence what comes next.
- At the end say briefly what you did and what came of it, with paths and line numbers; do not print whole files.
- Answer in the user's language.
"""
"""The prompt of the agent. Codex sends what is written here in place of its own, and demands it."""


def list_of(listed: Iterable[ListedModel]) -> list[dict[str, Any]]:
    """The models that can play an agent, the first of them first."""
    agents = [one for one in listed if one.name.startswith("glm-") and not one.name.startswith(_NO_AGENTS)]
    return [_model(one, priority) for priority, one in enumerate(agents, 1)]


def _model(listed: ListedModel, priority: int) -> dict[str, Any]:
    known: set[str] = {"xhigh" if effort == "max" else effort for effort in listed.model.efforts}
    efforts = [effort for effort in _EFFORTS if effort in known] or list(_EFFORTS)
    return {
        "slug": listed.name,
        "display_name": listed.name,
        "description": "",
        "priority": priority,
        "visibility": "list",
        "supported_in_api": True,
        "upgrade": None,
        "base_instructions": _INSTRUCTIONS,
        "context_window": CONTEXT_WINDOW,
        "input_modalities": ["text", "image"],
        "default_reasoning_level": None,
        "supported_reasoning_levels": [{"effort": effort, "description": _EFFORTS[effort]} for effort in efforts],
        "supports_reasoning_summaries": True,
        "support_verbosity": False,
        "default_verbosity": None,
        "shell_type": "unified_exec",
        "apply_patch_tool_type": "freeform",
        "supports_parallel_tool_calls": True,
        "truncation_policy": {"mode": "tokens", "limit": MAX_OUTPUT_TOKENS},
        "experimental_supported_tools": [],
    }
