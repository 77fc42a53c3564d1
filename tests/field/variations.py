"""Ways in which the service may change a field: missing, null, of another type, a list for one, and more."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

type Json = Any
type Path = tuple[str | int, ...]
"""Where a field stands; `EACH` for every item of a list."""

EACH: Final = -1
MISSING: Final = object()

VARIATIONS: Final[dict[str, Callable[[Json], Json]]] = {
    "missing": lambda value: MISSING,
    "null": lambda value: None,
    "a number": lambda value: 7 if value != 7 else "seven",
    "a text": lambda value: "odd",
    "true": lambda value: True,
    "an empty text": lambda value: "",
    "an empty list": lambda value: [],
    "an empty object": lambda value: {},
    "a list of one": lambda value: [value],
    "a list of one null": lambda value: [None],
    "in an object": lambda value: {"value": value},
    "a long number": lambda value: 10**400,
    "deep": lambda value: _deep(),
}


def _deep() -> Json:
    value: Json = "deep"
    for _ in range(60):
        value = [value]
    return value


def varied(value: Json, path: Path, change: Callable[[Json], Json]) -> Json:
    """A copy of `value`, changed wherever `path` leads to something."""
    copied = copy.deepcopy(value)
    for holder, key in _places(copied, path):
        changed = change(holder[key])
        if changed is MISSING:
            del holder[key]
        else:
            holder[key] = changed
    return copied


def _places(value: Json, path: Path) -> Iterator[tuple[Any, Any]]:
    step, *rest = path  # Of lists from the end, since items may go.
    if step == EACH:
        found: list[tuple[Any, Any]] = list(enumerate(value))[::-1] if isinstance(value, list) else []
    elif isinstance(value, dict) and step in value:
        found = [(step, value[step])]
    else:
        found = []
    for key, item in found:
        if rest:
            yield from _places(item, tuple(rest))
        else:
            yield value, key


def name(path: Path) -> str:
    """A path as people write it."""
    return "".join("[]" if step == EACH else f".{step}" for step in path).lstrip(".")
