"""Regular expressions of callers: matched in time that grows with the text alone.

Python's `re` can take for ever over `(a+)+$`. pydantic's engine, which is here anyway, is Rust's: linear, and bounded
in memory. It knows no look-around; the kind that schemas use, look-ahead at the very beginning, is split off and
matched by itself. Back references and other look-around are refused.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from lib.errors import BadRequest

MAX_PATTERN: Final = 4_000
"""Characters of one expression: ten times the longest that generators of schemas write (the address of a web page)."""
_REMEMBERED: Final = 64

_AHEAD: Final = {"(?=": True, "(?!": False}


class Pattern:
    """An expression that may match anywhere in a text, as JSON schema has it."""

    def __init__(self, source: str) -> None:
        """Raises `BadRequest` for one that cannot be used."""
        if len(source) > MAX_PATTERN:
            raise BadRequest(f"A pattern of the schema has {len(source)} characters; {MAX_PATTERN} are the most.")
        from pydantic_core import SchemaError, SchemaValidator

        try:
            self._parts = [
                (SchemaValidator({"type": "str", "pattern": part.source, "strict": True}), part.matches)
                for part in _split(source)
            ]
        except SchemaError as error:
            why = "look-around and back references are not" if "look-" in str(error) or "backref" in str(error) else ""
            raise BadRequest(
                f"A pattern of the schema cannot be used: {source[:200]!r}. "
                + (f"Of regular expressions, {why} supported here, but for look-ahead right after ^." if why else "")
            ) from error

    def search(self, text: str) -> bool:
        """Is there a match in `text`."""
        return all(part.isinstance_python(text) == wanted for part, wanted in self._parts)


@lru_cache(_REMEMBERED)
def compiled(source: str) -> Pattern:
    """The expression, compiled once."""
    return Pattern(source)


class _Part(NamedTuple):
    source: str
    matches: bool
    """Has it to match, or must it not."""


def _split(source: str) -> list[_Part]:
    """`^(?=a)(?!b)c` as `^(?:a)`, not `^(?:b)` and `^(?:c)`; anything else is one part."""
    rest = source.removeprefix("^")
    if rest == source or _ends(rest, "|") < len(rest):
        return [_Part(_translated(source), True)]
    parts = []
    while (wanted := _AHEAD.get(rest[:3])) is not None:
        inner = rest[3:]
        end = _ends(inner, ")")
        parts.append(_Part(f"^(?:{_translated(inner[:end])})", wanted))
        rest = inner[end + 1 :]
        if rest[:1] in ("*", "+", "?", "{"):
            return [_Part(source, True)]
    return [*parts, _Part(f"^(?:{_translated(rest)})", True)]


def _ends(source: str, mark: str) -> int:
    """Where `mark` first stands outside groups, classes and escapes; the length where it does nowhere."""
    depth, place, in_class = 0, 0, False
    while place < len(source):
        sign = source[place]
        if sign == "\\":
            place += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == mark and depth == 0:
            return place
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        place += 1
    return len(source)


def _translated(source: str) -> str:
    """`source` with what ECMA's classes take literally and Rust's do not, `[` and `&&` and `~~`, escaped."""
    signs, place, in_class = [], 0, False
    while place < len(source):
        sign = source[place]
        if sign == "\\":
            signs.append(source[place : place + 2])
            place += 2
            continue
        if in_class and sign in "[&~":
            signs.append("\\")
        elif sign == "[":
            in_class = True
        elif sign == "]":
            in_class = False
        signs.append(sign)
        place += 1
    return "".join(signs)
