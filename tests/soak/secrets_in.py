"""What must not stand in a log: tokens, keys, prompts."""

import re
from typing import Final

from .text import SECRET_WORD

_SECRETS: Final = re.compile(
    rf"{SECRET_WORD}\d|eyJ[\w-]{{8,}}\.|\b[0-9a-f]{{32}}\.[A-Za-z0-9]{{16}}\b|\b[0-9a-f]{{64}}\b"
)
"""A prompt; a token, which is a JWT, or 64 hexadecimal digits where it is opaque; an API key of the platform."""


def secret_in(line: str) -> str:
    """What of a line is a secret; empty where nothing is."""
    found = _SECRETS.search(line)
    return found[0][:12] if found else ""
