"""JSON as models write it: with line breaks in strings, a bracket too few or too many, several values in a row."""

import json
import math
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


def load_all(text: str) -> list[Any]:
    """The values that `text` holds, one after the other, with commas or nothing between. Raises `ValueError`."""
    values: list[Any] = []
    at = _skip(text, 0, " \t\r\n")
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except ValueError:
            return [*values, load_strictly(_mended(text[at:]))]
        values.append(value)
        at = _skip(text, at, " \t\r\n,}]")
    return values


def _skip(text: str, at: int, letters: str) -> int:
    while at < len(text) and text[at] in letters:
        at += 1
    return at


def _mended(text: str) -> str:
    """`text` with the brackets closed that it leaves open. Raises `ValueError` where it ends in a string."""
    scanner = JsonScanner()
    scanner.feed(text)
    if scanner.in_string or not scanner.open_brackets:
        raise ValueError("cut in the middle")
    return text + "".join(_CLOSER[bracket] for bracket in reversed(scanner.open_brackets))


class JsonScanner:
    """Follows JSON as it comes: is this inside a string, and which brackets are open."""

    def __init__(self) -> None:
        self.in_string = False
        self.open_brackets: list[str] = []
        self._escaped = False

    def feed(self, text: str) -> None:
        """Take what comes next."""
        for letter in text:
            if self.in_string:
                if self._escaped:
                    self._escaped = False
                elif letter == "\\":
                    self._escaped = True
                elif letter == '"':
                    self.in_string = False
            elif letter == '"':
                self.in_string = True
            elif letter in "{[":
                self.open_brackets.append(letter)
            elif letter in "}]" and self.open_brackets:
                self.open_brackets.pop()
