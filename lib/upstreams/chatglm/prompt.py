"""A conversation merged into the one message that the service reads (protocol, "Chat").

Each turn begins with a role mark on a line of its own, and the last line asks for the assistant's words. A text that
holds such a mark is changed so that it cannot pose as a turn.
"""

import re
from collections.abc import Iterable, Sequence

from lib.types.old_chat import Role, Turn

_MARKS: dict[Role, str] = {
    "system": "<|system|>",
    "user": "<|user|>",
    "assistant": "<|assistant|>",
    "tool": "<|user|>",  # The service knows no mark for tools; the text says what it is.
}
_ANY_MARK = re.compile(r"<(?=\|[^|<>]{1,40}\|>)")
_MARKDOWN_PICTURE = re.compile(r"!\[[^\[\]\n]*\]\([^()\s]*\)")
_SANDBOX_PATH = re.compile(r"/mnt/data/[^\s)\]\"'`]*")


def merge(turns: Sequence[Turn]) -> str:
    """All turns in one text, system texts first. A single turn of the user goes as it is, without marks."""
    if len(turns) == 1 and turns[0].role == "user":
        return _unmarked(turns[0].text)
    ordered = sorted(turns, key=lambda turn: turn.role != "system")
    return "".join(f"{_MARKS[turn.role]}\n{_text(turn)}\n" for turn in ordered) + _MARKS["assistant"] + "\n"


def newest(turns: Sequence[Turn]) -> Sequence[Turn]:
    """What a conversation that the service remembers goes on with: what came after its last words, or the last turn."""
    answered = max((place for place, turn in enumerate(turns) if turn.role == "assistant"), default=-1)
    later = [turn for turn in turns[answered + 1 :] if turn.role != "system"] if answered >= 0 else []
    return later or turns[-1:]


def continuation(turns: Iterable[Turn]) -> str:
    """The text that goes on a conversation which the service remembers: the newest turns without marks."""
    return "\n\n".join(_unmarked(turn.text) for turn in turns)


def _text(turn: Turn) -> str:
    text = turn.text
    if turn.role == "assistant":  # The model repeats pictures and paths that it sees in its earlier answers.
        text = _SANDBOX_PATH.sub("", _MARKDOWN_PICTURE.sub("", text))
    return _unmarked(text)


def _unmarked(text: str) -> str:
    return _ANY_MARK.sub("< ", text)
