"""Token counts, estimated: chatglm.cn counts nothing, and a tokenizer's tables are too large to bring along.

Each character costs by its kind (letter, digit, Chinese …), and some pairs of kinds cost more: those where a word, a
number or a line begins or ends. The costs were fitted against cl100k_base (English, code, JSON) and Qwen's tokenizer
(Chinese, other scripts); tests/test_usage.py says how close they come. A text costs the sum over its characters and
pairs: the same however it is cut into pieces, and never less than a beginning of it. Of very long texts slices stand
for the whole: `MAX_COUNTED`.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from lib.types.events import Usage

MAX_COUNTED: Final = 1_000_000
"""Characters up to which all are counted, which takes 30 ms. Of longer texts, slices from all over are."""
SLICES: Final = 64
SLICE: Final = 8_000

type Costs = Sequence[tuple[bytes, int]]

_PER_TOKEN: Final = 1000
"""Costs are in thousandths of a token: whole numbers, so that sums are exact."""

_ASCII: Final = b"a0 \n."
_ASCII_COSTS: Final[Costs] = (
    (b"a", 85),
    (b"0", 384),
    (b" ", 37),
    (b"\n", 450),
    (b".", 193),
    # A word begins, and takes the space before it along.
    (b"a ", 666),
    (b". ", 959),
    (b".a", 986),
    # A number begins within a word, or ends.
    (b"a0", 1000),
    (b"0a", 1000),
    (b"0 ", 1000),
    (b"0.", 1000),
    (b"0\n", 1000),
    # A line ends, or is indented.
    (b"a\n", 924),
    (b"\n ", 1000),
)
_HUMP: Final = 471
"""What a capital after a small letter costs more: `camelCase` is two words."""
_OTHER_COSTS: Final[Costs] = (
    (b"c", 700),
    (b"w", 575),
    (b"k", 620),
    (b"h", 750),
    (b"l", 1900),
    (b"g", 1020),
    (b"y", 410),
    (b"r", 400),
    (b"i", 900),
    (b"v", 300),
    (b"s", 900),
    (b"e", 1300),
)
_MIXED_COSTS: Final[Costs] = ((b" c", 1483), (b"c\n", 924))
_DEAREST: Final = 3100
"""No character costs more, with the pair that it makes."""

_LEAD_BYTES: Final = (
    # The first byte of the range, the kind, and what begins so in UTF-8.
    (0x80, b"e"),
    (0xC2, b"l"),  # Latin letters with accents: they break a word up
    (0xCC, b"g"),  # Greek
    (0xD0, b"y"),  # Cyrillic
    (0xD6, b"r"),  # Hebrew, Arabic
    (0xE0, b"i"),  # Thai (in truth about 600) and the scripts of India (about 1150)
    (0xE1, b"v"),  # Vietnamese
    (0xE2, b"s"),  # dashes, quotation marks, arrows, mathematical signs
    (0xE3, b"k"),  # kana
    (0xE4, b"c"),  # Chinese
    (0xEA, b"h"),  # Hangul
    (0xEE, b"w"),  # full-width punctuation
    (0xF0, b"e"),  # emoji
)
_CONTINUATIONS: Final = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that go on with a character that has begun."""

_IN_LONG_WORDS: Final = (
    "[国经展社市业资民化孩关力这会建作设方对融较的实产要政发题以错定进济全现部报度理应体科义各规提个央觉责行很在主改活管么能步技需育务续们和解亿界"
    "工司本增非通因酒我成同消项果电院机期争持基第教京合术程员贫加革取境重什知性意研并问者己确放传法府及益委件际常系生动交施相新公构到省服查推准坚保"
    "受入候证世价中企还]+"
)
"""The Chinese characters that mostly stand in words of two and more which are one token (经济, 社会 …).

Compiled at first use, by `re` itself: that takes a millisecond of a start.
"""
_IN_A_LONG_WORD: Final = 395
"""What such a character costs less."""


def _kinds() -> bytes:
    """The kind of each byte that begins a character in UTF-8: `.` is punctuation, and control characters."""
    kinds = bytearray(b"." * 256)
    for first, kind in _LEAD_BYTES:
        kinds[first:] = kind * (256 - first)
    for characters, kind in ((b"\r\n", b"\n"), (b"\t ", b" "), (b"0123456789", b"0")):
        for byte in characters:
            kinds[byte] = kind[0]
    for byte in range(ord("a"), ord("z") + 1):
        kinds[byte] = ord("a")
        kinds[byte - 32] = ord("A")
    return bytes(kinds)


_KINDS: Final = _kinds()


def tokens(text: str) -> int:
    """About how many tokens `text` has; at least 1 unless it is empty."""
    if len(text) <= MAX_COUNTED:
        return _rounded(_cost(text))
    starts = range(0, len(text) - SLICE, len(text) // SLICES)
    return _rounded(sum(_cost(text[at : at + SLICE]) for at in starts) * len(text) // (len(starts) * SLICE))


def estimate(prompt: str, answer: str, reasoning: str) -> Usage:
    """The usage of an answer. Reasoning counts as completion, as with OpenAI."""
    reasoning_tokens = tokens(reasoning)
    return Usage(tokens(prompt), tokens(answer) + reasoning_tokens, reasoning_tokens, estimated=True)


class Counter:
    """Counts a text that comes in pieces: as many tokens as the text so far has, however it was cut.

    Pieces are looked at together, and only when the count is asked for or a limit comes near: a stream has hundreds.
    """

    def __init__(self) -> None:
        self._spent = 0
        self._last = ""
        """The last character, for the pair that it makes with the next one."""
        self._waiting: list[str] = []
        self._most = 0
        """What the pieces that wait cost at most."""

    @property
    def tokens(self) -> int:
        """How many tokens the text so far has."""
        self._settle()
        return _rounded(self._spent)

    def add(self, piece: str) -> None:
        """Go on with `piece`."""
        self._waiting.append(piece)
        self._most += len(piece) * _DEAREST

    def take(self, piece: str, limit: int) -> str:
        """Go on with as much of `piece` as fits, and return that: the text then has at most `limit` tokens."""
        limit *= _PER_TOKEN
        if self._spent + self._most + len(piece) * _DEAREST > limit:
            self._settle()
            room = limit - self._spent
            if self._added(piece) > room:
                piece = piece[: bisect_right(range(1, len(piece) + 1), room, key=lambda end: self._added(piece[:end]))]
        self.add(piece)
        return piece

    def _settle(self) -> None:
        if self._waiting:
            text = "".join(self._waiting)
            self._spent += self._added(text)
            self._last = text[-1:] or self._last
            self._waiting.clear()
            self._most = 0

    def _added(self, text: str) -> int:
        return _cost(self._last + text) - _cost(self._last)


def _cost(text: str) -> int:
    # One byte for each character. A lone surrogate, which UTF-8 has no bytes for, counts as a question mark.
    kinds = text.encode(errors="replace").translate(_KINDS, _CONTINUATIONS)
    letters = kinds.replace(b"A", b"a")
    cost = _sum(letters, _ASCII_COSTS) + _HUMP * kinds.count(b"aA")
    if others := letters.translate(None, _ASCII):
        cost += _sum(others, _OTHER_COSTS) + _sum(letters, _MIXED_COSTS)
        if b"c" in others:
            cost -= _IN_A_LONG_WORD * len("".join(re.findall(_IN_LONG_WORDS, text)))
    return cost


def _sum(kinds: bytes, costs: Costs) -> int:
    return sum(cost * kinds.count(pattern) for pattern, cost in costs)


def _rounded(cost: int) -> int:
    return -(-cost // _PER_TOKEN)
