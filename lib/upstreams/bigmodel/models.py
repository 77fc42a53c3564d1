"""The platform's models: one table, from which names, limits, efforts and sight are read.

Contexts are documented; caps were measured (open platform, "Models").
"""

import re
from typing import Final, Literal, NamedTuple

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, Effort
from lib.types.upstream import Model

DEFAULT: Final = "glm-5.3"
"""The model where the caller names none."""
SEEING: Final = "glm-5.3-flash"
"""The model that answers in the place of one that takes text alone, where the request holds a picture."""

type Thinking = Literal["always", "by effort", "switch", "none"]
"""How a model may be told to think:

- `always`: it cannot be told not to; it takes the efforts low, high and max alone, and max where none is sent.
- `by effort`: it can be told not to; it takes high and max.
- `switch`: on or off.
- `none`: no field of it is sent.
"""

_K: Final = 1000
_M: Final = 1_000_000
_PICTURES: Final = frozenset({"picture"})
_FILMS: Final = frozenset({"picture", "video"})
_ALL: Final = frozenset({"picture", "video", "file"})


class Row(NamedTuple):
    name: str
    context: int
    """Tokens of the prompt and the answer together."""
    cap: int | None = None
    """The largest `max_tokens` that is taken; above it a request is refused. None: not known."""
    inputs: frozenset[str] = frozenset()
    """What it takes beside text."""
    thinking: Thinking = "switch"
    since: str = ""
    """The day from which on it is documented, where that is known."""

    @property
    def tool_stream(self) -> bool:
        """Can a call's arguments come in pieces: documented since 4.6, ignored before; not for models that see."""
        return not self.inputs or self.thinking == "always"

    @property
    def writes_marks(self) -> bool:
        """Do marks of its own stand in its texts: a box around the answer, or its reasoning [measured]."""
        return self.name.startswith(("glm-4.1v", "glm-4.5v", "glm-4.6v"))

    @property
    def efforts(self) -> tuple[Effort, ...]:
        """The efforts that make a difference."""
        return _EFFORTS[self.thinking]


_EFFORTS: Final[dict[Thinking, tuple[Effort, ...]]] = {
    "always": ("low", "high", "max"),
    "by effort": ("none", "high", "max"),
    "switch": ("none", "high"),
    "none": (),
}

CHAT: Final = (
    Row("glm-5.3", _M, 131072, thinking="always", since="2026-08-14"),
    Row("glm-5.3-flash", _M, 131072, _FILMS, "always", "2026-08-26"),
    Row("glm-5.3-flashx", _M, 131072, _FILMS, "always"),
    Row("glm-5.4", _M, 131072, _ALL, "always", "2026-11-24"),  # Coding plan alone; its thinking is a guess.
    Row("glm-5.2", _M, 131072, thinking="by effort"),
    Row("glm-5.1", 200 * _K, 131072),
    Row("glm-5-turbo", 200 * _K, 131072),
    Row("glm-5", 200 * _K, 131072),
    Row("glm-5v-turbo", 200 * _K, 131072, _ALL),
    Row("glm-4.7", 200 * _K, 131072),
    Row("glm-4.7-flash", 200 * _K, 131072),
    Row("glm-4.7-flashx", 200 * _K, 131072),
    Row("glm-4.6", 200 * _K, 131072),
    Row("glm-4.6v", 128 * _K, 32768, _ALL),
    Row("glm-4.6v-flash", 128 * _K, 32768, _ALL),
    Row("glm-4.6v-flashx", 128 * _K, 32768, _ALL),
    Row("glm-4.5", 128 * _K, 131072),
    Row("glm-4.5-air", 128 * _K, 98304),
    Row("glm-4.5-airx", 128 * _K, 98304),
    Row("glm-4.5-flash", 128 * _K, 98304),
    Row("glm-4.5v", 64 * _K, 16384, _FILMS),
    Row("glm-4.1v-thinking-flash", 64 * _K, 16384, _FILMS, "none"),  # Thinks always, in its text.
    Row("glm-4.1v-thinking-flashx", 64 * _K, 16384, _FILMS, "none"),
    Row("glm-4-flash-250414", 128 * _K, 16384, thinking="none"),
    Row("glm-4-flashx-250414", 128 * _K, 16384, thinking="none"),
    Row("glm-4-long", _M, 4096, thinking="none"),
    Row("glm-4v-flash", 16 * _K, 1024, _PICTURES, "none"),
    Row("autoglm-phone", 20 * _K, 2048, _PICTURES, "none"),
)
IMAGES: Final = ("glm-image", "cogview-4", "cogview-4-250304", "cogview-3-flash")
VIDEOS: Final = (
    "cogvideox-3",
    "cogvideox-flash",
    "viduq1-text",
    "viduq1-image",
    "viduq1-start-end",
    "vidu2-image",
    "vidu2-start-end",
    "vidu2-reference",
)
EMBEDDINGS: Final = ("embedding-3", "embedding-2")
TOKENIZER: Final = ("glm-4.6", "glm-4.6v", "glm-4.5", "glm-4.5-air")
"""Those that `/tokenizer` is documented for; the vocabulary of the others is the same or close to it."""

