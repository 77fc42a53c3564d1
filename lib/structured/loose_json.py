"""JSON as models write it: with line breaks in strings, a bracket too few or too many, several values in a row."""

import json
import math
import re
from typing import Any, Final, NoReturn

_CLOSER: Final = {"{": "}", "[": "]"}


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number without bounds")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(strict=False, parse_float=_float, parse_constant=_constant)


_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BETWEEN: Final = re.compile(r"[ \t\r\n,}\]]*")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(value: Any) -> str:
    """`value` as JSON without spaces, non-ASCII kept."""
    return _ENCODER.encode(value)


def load(text: str) -> Any:
    """The one value that `text` is, brackets mended at its end. Raises `ValueError`."""
    found = load_all(text)
    if len(found) != 1:
        raise ValueError("not one value")
    return found[0]


def load_strictly(text: str) -> Any:
    """The one value that `text` is, nothing mended. Raises `ValueError`."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _between(text: str, at: int) -> int:
    return _BETWEEN.match(text, at).end()  # type: ignore[union-attr]


def load_all(text: str) -> list[Any]:
    """The values that `text` holds, one after the other, with commas or nothing between. Raises `ValueError`."""
    values: list[Any] = []
    at = _space(text, 0)
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except ValueError:
            return [*values, load_strictly(_mended(text[at:]))]
        values.append(value)
        at = _between(text, at)
    return values


def _mended(text: str) -> str:
    """`text` with the brackets closed that it leaves open. Raises `ValueError` where it ends in a string."""
    scanner = JsonScanner()
    scanner.feed(text)
    if scanner.in_string or not scanner.open_brackets:
        raise ValueError("cut in the middle")
    return text + "".join(_CLOSER[bracket] for bracket in reversed(scanner.open_brackets))


MAX_DEPTH: Final = 1000
"""Brackets within one another, beyond which nobody follows."""
_STRING: Final = re.compile(r'(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
_PLAIN: Final = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""Whole strings, and what stands between them."""


class JsonScanner:
    """Follows JSON as it comes: is this inside a string, and which brackets are open."""

    def __init__(self) -> None:
        self.in_string = False
        self.open_brackets: list[str] = []
        self._escape = ""
        """A backslash at the end of what came."""

    @property
    def too_deep(self) -> bool:
        """Are there more brackets open than are followed."""
        return len(self.open_brackets) > MAX_DEPTH

    def feed(self, text: str) -> int | None:
        """Take what comes next, up to where the outermost bracket closes: that place in it, or None."""
        before, text = len(self._escape), self._escape + text
        at, self._escape = 0, ""
        while at < len(text) and not self.too_deep:
            if self.in_string:
                string = _STRING.match(text, at)
                assert string is not None
                at = string.end()
                if not string[1]:
                    self._escape = text[at:]
                    break
                self.in_string = False
            plain = _PLAIN.match(text, at)
            assert plain is not None
            at = plain.end() + 1
            sign = text[at - 1 : at]
            if sign == '"':
                self.in_string = True
            elif sign in ("{", "["):
                self.open_brackets.append(sign)
            elif sign and self.open_brackets:
                self.open_brackets.pop()
                if not self.open_brackets:
                    return at - before
        return None
