"""Files that a request holds itself, as clients write them."""

from typing import Final

SHORTEST_FILE: Final = 64
"""Letters of a file in base64: what is shorter is a URL that somebody has mistyped."""


def as_data_url(data: str) -> str:
    """What a request itself holds, as a data URL."""
    return data if data.lstrip()[:5].lower() == "data:" else f"data:;base64,{data}"


def as_url(data: str) -> str:
    """Where a file is: base64 alone becomes a data URL."""
    is_url = len(data) < SHORTEST_FILE or "://" in data[:4096] or data.lstrip()[:5].lower() == "data:"
    return data if is_url else f"data:;base64,{data}"
