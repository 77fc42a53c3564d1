"""No schema, answer or prompt takes more time than its size accounts for: ten times the size, twelve times the time."""

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lib.errors import BadRequest
from lib.structured.json_answer import read
from lib.structured.kinds import MAX_REFERENCE_LENGTH
from lib.structured.schema import Checker
from lib.tokens import MAX_COUNTED, tokens
from lib.toolcalls.escape import escape, unescape
from lib.types.chat import ResponseFormat

TIMES = 10
MOST = 12
NOTHING = 0.02
"""Seconds below which a comparison would be one of noise."""


def references(size: int, name: str = "d{}", anchor: str = "", path: str = "#/$defs/d{}") -> dict[str, Any]:
    parts = {name.format(i): {"type": "string"} | ({anchor: f"a{i}"} if anchor else {}) for i in range(size)}
    return {"$defs": parts, "anyOf": [{"$ref": path.format(i)} for i in range(size)]}


def checked(schema: Callable[[int], Any], size: int) -> None:
    with contextlib.suppress(BadRequest):
        Checker(schema(size)).fault(3)


def answered(text: str, size: int) -> None:
    read(text * size, ResponseFormat({}))


LONG = "x" * (MAX_REFERENCE_LENGTH - 20)
CASES: dict[str, tuple[Callable[[int], object], int]] = {
    "references": (partial(checked, references), 200),
    "long references": (
        partial(checked, partial(references, name=LONG + "{}", path=f"#/$defs/{LONG}{{}}")),
        200,
    ),
    "anchors": (partial(checked, partial(references, anchor="$anchor", path="#a{}")), 200),
    "dynamic anchors": (partial(checked, partial(references, anchor="$dynamicAnchor", path="#a{}")), 200),
    "a long place": (
        partial(checked, lambda size: {"properties": {"n" * 100 * size: {"anyOf": [{"type": "null"}] * size}}}),
        400,
    ),
    **{
        f"an answer of {text!r}": (partial(answered, text), 10_000)
        for text in ("{", "{ ", "{a", "{\t \n", "[ ", "</think>{", '{"a":', '{"', "} ", " \t\n")
    },
    **{
        f"escaping {text!r}": (lambda size, text=text: unescape(escape(text * size)), 20_000)  # type: ignore[misc]
        for text in ("<", "[", "<|", "<~", "<tool_call>", "[END OF TOOL RESULT", "[TOOL RESULT from ")
    },
}


def seconds(work: Callable[[int], object], size: int) -> float:
    """The least of a few turns: what else the machine does only adds."""
    taken = []
    for _ in range(3):
        started = time.thread_time()
        work(size)
        taken.append(time.thread_time() - started)
    return min(taken)


@pytest.mark.parametrize("name", CASES)
def test_ten_times_the_size_takes_at_most_twelve_times_the_time(name: str) -> None:
    work, size = CASES[name]
    work(1)
    assert seconds(work, TIMES * size) <= max(NOTHING, MOST * seconds(work, size))


def test_a_long_reference_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="2000 are the most"):
        Checker({"$defs": {"A" * 3000: True}, "$ref": "#/$defs/" + "A" * 3000})


@pytest.mark.parametrize("text", ["a", "中文", "if x:\n    return 1\n"])
def test_the_count_of_a_long_text_is_that_of_its_parts(text: str) -> None:
    short = text * (MAX_COUNTED // len(text))
    assert tokens(short * 10) == pytest.approx(10 * tokens(short), rel=0.01)
    assert seconds(lambda _: tokens(short * 10), 1) < 2 * max(NOTHING, seconds(lambda _: tokens(short), 1))