_ROWS: Final = {row.name: row for row in CHAT}
NAMES: Final = frozenset({*_ROWS, *IMAGES, *VIDEOS, *EMBEDDINGS})

_WEB_ONLY: Final = frozenset({"glm-4-zero", "glm-4-deepresearch", "glm-ai-search", "glm-ai-reading"})
"""Names that the web service alone has an answer for."""
_WEB_ONLY_KINDS: Final = ("cogview", "cogvideox", "glm-image")
"""The web service draws and films in a chat; the platform has endpoints of their own for that."""
_SUFFIXES: Final = ("-think", "-offline", "-silent")
"""Endings that the web service's names may have, in any order; they mean the same here."""
_ID: Final = re.compile(r"[0-9a-z]{24,}")
"""An agent or a conversation of the web service's."""
_VERSION: Final = re.compile(r"glm-(\d+(?:\.\d+)?)(v?)(?![\d.])")
_LATEST: Final = 5.4
"""The newest version of the table: a later one is taken to be like 5.3 [guess]."""


class Wanted(NamedTuple):
    """A model as a request means it."""

    row: Row
    effort: Effort | None = None
    search: bool | None = None
    silent: bool = False
    """Leave the reasoning out of the answer."""

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def sees(self) -> bool:
        return "picture" in self.row.inputs

    def thinking(self) -> dict[str, object]:
        """The fields that say how to think: what any wish becomes for this very model, so that none is refused."""
        off = self.effort in ("none", "minimal")
        match self.row.thinking:
            case "none":
                return {}
            case "switch":
                if self.effort is None:
                    return {}
                return {"thinking": {"type": "disabled" if off else "enabled"}}
            case "by effort" if off:
                return {"thinking": {"type": "disabled"}}
            case kind:
                lowest = "low" if kind == "always" else "high"
                # Nothing asked: without a word it would think at max, which is the dearest and slowest.
                sent = lowest if off or self.effort == "low" else "max" if self.effort in ("xhigh", "max") else "high"
                return {"thinking": {"type": "enabled"}, "reasoning_effort": sent}


def find(request: ChatRequest) -> Wanted:
    """The model that answers, and what the request and its name say of how."""
    name, suffixes = _split(request.model)
    return Wanted(
        row_of(name or DEFAULT),
        effort=request.effort or ("high" if "-think" in suffixes else None),
        search=False if "-offline" in suffixes else request.search,
        silent="-silent" in suffixes,
    )


def row_of(name: str) -> Row:
    """The table's row for a name. A dated name is like the one before it, a later version like 5.3 [guess].

    Of any other name nothing is known: it passes, without a field of thinking.
    """
    if row := _ROWS.get(name):
        return row
    if known := max((one for one in _ROWS if re.match(rf"{re.escape(one)}-\d", name)), key=len, default=""):
        return _ROWS[known]._replace(name=name)
    version = _VERSION.match(name)
    inputs = _FILMS if version and version[2] else frozenset[str]()
    if version and float(version[1]) > _LATEST:
        return _ROWS[DEFAULT]._replace(name=name, inputs=inputs, since="")
    return Row(name, 128 * _K, inputs=inputs, thinking="none")


def listed() -> list[Model]:
    """The models to show to clients."""
    chat = [
        Model(row.name, row.context, row.cap, sees="picture" in row.inputs, efforts=row.efforts, chats=True)
        for row in CHAT
    ]
    return [*chat, *map(Model, (*IMAGES, *VIDEOS, *EMBEDDINGS))]


def why_not(request: ChatRequest) -> BadRequest | None:
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
