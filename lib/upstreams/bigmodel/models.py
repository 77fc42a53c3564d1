"""What each model name means to the platform: the tables that everything else is made from."""

import re
from typing import Final, NamedTuple

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, Effort

DEFAULT: Final = "glm-5.3"
"""The model where the caller names none."""

TEXT: Final = (
    "glm-5.3",
    "glm-5.2",
    "glm-5.1",
    "glm-5-turbo",
    "glm-5",
    "glm-4.7",
    "glm-4.7-flash",
    "glm-4.7-flashx",
    "glm-4.6",
    "glm-4.5-air",
    "glm-4.5-airx",
    "glm-4.5-flash",
)
"""Models that take text alone (open platform, "Models": [documented])."""
VISION: Final = ("glm-5.3-flash", "glm-5v-turbo", "glm-4.6v", "glm-4.6v-flash", "glm-4.6v-flashx", "glm-4.5v")
"""Models that see pictures."""
IMAGES: Final = ("glm-image", "cogview-4", "cogview-4-250304", "cogview-3-flash")
VIDEOS: Final = ("cogvideox-3", "cogvideox-flash", "viduq1-text", "viduq1-image", "vidu2-image")
EMBEDDINGS: Final = ("embedding-3", "embedding-2")
TOKENIZER: Final = ("glm-4.6", "glm-4.6v", "glm-4.5", "glm-4.5-air")
"""Those that `/tokenizer` is documented for; the vocabulary of the others is the same or close to it."""

NAMES: Final = (*TEXT, *VISION, *IMAGES, *VIDEOS, *EMBEDDINGS)
"""The names to show to clients."""

_WEB_ONLY: Final = frozenset({"glm-4-zero", "glm-4-deepresearch", "glm-ai-search", "glm-ai-reading"})
"""Names that the web service alone has an answer for."""
_WEB_ONLY_KINDS: Final = ("cogview", "cogvideox", "glm-image")
"""The web service draws and films in a chat; the platform has endpoints of their own for that."""

_SUFFIXES: Final = ("-think", "-offline", "-silent")
"""Endings that the web service's names may have, in any order; they mean the same here."""
_ID: Final = re.compile(r"[0-9a-z]{24,}")
"""An agent or a conversation of the web service's."""
_VERSION: Final = re.compile(r"glm-(\d+(?:\.\d+)?)(?![\d.])")

THINKING_SINCE: Final = 4.5
TOOL_STREAM_SINCE: Final = 4.6
EFFORT_SINCE: Final = 5.2
"""The versions from which on a model takes `thinking`, `tool_stream` and `reasoning_effort` [documented]."""


class Model(NamedTuple):
    """A model as a request means it."""

    name: str
    effort: Effort | None = None
    search: bool | None = None
    silent: bool = False
    """Leave the reasoning out of the answer."""

    @property
    def sees(self) -> bool:
        """May it take pictures: those that nobody knows may."""
        return self.name not in TEXT

    def since(self, version: float, *, unknown: bool = False) -> bool:
        """Is it of this version or a later one; `unknown` where its name tells no version."""
        found = _VERSION.match(self.name)
        return float(found[1]) >= version if found else unknown


def find(request: ChatRequest) -> Model:
    """The model that answers, and what the request and its name say of how."""
    name, suffixes = _split(request.model)
    return Model(
        name or DEFAULT,
        effort=request.effort or ("high" if "-think" in suffixes else None),
        search=False if "-offline" in suffixes else request.search,
        silent="-silent" in suffixes,
    )


def refusal(request: ChatRequest) -> BadRequest | None:
    """Why the platform cannot answer a request at all; None where it can."""
    name, _ = _split(request.model)
    if request.conversation_id:
        return BadRequest(
            "The open platform keeps no conversations: send all messages, without a conversation's id.",
            param="conversation_id",
        )
    if _ID.fullmatch(name):
        return BadRequest(
            "Agents are known to the ChatGLM web service alone, which takes a ChatGLM token: with an API key, name a "
            f"model such as {DEFAULT}.",
            param="model",
        )
    if name in _WEB_ONLY or name.startswith(_WEB_ONLY_KINDS):
        return BadRequest(
            f"Use {DEFAULT} with an API key: the open platform does not chat as {name}, which takes a ChatGLM token.",
            param="model",
        )
    return None


def is_known(name: str) -> bool:
    """Is it one of the names that are shown, with any suffixes."""
    return _split(name)[0] in NAMES


def plain(name: str) -> str:
    """A name as the platform spells it: without what clients put before it, and known ones in lower case."""
    name = name.strip().rpartition("/")[2]
    lowered = name.lower()
    is_ours = lowered in NAMES or lowered.startswith(("glm-", "cogview", "cogvideox", "vidu", "embedding-"))
    return lowered if is_ours else name


def _split(name: str) -> tuple[str, frozenset[str]]:
    """A name without the web service's endings, and those."""
    name = plain(name)
    found = set()
    while name.startswith("glm-") and (suffix := next(filter(name.endswith, _SUFFIXES), None)):
        found.add(suffix)
        name = name.removesuffix(suffix)
    return name, frozenset(found)
