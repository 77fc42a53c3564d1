"""Who answers: a test's own function, which plays the model, for each chat call."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .accounts import Account
from .answer import Answer
from .parts import Part, Text, cut


@dataclass(frozen=True)
class Asked:
    """A chat call as the model sees it: `prompt` is all text of its message, `body` the whole call.

    `number` counts the calls that were played, from 0.
    """

    prompt: str
    body: dict[str, Any]
    account: Account
    number: int


type Played = Answer | Part | Sequence[Part] | str | None
type Play = Callable[[Asked], Played]


def as_answer(played: Played) -> Answer | None:
    """Return what was played as an answer. None: the play leaves it to others."""
    match played:
        case None | Answer():
            return played
        case Part():
            return Answer(played)
        case str():
            return Answer(Text(*cut(played, 7)))
        case _:
            return Answer(*played)


@dataclass
class Rule:
    """Answers a prompt that holds all of `has` and nothing of `lacks` (regular expressions), `times` times."""

    answer: Answer
    has: Sequence[str] = ()
    lacks: Sequence[str] = ()
    times: int | None = None

    def takes(self, prompt: str) -> bool:
        if self.times is not None and self.times <= 0:
            return False
        return all(re.search(one, prompt) for one in self.has) and not any(re.search(one, prompt) for one in self.lacks)


def by_rules(rules: Sequence[Rule]) -> Play:
    """Return a play in which the first rule that takes the prompt answers it."""

    def play(asked: Asked) -> Answer | None:
        for rule in rules:
            if rule.takes(asked.prompt):
                if rule.times is not None:
                    rule.times -= 1
                return rule.answer
        return None

    return play
