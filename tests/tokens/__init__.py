"""Texts of six kinds, and how many tokens real tokenizers make of them."""

import re
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent
TOKENIZERS: Final = {
    "english": "cl100k_base",
    "code": "cl100k_base",
    "json": "cl100k_base",
    "chinese": "qwen3",
    "mixed": "qwen3",
    "scripts": "qwen3",
}
"""What each kind is measured against: its file here is named after it."""


class Sample(NamedTuple):
    """A text, and how many tokens it has."""

    kind: str
    text: str
    tokens: int


def samples() -> list[Sample]:
    """All texts, in the order of the files: each begins after a line `===== <tokens>`."""
    found = []
    for kind in TOKENIZERS:
        parts = re.split(r"(?m)^===== (\d+)\n", (FOLDER / f"{kind}.txt").read_text())
        found += [Sample(kind, text, int(count)) for count, text in zip(parts[1::2], parts[2::2], strict=True)]
    return found
