"""A stand-in for chatglm.cn, as strict as what is known of it."""

from . import media
from .accounts import Account
from .answer import (
    Answer,
    Code,
    MarkdownPictures,
    Output,
    Pictures,
    Quote,
    Search,
    Source,
    Text,
    Think,
    Unknown,
    fragments,
    growing,
)
from .ending import EMPTY, HTML, UNAVAILABLE, Cut, Error, Finish, Instead, Intervene
from .failures import LIMITED_MESSAGE, Failure
from .gate import Gate
from .record import File, Recorded
from .site import Page
from .stand_in import StandIn
from .videos import Job, Video

__all__ = [
    "EMPTY",
    "HTML",
    "LIMITED_MESSAGE",
    "UNAVAILABLE",
    "Account",
    "Answer",
    "Code",
    "Cut",
    "Error",
    "Failure",
    "File",
    "Finish",
    "Gate",
    "Instead",
    "Intervene",
    "Job",
    "MarkdownPictures",
    "Output",
    "Page",
    "Pictures",
    "Quote",
    "Recorded",
    "Search",
    "Source",
    "StandIn",
    "Text",
    "Think",
    "Unknown",
    "Video",
    "fragments",
    "growing",
    "media",
]
