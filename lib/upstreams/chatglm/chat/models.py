"""What each model name means to the service: the one table that everything else is made from."""

from types import MappingProxyType
from typing import Final, NamedTuple

from lib.types.aliases import SUFFIXES
from lib.types.chat import Effort
from lib.types.upstream import Model as ListedModel

CHATGLM: Final = "65940acff94777010aa6b796"
DRAWING: Final = "65a232c082ff90a2ad2f15e2"
AI_SEARCH: Final = "659e54b1b8006379b4b2abd6"
AI_READING: Final = "658a7988b8a9a98d38725745"
VIDEO_HELPER: Final = "668d03b2e99d661ed3c32516"
"""The service's own agents (protocol, "Agents")."""

TEXT_MODEL: Final = "glm-5.3"
SEEING_MODEL: Final = "glm-5.3-flash"
"""On the service's page the first takes text only, the second sees pictures and files (protocol: [once])."""

DEEP_RESEARCH: Final = "deep_research"
CONTEXT: Final = 128_000
"""Tokens that are told to clients: the longest prompt is not known, and models drift past some 150,000."""


class ThinkingMode(NamedTuple):
    """`chat_mode` and `reasoning_effort`: the page never sends another pair (protocol: modes [sure], last [once])."""

    chat_mode: str = ""
    effort: str = ""


FAST: Final = ThinkingMode("", "low")
DEEP: Final = ThinkingMode("thinking", "high")
UTMOST: Final = ThinkingMode("deep_thinking", "max")
PAIRS: Final[dict[Effort, ThinkingMode]] = {
    "none": FAST,
    "minimal": FAST,
    "low": FAST,
    "medium": DEEP,
    "high": DEEP,
    "xhigh": UTMOST,
    "max": UTMOST,
}

_ID_LENGTH: Final = 24
_ID_LETTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")


class Model(NamedTuple):
    """How the service is to answer."""

    assistant_id: str = CHATGLM
    pair: ThinkingMode = FAST
    selected_model: str = ""
    """Empty leaves it to the service."""
    search: bool = True
    """May the service search the web: it decides whether it does."""
    hide_reasoning: bool = False

    @property
    def draws(self) -> bool:
        return self.assistant_id == DRAWING

    def with_effort(self, effort: Effort | None) -> "Model":
        """The same with the effort that a caller asks for."""
        if effort is None or self.pair.chat_mode == DEEP_RESEARCH:
            return self
        return self._replace(pair=PAIRS[effort])

    def seeing(self) -> "Model":
        """The same, or the one beside it that sees pictures and files."""
        return self._replace(selected_model=SEEING_MODEL) if self.selected_model == TEXT_MODEL else self


TABLE: Final = MappingProxyType(
    {
        "glm-5.3": Model(selected_model=TEXT_MODEL),
        "glm-5.3-flash": Model(selected_model=SEEING_MODEL),
        "glm-4": Model(),
        "glm-4-plus": Model(),
        "glm-4v": Model(),
        "glm-4-zero": Model(pair=DEEP),
        "glm-4-deepresearch": Model(pair=ThinkingMode(DEEP_RESEARCH)),
        "cogview-3": Model(assistant_id=DRAWING, search=False),
        "cogview-3-plus": Model(assistant_id=DRAWING, search=False),
        "cogview-4": Model(assistant_id=DRAWING, search=False),
        "cogvideox": Model(assistant_id=VIDEO_HELPER, search=False),
        "cogvideox-pro": Model(assistant_id=VIDEO_HELPER, search=False),
        "glm-ai-search": Model(assistant_id=AI_SEARCH),
        "glm-ai-reading": Model(assistant_id=AI_READING),
    }
)
"""Every name but the variants that suffixes make."""

_LISTED_VARIANTS: Final = (
    "glm-5.3-think",
    "glm-5.3-flash-think",
    "glm-4-think",
    "glm-4-plus-think",
    "glm-5.3-offline",
    "glm-4-plus-offline",
    "glm-4-zero-silent",
)


def listed() -> list[ListedModel]:
    """The models to show to clients."""
    return [_listed(name) for name in (*TABLE, *_LISTED_VARIANTS)]


def _listed(name: str) -> ListedModel:
    model = find(name)
    if model.assistant_id in (DRAWING, VIDEO_HELPER):
        return ListedModel(name)
    # What takes text alone is answered by its neighbour where there is a picture.
    return ListedModel(name, CONTEXT, sees=True, efforts=("none", "high", "max"), chats=True)


def find(name: str) -> Model:
    """What `name` means. An agent's id is that agent; a name that nobody knows is the plain ChatGLM."""
    base, suffixes = _split(name)
    model = Model(assistant_id=base) if _names_agent(base, name) else TABLE.get(base, Model())
    for suffix in suffixes:
        model = _with_suffix(model, suffix)
    return model


def is_known(name: str) -> bool:
    """Is it a name of the table, with any suffixes, or an agent's id."""
    base, _ = _split(name)
    return base in TABLE or _names_agent(base, name)


def is_id(text: str) -> bool:
    """Can `text` be the id of an agent or of a conversation: 24 or more of 0-9a-z (protocol, "Agents")."""
    return len(text) >= _ID_LENGTH and _ID_LETTERS.issuperset(text)


def _names_agent(base: str, name: str) -> bool:
    """Is it an agent's id, to the letter: one in other letters is no id that the service knows."""
    return is_id(base) and base in name


def _split(name: str) -> tuple[str, list[str]]:
    """A name as clients write it (`openai/GLM-5.3-think `), without provider and suffixes."""
    written = name.strip().rpartition("/")[2]
    suffixes = []
    while written.lower() not in TABLE and (suffix := next(filter(written.lower().endswith, SUFFIXES), None)):
        suffixes.append(suffix)
        written = written[: -len(suffix)]
    return written.lower(), suffixes


def _with_suffix(model: Model, suffix: str) -> Model:
    if suffix == "-think":
        return model._replace(pair=DEEP)
    if suffix == "-offline":
        return model._replace(search=False)
    return model._replace(hide_reasoning=True)
