"""Text that repeats itself without end: the model has lost its way, and is stopped."""

from typing import Final

REPEATED: Final = 6000
"""Letters at the end of an answer that are one piece over and over: more than a file of zeros that is meant."""
MIN_REPEATS: Final = 8
"""How often that piece must stand there: a table or a list has rows that resemble one another."""
_PROBE: Final = 40


def repeats_itself(text: str) -> bool:
    """Is the end of `text` one piece over and over. Cheap enough to ask every thousand letters."""
    tail = text[-REPEATED:]
    if len(tail) < REPEATED:
        return False
    before = tail.rfind(tail[-_PROBE:], 0, -1)
    period = len(tail) - _PROBE - before
    if before < 0 or period * MIN_REPEATS > len(tail):
        return False
    return tail[period:] == tail[:-period]
