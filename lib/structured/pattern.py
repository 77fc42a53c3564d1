"""Regular expressions of callers: matched in a time that is known beforehand.

Python's `re` can take for ever over `(a+)+$`. pydantic's engine, which is here anyway, is Rust's: its time grows with
the text's length times the expression's size. It differs from ECMA's, which JSON schema means, in what is translated
here, and knows neither look-around nor back references. Look-ahead at the very beginning, the kind that schemas use, is
split off and matched by itself; all else is refused.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from lib.errors import BadRequest

MAX_LENGTH: Final = 4_000
"""Characters of one expression: ten times the longest that generators of schemas write (the address of a web page)."""
MAX_SIZE: Final = 20_000
"""Signs of one expression with its repetitions written out: an address in a mail has 300, a text of 1 to 5000 signs
5000. More take the engine a tenth of a second, and 10 MB."""

_TOKEN: Final = re.compile(
    r"\\[pPu]\{[^}]{0,40}\}|\\.|\[(?:\\.|[^\]\\])*\]|\{\d{1,6}(?:,\d{0,6})?\}|\(\?(?:[:=!]|<[=!]|P?<\w+>)|.", re.DOTALL
)
"""An escape, a class, a repetition, an opening of a group, or one sign."""
_ECMA: Final = {
    "\\d": "[0-9]",
    "\\D": "[^0-9]",
    "\\w": "[0-9A-Za-z_]",
    "\\W": "[^0-9A-Za-z_]",
    "\\b": r"(?-u:\b)",
    "\\<": "<",
    "\\>": ">",
    "{": r"\{",
    "}": r"\}",
}
"""What Rust's engine reads in another way: classes take all of Unicode there, which also costs it a hundred times the
memory, and `\\<` is the beginning of a word."""
_ECMA_IN_CLASS: Final = _ECMA | {"\\b": r"\x08", "[": r"\[", "&": r"\&", "~": r"\~"}
_AHEAD: Final = {"(?=": True, "(?!": False}
_QUANTIFIERS: Final = ("*", "+", "?")


class Pattern:
    """An expression that may match anywhere in a text, as JSON schema has it."""

    def __init__(self, source: str) -> None:
        """Raises `BadRequest` for one that cannot be used."""
        if len(source) > MAX_LENGTH:
            raise BadRequest(f"A pattern of the schema has {len(source)} characters; {MAX_LENGTH} are the most.")
        tokens = _tokens(source)
        self.size = _size(tokens)
        """Matching takes time in proportion to this and to the text's length."""
        if self.size > MAX_SIZE:
            raise BadRequest(f"A pattern of the schema repeats too much: {source[:200]!r}.")
        from pydantic_core import SchemaError, SchemaValidator

        try:
            self._parts = [
                (SchemaValidator({"type": "str", "pattern": part.source, "strict": True}), part.matches)
                for part in _split(tokens)
            ]
        except SchemaError as error:
            raise BadRequest(
                f"A pattern of the schema cannot be used: {source[:200]!r}. It has to be a regular expression without "
                "back references, and without look-around but for look-ahead right after ^."
            ) from error

    def search(self, text: str) -> bool:
        """Is there a match in `text`."""
        return all(part.isinstance_python(text) == wanted for part, wanted in self._parts)


class _Part(NamedTuple):
    source: str
    matches: bool
    """Has it to match, or must it not."""


def _tokens(source: str) -> list[str]:
    tokens = []
    for match in _TOKEN.finditer(source):
        if match[0] == "[":  # Nothing closes it: further ones would be looked for again and again.
            raise BadRequest(f"A pattern of the schema cannot be used: a [ is not closed in {source[:200]!r}.")
        tokens.append(match[0])
    return tokens


def _split(tokens: Sequence[str]) -> list[_Part]:
    """`^(?=a)(?!b)c` as `^(?:a)`, not `^(?:b)` and `^(?:c)`; anything else is one part."""
    if tokens[:1] != ["^"] or _find(tokens, "|", 1) < len(tokens):
        return [_Part(_translated(tokens), True)]
    parts, start = [], 1
    while start < len(tokens) and tokens[start] in _AHEAD:
        end = _find(tokens, ")", start + 1)
        if end + 1 < len(tokens) and (tokens[end + 1] in _QUANTIFIERS or _repeats(tokens[end + 1])):
            break  # No generator writes it, and it would have to be split in another way: the engine refuses it.
        parts.append(_Part(_anchored(tokens[start + 1 : end]), _AHEAD[tokens[start]]))
        start = end + 1
    return [*parts, _Part(_anchored(tokens[start:]), True)]


def _anchored(tokens: Sequence[str]) -> str:
    return f"^(?:{_translated(tokens)})"


def _find(tokens: Sequence[str], wanted: str, start: int) -> int:
    """Where `wanted` first stands outside groups; the length where it does nowhere."""
    depth = 0
    for place in range(start, len(tokens)):
        if tokens[place] == wanted and depth == 0:
            return place
        depth += tokens[place].startswith("(") - (tokens[place] == ")")
    return len(tokens)


def _repeats(token: str) -> bool:
    return len(token) > 1 and token.startswith("{")


def _translated(tokens: Sequence[str]) -> str:
    return "".join(
        token if _repeats(token) else _class(token) if _is_class(token) else _outside(token) for token in tokens
    )


def _outside(token: str) -> str:
    return _ECMA.get(token, token)


def _is_class(token: str) -> bool:
    return len(token) > 1 and token.startswith("[")


def _class(token: str) -> str:
    """A class: signs that combine classes in Rust's engine stand for themselves in ECMA's."""
    opening = "[^" if token.startswith("[^") else "["
    inner = token[len(opening) : -1]
    if "--" in inner:
        raise BadRequest(f"A pattern of the schema cannot be used: write one - in {token[:100]!r}, at its end.")
    return opening + "".join(_ECMA_IN_CLASS.get(one, one) for one in re.findall(r"\\.|.", inner, re.DOTALL)) + "]"


def _size(tokens: Sequence[str]) -> int:
    """How many signs it has with its repetitions written out."""
    groups, last = [0], 0
    for token in tokens:
        if token.startswith("("):
            groups.append(0)
            continue
        if _repeats(token):
            most = max(int(number) for number in re.findall(r"\d+", token))
            groups[-1] += last * max(0, most - 1)
            last *= max(1, most)
            continue
        last = 1 + (groups.pop() if token.startswith(")") and len(groups) > 1 else 0)
        groups[-1] += last
    return sum(groups)
