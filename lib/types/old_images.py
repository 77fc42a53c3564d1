"""Pictures that were drawn: the one vocabulary from upstream to wire."""

from typing import NamedTuple


class DrawnPicture(NamedTuple):
    """One of a set of pictures that answer a question."""

    url: str
    """Where anybody can fetch it."""
    prompt: str = ""
    """The upstream's own wording of what it drew; empty where it does not say."""
