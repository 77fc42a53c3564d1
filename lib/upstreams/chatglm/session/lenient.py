"""Readers for the service's JSON: generous, since the service changes and cannot be asked.

A field that is missing, null, of another type or new must never fail a request that can be served without it. Each
reader gives what the field means, or what stands for nothing; what is left out is logged once.
"""

import logging
import math
from typing import Any, Final

MAX_NOTED: Final = 200
"""How many different things an instance logs as unknown: each once, and never without end."""

_log = logging.getLogger("glm.chatglm")
_noted: set[str] = set()


def one(value: Any) -> Any:
    """The item of a list of one; anything else as it is. Every reader of one thing takes it from such a list, too."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def text(value: Any) -> str:
    """A text, or a number as one; anything else means nothing."""
    if type(value) is str:  # Nearly always, and each delta of an answer asks ten times.
        return value
    value = one(value)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def words(value: Any) -> str:
    """A text alone: a number, a list or an object are no words."""
    if type(value) is str:
        return value
    value = one(value)
    return value if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """A number, or a text that holds one."""
    value = one(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value[:40])
        except ValueError:
            return None
    if isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    return None


def code(value: Any) -> int | None:
    """A code, which may be a text."""
    found = number(value)
    return None if found is None or found != int(found) else int(found)


def flag(value: Any) -> bool:
    """A truth value, which may be a text or a number; anything else is false."""
    return truth(value) or False


def truth(value: Any) -> bool | None:
    """The same, and None for anything else."""
    if value is True or value is False:
        return value
    said = text(value).strip().lower() if not isinstance(one(value), bool) else str(one(value)).lower()
    if said in ("1", "true", "yes"):
        return True
    return False if said in ("0", "false", "no") else None


def mapping(value: Any) -> dict[str, Any]:
    """An object; anything else is an empty one."""
    if type(value) is dict:
        return value
    value = one(value)
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list, or one thing for a list of one. Nulls in it mean nothing."""
    if isinstance(one(value), list):
        value = one(value)
    if value is None or value == "" or value == {}:
        return []
    return [item for item in value if item is not None] if isinstance(value, list) else [value]


def mappings(value: Any) -> list[dict[str, Any]]:
    if type(value) is list and len(value) == 1 and type(value[0]) is dict:
        return value
    return [item for item in map(one, items(value)) if isinstance(item, dict)]


def url(value: Any) -> str:
    """An http or https address; anything else means nothing: it would reach browsers."""
    found = words(value).strip()
    return found if found.lower().startswith(("http://", "https://")) else ""


def note_unknown(what: str, name: object) -> None:
    """Log once that something was left out."""
    key = f"{what} {str(name)[:40]!r}"
    if key not in _noted and len(_noted) < MAX_NOTED:
        _noted.add(key)
        _log.warning("Left out %s of the service", key)
