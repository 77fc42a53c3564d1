"""Calls that are written as JSON: `{"name": …, "arguments": …}`, alone, in a row or in a list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from lib.structured import loose_json
from lib.toolcalls.dialect import OPENERS, Form
from lib.toolcalls.marks import Marks, unescape
from lib.types.chat import Tool

_ARGUMENT_KEYS: Final = ("arguments", "parameters", "input")


class Call(NamedTuple):
    """A call whose arguments are all there."""

    tool: Tool
    arguments: dict[str, Any]


def calls_in(text: str, tools: Mapping[str, Tool]) -> list[Call]:
    """The calls that `text` is; empty where it is anything else, or where one of them names no declared tool."""
    try:
        values = loose_json.load_all(text)
    except ValueError:
        return []
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    calls = [_call(value, tools) for value in values]
    found = [call for call in calls if call is not None]
    return found if len(found) == len(calls) else []


def arguments_in(text: str) -> dict[str, Any] | None:
    """The arguments that `text` is: an object, encoded twice perhaps; None where it is anything else."""
    try:
        value = loose_json.load(text)
        if isinstance(value, str):
            value = loose_json.load(value)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _call(value: Any, tools: Mapping[str, Tool]) -> Call | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]
    name = value.get("name")
    tool = tools.get(name) if isinstance(name, str) else None
    if tool is None:
        return None
    given: Any = next((value[key] for key in _ARGUMENT_KEYS if key in value), {})
    if isinstance(given, str):
        given = arguments_in(given) if given.strip() else {}
    return Call(tool, given) if isinstance(given, dict) else None


class JsonInBlock:
    """JSON inside a block as it comes, up to the block's closer, which may also stand in one of its strings."""

    def __init__(self, form: Form, tool: Tool | None, tools: Mapping[str, Tool]) -> None:
        """`tool`: the JSON is this one's arguments; None: it names the tool itself."""
        self._closers: Final = Marks(*form.closers)
        self._ends: Final = Marks(*form.closers, *OPENERS)
        self._tool = tool
        self._tools = tools
        self._scanner = loose_json.JsonScanner()
        self._parts: list[str] = []
        self.ended = False
        self.closer = ""
        """The closer that ended it, where one did."""

    @property
    def raw(self) -> str:
        """What was used up."""
        return "".join(self._parts)

    @property
    def calls(self) -> list[Call]:
        """What it is; empty where it cannot be read."""
        text = unescape(self.raw)
        if self._tool is None:
            return calls_in(text, self._tools)
        found = arguments_in(text)
        return [] if found is None else [Call(self._tool, found)]

    def read(self, text: str, *, final: bool) -> str:
        """Reads on, and returns what is not used up."""
        at = 0
        while (found := text.find("<", at)) >= 0:
            self._take(text[at:found])
            at = found
            if not self._scanner.in_string:
                if self._ends.at(text, at):
                    self.ended = True
                    self.closer = self._closers.at(text, at)
                    return text[at + len(self.closer) :]
                if self._ends.begins(text, at) and not final:
                    return text[at:]
            self._take("<")
            at += 1
        self._take(text[at:])
        self.ended = final
        return ""

    def _take(self, text: str) -> None:
        self._parts.append(text)
        self._scanner.feed(text)


class FencedCall:
    """One fenced JSON object that names a declared tool, as the whole answer: held back while it can still be that."""

    def __init__(self, tools: Sequence[str]) -> None:
        self._names = tools
        self._parts: list[str] = []
        self._scanner: loose_json.JsonScanner | None = None
        self._after = ""

    @property
    def held(self) -> str:
        """All that was taken."""
        return "".join(self._parts)

    @property
    def json(self) -> str:
        """What stands in the fence."""
        text = self.held.strip().removeprefix("```")
        text = text[text.index("{") :] if "{" in text else ""
        return text.strip().rstrip("`")

    def is_complete(self, *, cut: bool) -> bool:
        """Is the object complete, and its fence closed; unless a limit `cut` the answer, the fence needs no end."""
        scanner = self._scanner
        if scanner is None or scanner.in_string or scanner.open_brackets:
            return False
        return not cut or self.held.rstrip().endswith("```")

    def take(self, text: str) -> bool:
        """Take what comes next. False: it cannot be one any more."""
        self._parts.append(text)
        if self._scanner is None:
            begun = self._begins(self.held)
            if begun is None:
                return True
            if not begun:
                return False
            self._scanner = loose_json.JsonScanner()
            text = self.held[self.held.index("{") :]
        return self._goes_on(text)

    def _goes_on(self, text: str) -> bool:
        scanner = self._scanner
        if scanner is None:
            return False
        for at, letter in enumerate(text):
            if self._after or not (scanner.in_string or scanner.open_brackets or letter == "{"):
                self._after += text[at:]
                tail = self._after.strip(" \t\r\n}")
                return "```".startswith(tail)
            scanner.feed(letter)
        return True

    def _begins(self, text: str) -> bool | None:
        """Does it begin as a call; None where that cannot be said yet."""
        rest = text.lstrip()
        for expected in (("```",), ("json", "JSON", ""), ("{",), ('"name"',), (":",)):
            found = _one_of(rest, expected)
            if found is None:
                return None if any(option.startswith(rest) for option in expected) else False
            rest = rest[len(found) :].lstrip()
        if not rest:
            return None
        names = [f'"{name}"' for name in self._names]
        if _one_of(rest, names) is not None:
            return True
        return None if any(name.startswith(rest) for name in names) else False


def _one_of(text: str, options: Sequence[str]) -> str | None:
    """The option that `text` begins with; None where none does, or a longer one still may."""
    if not text and "" in options:
        return None
    if any(option.startswith(text) and len(option) > len(text) for option in options if option and text):
        return None
    return next((option for option in options if text.startswith(option)), None)
