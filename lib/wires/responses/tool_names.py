"""Tools in namespaces, by the one name that a model knows each by, and back."""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal, NamedTuple

type Kind = Literal["function", "custom"]

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
            return name
        return self._flat.get((namespace, name)) or _joined(namespace, name)

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
