"""Videos and how they come about: the one vocabulary between wire and upstream."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from lib.types.chat import FilePart
from lib.types.images import DrawnImage


class VideoRequest(NamedTuple):
    """What a caller wants to see. Style, atmosphere, motion and sound are the upstream's own words, or empty."""

    prompt: str
    model: str = ""
    frames: tuple[FilePart | DrawnImage, ...] = ()
    """Pictures to begin (and, the second, to end) with: the caller's, or one drawn for it."""
    style: str = ""
    atmosphere: str = ""
    motion: str = ""
    sound: str = ""
    """A sound track to add when the video is done."""
    conversation_id: str = ""
    """The conversation to go on in; empty for a new one."""
    size: tuple[int, int] | None = None
    """Width and height in pixels, or a ratio."""
    duration: int | None = None
    """Seconds."""
    fps: int | None = None
    with_audio: bool | None = None
    """Sound that the upstream makes itself."""
    quality: Literal["speed", "quality"] | None = None
    vendor: Mapping[str, str] = MappingProxyType({})
    """Fields of Vidu's models, in their own words."""


class VideoJob(NamedTuple):
    """An order that the upstream has taken."""

    id: str
    conversation_id: str = ""


class Video(NamedTuple):
    url: str
    cover_url: str = ""
    duration: str = ""
    """In the upstream's words: `6s`."""
    resolution: str = ""
    """In the upstream's words: `1440 × 960`."""


class VideoState(NamedTuple):
    status: Literal["working", "done", "failed"]
    progress: int | None = None
    """Per cent; None where the upstream does not say."""
    video: Video | None = None
    """There when the job is done. May be there when it has failed, if only the sound track could not be added."""
    reason: str = ""
    """Why it has failed."""
