"""A model that calls tools, in each way in which it does that on chatglm.cn, and goes on when it sees the results."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from tests.upstream import Answer, NativeCall, NativeCalls, Text, call_text, cut
from tests.upstream.parts import Part
from tests.upstream.play import Asked, Play
from tests.upstream.tools import CallForm

type Way = Literal["native"] | CallForm

WAYS: Final[tuple[Way, ...]] = ("trained", "trained45", "json", "invoke", "dsml", "fenced", "native")
"""In the text, in each of its forms, and as a part of the service's own."""

RESULT: Final = "[TOOL RESULT from "
"""What stands before a result in the prompt."""


class Call(NamedTuple):
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any] = {}


def calling(*calls: Call, way: Way = "trained", before: str = "") -> Sequence[Part]:
    """The parts of an answer that says `before`, then makes these calls."""
    said = [Text(*cut(before, 7))] if before else []
    if way == "native":
        return [*said, NativeCalls(*(NativeCall(call.name, call.arguments) for call in calls))]
    written = "\n".join(call_text(call.name, call.arguments, way) for call in calls)
    return [Text(*cut(before + written, 7))]


def loop(*rounds: Sequence[Call], says: str, way: Way = "trained", **options: Any) -> Play:
    """A model that makes the calls of each round, sees as many results as it has made, and then `says` something."""
    seen = [sum(map(len, rounds[:number])) for number in range(len(rounds))]

    def play(asked: Asked) -> Answer:
        results = asked.prompt.count(RESULT)
        if results in seen:
            return Answer(*calling(*rounds[seen.index(results)], way=way), **options)
        return Answer(Text(*cut(says, 7)), **options)

    return play
