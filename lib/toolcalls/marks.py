"""Finding the dialect's marks in a text, and keeping them out of texts that are not ours.

A mark in a text gets a `~` after its first character, and one more where it has some already: `<tool_call>` becomes
`<~tool_call>`, that becomes `<~~tool_call>`. So a text cannot pose as a call or a result, and what the model copies of
it comes back to the letter. A tilde means nothing to JSON, shells and patterns, unlike a backslash.
"""

from typing import Final

from lib.toolcalls.dialect import ESCAPED

TILDE: Final = "~"
MAX_TILDES: Final = 100
"""A longer run of them is text: whoever reads must not wait for its end without end."""

WAIT: Final = -1
"""The text ends before it can be said what stands here."""

NONE: Final = 0


MAX_SPACE: Final = 8000
"""White letters that may stand between two marks: more than the repetition after which an answer is stopped."""


def skip_space(text: str, at: int) -> int:
    """Where the white space at `at` ends, as far as it is looked at. Cheap enough to be asked again with each piece."""
    space = text[at : at + MAX_SPACE]
    return at + len(space) - len(space.lstrip())


class Marks:
    """A set of texts to look for."""

    def __init__(self, *marks: str) -> None:
        self._longest = max(map(len, marks))
        self._by_start: dict[str, tuple[str, ...]] = {}
        for mark in sorted(set(marks), key=len, reverse=True):
            self._by_start[mark[:2]] = (*self._by_start.get(mark[:2], ()), mark)

    def at(self, text: str, at: int) -> str:
        """The mark that stands at `at`; empty if none does."""
        for mark in self._by_start.get(text[at : at + 2], ()):
            if text.startswith(mark, at):
                return mark
        return ""

    def begins(self, text: str, at: int) -> bool:
        """Does `text` end in the beginning of a mark that stands at `at`."""
        if len(text) - at >= self._longest:
            return False
        rest = text[at:]
        if len(rest) == 1:
            return any(start[0] == rest for start in self._by_start)
        return any(mark.startswith(rest) for mark in self._by_start.get(rest[:2], ()))


MAX_ROLE: Final = 40
"""Letters of the name in `<|name|>`: each of these is taken for a mark, whatever the model's own are called."""

_ESCAPED: Final = Marks(*ESCAPED)
_LONGEST: Final = 60
"""No mark is longer."""
_SIGNS: Final = tuple({mark[0] for mark in ESCAPED})


def escape(text: str) -> str:
    """`text` with its marks changed, so that it holds none."""
    for sign in _SIGNS:
        if sign in text:
            first, *parts = text.split(sign)
            text = sign.join([first, *(_escape(sign, part) for part in parts)])
    return text


def _escape(sign: str, part: str) -> str:
    """`part` stands after `sign`: with a tilde more, if the two are a mark, escaped or not."""
    bare = part.lstrip(TILDE) if part[:1] == TILDE else part
    if len(part) - len(bare) >= MAX_TILDES:
        return part
    # A mark may hold the sign of its kind no second time, so it does not go beyond its part.
    return TILDE + part if _length(sign + bare[:_LONGEST]) > 0 else part


def escaped_at(text: str, at: int) -> int:
    """The length of the escaped mark that stands at `at`, from its sign to its end; `NONE`, or `WAIT`."""
    end = at + 1
    length = len(text)
    while end < length and text[end] == TILDE:
        end += 1
        if end > at + 1 + MAX_TILDES:
            return NONE
    if end == at + 1:
        return WAIT if end == length else NONE
    found = _length(text[at] + text[end : end + _LONGEST])
    return end - at - 1 + found if found > 0 else found


def _length(bare: str) -> int:
    """The length of the mark that `bare` begins with; `NONE`, or `WAIT` where it may be the beginning of one."""
    if mark := _ESCAPED.at(bare, 0):
        return len(mark)
    if bare.startswith("<|"):
        end = bare.find("|", 2)
        name = bare[2:] if end < 0 else bare[2:end]
        if len(name) <= MAX_ROLE and not set(name) & {"<", ">"}:
            if end < 0 or end + 1 == len(bare):
                return WAIT
            if name and bare[end + 1] == ">":
                return end + 2
    return WAIT if _ESCAPED.begins(bare, 0) else NONE


def unescape(text: str) -> str:
    """What `escape` made `text` from."""
    for sign in _SIGNS:
        if sign + TILDE in text:
            pieces: list[str] = []
            start = 0
            at = text.find(sign + TILDE)
            while at >= 0:
                if escaped_at(text, at) > 0:
                    pieces += (text[start : at + 1],)
                    start = at + 2
                at = text.find(sign + TILDE, at + 1)
            text = "".join([*pieces, text[start:]])
    return text
