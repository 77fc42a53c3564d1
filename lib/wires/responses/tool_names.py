"""Tools in namespaces, by the one name that a model knows each by, and back."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

type Kind = Literal["function", "custom", "local_shell", "shell", "apply_patch", "computer", "tool_search"]


class Native(NamedTuple):
    """How a tool of OpenAI's own is called: not as a function, but in an item of its own."""

    call: str
    """The item's type."""
    prefix: str
    """Of its id."""
    field: str
    """Where the arguments stand in it, as an object."""
    in_field: Mapping[str, Any] = MappingProxyType({})
    in_item: Mapping[str, Any] = MappingProxyType({})
    """What else stands there."""


NATIVE: Final[Mapping[Kind, Native]] = {
    "local_shell": Native("local_shell_call", "lsh", "action", {"type": "exec", "env": {}}),
    "shell": Native("shell_call", "sh", "action"),
    "apply_patch": Native("apply_patch_call", "apc", "operation"),
    "computer": Native("computer_call", "cu", "action", in_item={"pending_safety_checks": []}),
    "tool_search": Native("tool_search_call", "tsc", "arguments", in_item={"execution": "client"}),
}

MAX_LENGTH: Final = 64
"""Letters of a name: services take no more."""
_SEPARATOR: Final = "__"
_DIGITS: Final = 8
_ODD: Final = re.compile(r"[^\w-]+", re.ASCII)


class Name(NamedTuple):
    """A tool as the client knows it."""

    name: str
    namespace: str
    """Empty where it is in none."""
    kind: Kind


class ToolNames:
    """The names of a request's tools. A tool in no namespace keeps its own, whatever the others are called.

    The names of a request depend on its tools alone: the same tools have the same names in every turn.
    """

    def __init__(self, tools: Iterable[tuple[str, str, Kind]]) -> None:
        """`tools`: namespace, name and kind of each."""
        known = [Name(name, namespace, kind) for namespace, name, kind in tools]
        self._by_flat = {one.name: one for one in known if not one.namespace}
        self._flat: dict[tuple[str, str], str] = {("", name): name for name in self._by_flat}
        for one in known:
            if one.namespace:
                flat = self._free(one.namespace, one.name)
                self._by_flat[flat] = one
                self._flat[one.namespace, one.name] = flat

    def __len__(self) -> int:
        """How many different tools there are."""
        return len(self._flat)

    def flat(self, name: str, namespace: str = "") -> str:
        """What the model calls the tool. One that is not declared, as in an old call, is named the same way."""
        if not namespace:
            return name if name in self._by_flat else self._only(name)
        return self._flat.get((namespace, name)) or _joined(namespace, name)

    def _only(self, name: str) -> str:
        """What the one tool is called that has this name in any namespace; the name itself where there is no such one,
        or there are several. Clients leave the namespace out of a call whose answer did."""
        found = [flat for (_, plain), flat in self._flat.items() if plain == name]
        return found[0] if len(found) == 1 else name

    def has(self, flat: str) -> bool:
        """Is there a tool that the model calls so."""
        return flat in self._by_flat

    def find(self, flat: str) -> Name:
        """The tool that the model calls so; one that was not declared is a function in no namespace."""
        return self._by_flat.get(flat) or Name(flat, "", "function")

    def _free(self, namespace: str, name: str) -> str:
        flat = _joined(namespace, name)
        attempt = 0
        while flat in self._by_flat:
            attempt += 1
            flat = _marked(_joined(namespace, name), f"{namespace}\n{name}\n{attempt}")
        return flat


def _joined(namespace: str, name: str) -> str:
    """One name of both, in letters that services take; marked where something had to be left out."""
    plain = namespace + name if namespace.endswith(_SEPARATOR) else namespace + _SEPARATOR + name
    flat = _ODD.sub("_", plain)
    return flat if flat == plain and len(flat) <= MAX_LENGTH else _marked(flat, f"{namespace}\n{name}")


def _marked(flat: str, whole: str) -> str:
    digits = sha256(whole.encode(errors="replace")).hexdigest()[:_DIGITS]
    return f"{flat[: MAX_LENGTH - _DIGITS - 1]}_{digits}"
