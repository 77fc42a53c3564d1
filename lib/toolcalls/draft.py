"""A call as a syntax reads it out of a text, before its arguments are typed, and the tools that it may name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from lib.structured.kinds import properties
from lib.toolcalls.arguments import is_string
from lib.types.chat import Tool

PREFIX: Final = "functions."
"""What models put before names that have none."""


class Written(NamedTuple):
    """A call as it is written."""

    name: str
    values: Mapping[str, Any]
    raw: bool
    """The values are texts as they stand in the call; else they are JSON's."""


class Names:
    """The tools that an answer may call, by the names under which the model knows them."""

    def __init__(self, tools: Iterable[Tool], shown: Mapping[str, str]) -> None:
        """`shown`: the name that the model knows a tool by, where it is another one."""
        self.tools = tuple(tools)
        self._by_name = {tool.name: tool for tool in self.tools}
        self._by_name |= {shown[tool.name]: tool for tool in self.tools if tool.name in shown}
        self._loosely: dict[str, set[str]] = {}
        for name in self._by_name:
            self._loosely.setdefault(_loose(name), set()).add(self._by_name[name].name)

    def find(self, name: str) -> Tool | None:
        """The tool of a name. Another case, dashes for underscores and a prefix do not matter, where one is left."""
        name = name.strip().strip("\"'`")
        if exact := self._by_name.get(name) or self._by_name.get(name.removeprefix(PREFIX)):
            return exact
        found = self._loosely.get(_loose(name.removeprefix(PREFIX)), ())
        return self._by_name[next(iter(found))] if len(found) == 1 else None

    def glued(self, words: str) -> tuple[str, str] | None:
        """A name and the key that follows it, with nothing or only space between; None where there is not one."""
        found = [
            (name, key)
            for name, tool in self._by_name.items()
            if words.startswith(name) and (key := words[len(name) :].strip(" \t\r\n:=\"'"))
            if words[len(name)].isspace() or key in properties(tool.parameters, tool.parameters)
        ]
        return max(found, key=lambda one: len(one[0]), default=None)

    def only_text(self, tool: Tool) -> str | None:
        """The one property of a tool that takes a single text; None where it takes more, or something else."""
        known = properties(tool.parameters, tool.parameters)
        names = list(known)
        return names[0] if len(names) == 1 and is_string(known[names[0]], tool.parameters) else None

    def has(self, word: str) -> bool:
        """Is `word` a name, to the letter."""
        return word in self._by_name

    def begins(self, word: str) -> bool:
        """Is `word` a name, or the beginning of one."""
        return any(name.startswith(word) for name in self._by_name)


def _loose(name: str) -> str:
    return re.sub(r"[-_.\s]", "", name).lower()
