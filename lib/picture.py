"""Pictures that were drawn: the one vocabulary from upstream to wire."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One of a set of pictures that answer a question."""

    url: str
    """Where anybody can fetch it."""
    prompt: str = ""
    """The upstream's own wording of what it drew; empty where it does not say."""
