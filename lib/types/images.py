"""Pictures that are asked for and drawn: the one vocabulary between wire and upstream."""

from typing import NamedTuple


class ImageRequest(NamedTuple):
    """What a caller wants to see. Style and scene are the upstream's own words, or empty."""

    prompt: str
    model: str = ""
    """The name that the caller asked for; the upstream knows what it means."""
    size: tuple[int, int] | None = None
    """Width and height in pixels, or a ratio; None leaves it to the upstream."""
    quality: str = ""
    style: str = ""
    scene: str = ""
    n: int | None = None
    """How many pictures are wanted; None: as many as one drawing gives. An upstream may give more."""


class DrawnImage(NamedTuple):
    """One of a set of pictures that answer a request."""

    url: str
    """Where anybody can fetch it."""
    prompt: str = ""
    """The upstream's own wording of what it drew; empty where it does not say."""
