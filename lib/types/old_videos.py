"""Videos and how they come about: the one vocabulary between wire and upstream."""

from typing import Literal, NamedTuple

from lib.types.old_chat import Attachment
from lib.types.old_images import DrawnPicture


class VideoOrder(NamedTuple):
    """What a caller wants to see. Style, atmosphere and motion are the upstream's own words, or empty."""

    prompt: str
    first_frame: Attachment | DrawnPicture | None = None
    """A picture to begin with: the caller's, or one drawn for it."""
    style: str = ""
    atmosphere: str = ""
    motion: str = ""
    conversation_id: str = ""
    """The conversation to go on in; empty for a new one."""


class VideoJob(NamedTuple):
    """An order that the upstream has taken."""

    id: str
    conversation_id: str


class Video(NamedTuple):
    """A finished video."""

    url: str
    cover_url: str = ""
    duration: str = ""
    """In the upstream's words: `6s`."""
    resolution: str = ""
    """In the upstream's words: `1440 × 960`."""


class VideoState(NamedTuple):
    """How far a job is."""

    status: Literal["working", "done", "failed"]
    progress: int | None = None
    """Per cent; None where the upstream does not say."""
    video: Video | None = None
    """There when the job is done. May be there when it has failed, if only the sound track could not be added."""
    reason: str = ""
    """Why it has failed."""
