"""What the web service writes for each request, well or with a fault."""

from collections.abc import Callable
from random import Random
from typing import Final

from tests.upstream import ERRORS, JUNK, After, Answer, Cut, Part, Pictures, Rewriting, Text, Think, ToolCallText
from tests.upstream.ending import EMPTY, HTML
from tests.upstream.tools import CallForm

from . import asks, text
from .schedule import Ask

FOREVER: Final = 10_000.0
"""Seconds: longer than anybody waits."""
FIRST_WORD: Final = 70.0
"""Seconds until the first word, at peak time."""
LONG_ANSWER: Final = 4_000_000
"""Characters of an answer that its client never reads: more than all buffers on the way hold together."""

_FIRST_CODES: Final = ("busy", "too_often", "queued", "internal", "context_exceeded", "exit")
_FORMS: Final[tuple[CallForm, ...]] = ("trained", "trained45", "json")


def answer(ask: Ask, attempt: int) -> Answer:
    """The answer to an ask; `attempt` counts how often it was delivered before. A fault is met at the first alone."""
    chance = ask.chance("answer")
    if ask.what == "picture":
        return Answer(Pictures(2, 0, 3, 1, prompt="A picture"), delay=0.05, lingers=True)
    if ask.what == "tools":
        form = chance.choice(_FORMS)
        return Answer(ToolCallText(asks.TOOL, text.arguments(ask.number), form), delay=0.01, lingers=True)
    if ask.manner == "never reads":
        pieces = text.cut(text.long_text(ask.number, LONG_ANSWER), Random(0))
        return Answer(Text(*("".join(pieces[at : at + 2000]) for at in range(0, len(pieces), 2000))), lingers=True)
    fault = FAULTY.get(ask.fault) if attempt == 0 else None
    if fault is not None:
        return fault(ask, chance)
    return _well(ask, chance)


def tells_nothing(ask: Ask, attempt: int) -> bool:
    """Whether this answer ends before any content, so that it may be asked for again."""
    return attempt == 0 and ask.fault in ("HTML page", "code first", "nothing")


def expected(ask: Ask, *, stream: bool) -> set[str]:
    """The texts that a client may be given: the one that was sent; of one that was rewritten, what a stream shows."""
    sent = text.answer_text(ask.number)
    if ask.fault == "rewriting snapshots":
        first = _rewritten(sent)
        return {sent, first + sent[sent.rfind(first[-32:]) + 32 :]} if stream else {sent}
    return {sent}


def _parts(ask: Ask, chance: Random) -> list[Part]:
    thought = text.thought(ask.number)
    thinking: list[Part] = [Think(*text.cut(thought, chance))] if thought else []
    return [*thinking, Text(*text.cut(text.answer_text(ask.number), chance))]


def _well(ask: Ask, chance: Random) -> Answer:
    return Answer(*_parts(ask, chance), delay=chance.uniform(0.0, 0.05), before=chance.uniform(0, 0.3), lingers=True)


def _late(ask: Ask, chance: Random) -> Answer:
    return Answer(*_parts(ask, chance), before=chance.uniform(2.0, 12.0), lingers=True)


def _very_late(ask: Ask, chance: Random) -> Answer:
    return Answer(*_parts(ask, chance), before=FIRST_WORD, opening=True, lingers=True)


def _never_begun(ask: Ask, chance: Random) -> Answer:
    first, *more = _parts(ask, chance)
    return Answer(After(FOREVER, first), *more, opening=True, lingers=True)


def _halved(ask: Ask, chance: Random, pause: float) -> Answer:
    sent = text.answer_text(ask.number)
    middle = sent.find(" ", len(sent) // 3) + 1
    *before, _ = _parts(ask, chance)
    first, rest = sent[:middle], sent[middle:]
    return Answer(*before, Text(*text.cut(first, chance)), After(pause, Text(*text.cut(rest, chance))), lingers=True)


def _paused(ask: Ask, chance: Random) -> Answer:
    return _halved(ask, chance, chance.uniform(2.0, 12.0))


def _stuck(ask: Ask, chance: Random) -> Answer:
    return _halved(ask, chance, FOREVER)


def _cut(ask: Ask, chance: Random, *, resumes: bool) -> Answer:
    ending = Cut(
        after=chance.randint(2, 12),
        partial=chance.randint(0, 60),
        clean=chance.random() < 0.5,
        resumes=resumes,
        anew=chance.random() < 0.5,
    )
    return Answer(*_parts(ask, chance), ending=ending, delay=0.01, lingers=True)


def _junk(ask: Ask, chance: Random) -> Answer:
    parts: list[Part] = []
    for part in _parts(ask, chance):
        parts += [*(JUNK[name] for name in chance.sample(sorted(JUNK), 4)), part]
    return Answer(*parts, delay=0.01, lingers=True)


def _code_late(ask: Ask, chance: Random) -> Answer:
    return Answer(*_parts(ask, chance), ending=ERRORS[chance.choice(_FIRST_CODES)], lingers=True)


def _rewritten(sent: str) -> str:
    return sent[:6] + "?" + sent[7 : max(48, 2 * len(sent) // 3)]


def _rewriting(ask: Ask, chance: Random) -> Answer:
    sent = text.answer_text(ask.number)
    return Answer(Rewriting(_rewritten(sent), sent), dialect="snapshots", delay=0.05, lingers=True)


FAULTY: Final[dict[str, Callable[[Ask, Random], Answer]]] = {
    "HTML page": lambda ask, chance: Answer(ending=HTML),
    "hang at the first event": _late,
    "hang in the middle": _paused,
    "cut": lambda ask, chance: _cut(ask, chance, resumes=True),
    "cut for good": lambda ask, chance: _cut(ask, chance, resumes=False),
    "junk events": _junk,
    "code first": lambda ask, chance: Answer(ending=ERRORS[chance.choice(_FIRST_CODES)]),
    "code in the middle": _code_late,
    "rewriting snapshots": _rewriting,
    "nothing": lambda ask, chance: Answer() if chance.random() < 0.5 else Answer(ending=EMPTY),
    "first word after 70 s": _very_late,
    "hang at the first event for ever": _never_begun,
    "hang in the middle for ever": _stuck,
}
"""The faults that stand in the answer; all others come in its place, and are in `refusing`."""
