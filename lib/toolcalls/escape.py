"""Keeping the marks of calls and results out of texts that are not ours, and undoing that.

A mark in a text gets a `~` after its first letter, and one more where it has some already: `<tool_call>` becomes
`<~tool_call>`, that becomes `<~~tool_call>`. So a text cannot pose as a call or a result, and what the model copies of
it comes back to the letter. A tilde means nothing to JSON, shells and patterns, unlike a backslash.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from lib.toolcalls import function_tags, invoke, trained

RESULT_OPENER: Final = "[TOOL RESULT from "
RESULT_CLOSER: Final = "[END OF TOOL RESULT]"
"""Plain brackets: `<tool_response>` was seen to make loops over web services (tools.md, "The form")."""

WRAPPERS: Final = tuple(
    f"<{bar}{name}>" for bar in ("", "|DSML|", "｜DSML｜") for name in ("function_calls", "tool_calls")
)
"""May stand around calls; they mean nothing."""
STOPS: Final = ("<tool_response>", "<|observation|>", "<|user|>", RESULT_OPENER)
"""Where the model begins to invent results or the user's words: nothing from here on is its answer."""
OPENERS: Final = (trained.OPENER, *invoke.OPENERS, function_tags.OPENER)
"""How a call begins. `｜` is the wide bar that some models write."""
CLOSERS: Final = (trained.CLOSER, *invoke.CLOSERS, function_tags.CLOSER)

MAX_ROLE: Final = 40
"""Letters of the name in `<|name|>`: each of these is taken for a mark, whatever the model's own are called."""
MAX_TILDES: Final = 100
SLICE: Final = 64 * 1024
"""Letters that are changed in one go: some milliseconds in which nothing else runs."""

MARKS: Final = (
    *OPENERS,
    *WRAPPERS,
    *(wrapper.replace("<", "</") for wrapper in WRAPPERS),
    trained.CLOSER,
    *trained.INNER,
    *(mark for mark in (*invoke.CLOSERS, *invoke.INNER) if "DSML" in mark),
    "<tools>",
    "</tools>",
    "</tool_response>",
    *STOPS,
    RESULT_CLOSER,
)
"""Every mark that a text of the caller's, of a tool's or of a page's must not hold as it is.

Marks that mean something only inside a call and that XML of all kinds holds, as `</parameter>`, are left alone.
"""
LONGEST: Final = max(max(map(len, MARKS)), MAX_ROLE + 4) + MAX_TILDES
"""Letters of the longest mark, escaped or not."""


def _behind(sign: str) -> str:
    return "|".join(re.escape(mark[1:]) for mark in sorted(set(MARKS), key=len, reverse=True) if mark[0] == sign)


ESCAPED_TAIL: Final = rf"{_behind('<')}|\|[^|<>]{{1,{MAX_ROLE}}}\|>"
ESCAPED_SQUARE: Final = _behind("[")
"""What may stand behind the sign of a mark."""


def _pattern(tildes: str) -> str:
    """Matches a mark, with so many tildes in it. What follows the sign is looked at first: most begin no mark."""
    return rf"<(?=[~/a-z|｜]){tildes}(?={ESCAPED_TAIL})|\[(?=[~TE]){tildes}(?={ESCAPED_SQUARE})"


_ESCAPABLE: Final = re.compile(_pattern(rf"~{{0,{MAX_TILDES - 1}}}"))
_ESCAPED: Final = re.compile(_pattern(rf"~{{1,{MAX_TILDES}}}"))


def escape(text: str) -> str:
    """`text` with its marks changed, so that it holds none."""
    return _changed(text, _ESCAPABLE, lambda found: f"{found[0][0]}~{found[0][1:]}")


def unescape(text: str) -> str:
    """What `escape` made `text` from."""
    return _changed(text, _ESCAPED, lambda found: f"{found[0][0]}{found[0][2:]}")


def may_begin(rest: str) -> bool:
    """Can `rest`, which begins with `<` or `[` and is all there is so far, become a mark, escaped or not."""
    if len(rest) >= LONGEST:
        return False
    bare = rest[0] + rest[1:].lstrip("~")
    if bare.startswith("<|") and re.fullmatch(rf"<\|[^|<>]{{0,{MAX_ROLE}}}\|?", bare):
        return True
    return any(mark.startswith(bare) for mark in MARKS)


def _changed(text: str, marks: re.Pattern[str], change: Callable[[re.Match[str]], str]) -> str:
    if "<" not in text and "[" not in text:
        return text
    return "".join(marks.sub(change, piece) for piece in _slices(text))


def _slices(text: str) -> Iterator[str]:
    """Pieces of a text, none of which ends within a mark: each mark has one sign, at its beginning."""
    start = 0
    while len(text) - start > SLICE:
        end = start + SLICE
        near = max(text.rfind("<", end - LONGEST, end), text.rfind("[", end - LONGEST, end))
        end = near if near > start else end
        yield text[start:end]
        start = end
    yield text[start:]
