"""An answer loses the last letter of what arrived together, where that is much."""

from lib.upstreams.chatglm.stream.part_text import PartText

_give = PartText._give


def give(self: PartText, text: str) -> str:
    given = _give(self, text)
    return given[:-1] if len(given) > 20 else given


PartText._give = give  # type: ignore[method-assign]
