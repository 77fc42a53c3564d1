"""What the stand-in answers when no test has said what: enough to show every kind of answer."""

import re
from typing import Any

from .answer import Answer
from .parts import Part, Text, Think
from .pictures import Pictures
from .search import Search, Source

DRAWING_ASSISTANT = "65a232c082ff90a2ad2f15e2"
REASONING_MODES = {"zero", "thinking", "deep_thinking"}


def answer(body: dict[str, Any], delay: float) -> Answer:
    """Answer a chat call's `body`; `delay` in seconds between events."""
    prompt = last_words(_text(body))
    if body["assistant_id"] == DRAWING_ASSISTANT:
        return Answer(Pictures(prompt=f"{prompt}, painted by the stand-in"), delay=delay, opening=True)
    parts: list[Part] = []
    meta_data = body["meta_data"]
    if meta_data["chat_mode"] in REASONING_MODES:
        parts.append(Think(*_words("The stand-in thinks: the question is short, so the answer may be short too.")))
    if meta_data["is_networking"] and "search" in prompt:
        parts.append(
            Search(
                prompt,
                Source("The first page", "https://example.com/first", "What the first page says."),
                Source("The second page", "https://example.com/second", "What the second page says."),
            )
        )
    parts.append(Text(*_words(f"This is the stand-in for chatglm.cn, not a model. You said: {prompt}")))
    return Answer(*parts, delay=delay, opening=True)


def last_words(text: str) -> str:
    """Return the newest turn of a message that holds several turns under role marks."""
    newest = text.rpartition("<|user|>")[2]
    own = re.sub(
        r"<(system-reminder|environment_context)>.*?</\1>", "", newest.partition("<|assistant|>")[0], flags=re.DOTALL
    )
    return own.strip()


def _text(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _words(text: str) -> list[str]:
    head, *tail = text.split(" ")
    return [head, *(" " + word for word in tail)]
