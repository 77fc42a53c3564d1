"""What each request asks, and what the service answers: no two alike, and both known from the request's number."""

import re
from random import Random
from typing import Any, Final

SECRET_WORD: Final = "Zimtstern"
"""In every prompt, and in nothing else: found in a log, it says that a prompt is there."""
_MARK: Final = re.compile(rf"{SECRET_WORD}(\d+)\b")

_WORDS: Final = (
    "ha", "haha", "ha", "the", "weather", "is", "sunny", "天气", "很好", "今天", "我们", "**bold**", "`code`", "naïve",
    "🙂", "👩‍👩‍👧", "don't", "100%", "a&b", "\\n", '"quoted"', "end.", "Ünïcödé",
    "- item", "x = 1;", "（括号）", "、", "e\u0301",
)  # fmt: skip


def prompt(number: int) -> str:
    """The words of request `number`."""
    return f"{SECRET_WORD}{number} 画 tell me something about it."


def numbers_in(text: str) -> list[int]:
    """The requests whose prompts stand in a text, in order."""
    return [int(found) for found in _MARK.findall(text)]


def answer_text(number: int) -> str:
    """What the service answers to request `number`: words with spaces and line breaks between, none at the ends."""
    chance = Random(f"answer {number}")
    words = [f"[{number}]"]
    for _ in range(chance.randint(8, 90)):
        words += [chance.choice((" ", " ", " ", " ", "\n")), chance.choice(_WORDS)]
    return "".join([*words, " ", f"({number})"])


def long_text(number: int, size: int) -> str:
    """The same, `size` characters long: more than fits into what lies between a server and a client."""
    return (answer_text(number) + " ") * (size // 100)


def thought(number: int) -> str:
    """What the service thinks before it; nothing for every third."""
    return f"Thinking about {number}. Ha, ha, haha." if number % 3 else ""


def arguments(number: int) -> dict[str, Any]:
    """The arguments of the tool's call that is the answer to request `number`."""
    chance = Random(f"arguments {number}")
    return {"city": f"{chance.choice(_WORDS)} {number}", "days": chance.randint(1, 9), "note": "a < b & c"}


def cut(text: str, chance: Random) -> list[str]:
    """`text` in deltas of any size."""
    deltas, begin = [], 0
    while begin < len(text):
        end = begin + chance.randint(1, 24)
        deltas.append(text[begin:end])
        begin = end
    return deltas
