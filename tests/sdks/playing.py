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


def assistant(arguments: Mapping[str, Mapping[str, Any]], json_text: str, way: Way = "trained") -> Play:
    """A model that calls each declared tool once with the `arguments` named for it, in that order.

    Then it answers with `json_text` where JSON is wanted, and else with what the last result was.
    """

    def play(asked: Asked) -> Answer:
        prompt = asked.prompt
        for name, values in arguments.items():
            if f'"name":"{name}"' in prompt and f"{RESULT}{name} " not in prompt:
                return Answer(*calling(Call(name, values), way=way))
        if "JSON" in prompt:
            return Answer(Text(*cut(json_text, 7)))
        result = prompt.rpartition(RESULT)[2].partition("]\n")[2].partition("\n[END")[0]
        return Answer(Text(*cut(f"They say: {result}.", 7)))

    return play
