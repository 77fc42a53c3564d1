"""What each model name means to the service: the one table that everything else is made from."""

from types import MappingProxyType
from typing import Final, NamedTuple

CHATGLM: Final = "65940acff94777010aa6b796"
DRAWING: Final = "65a232c082ff90a2ad2f15e2"
AI_SEARCH: Final = "659e54b1b8006379b4b2abd6"
AI_READING: Final = "658a7988b8a9a98d38725745"
VIDEO_HELPER: Final = "668d03b2e99d661ed3c32516"
"""The service's own agents (protocol, "Agents")."""

THINKING: Final = "thinking"
"""`chat_mode` of an answer with reasoning [once]; until 2025 it was `zero` [old]."""
DEEP_RESEARCH: Final = "deep_research"

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "high", "high": "high", "xhigh": "max", "max": "max"}
"""OpenAI's efforts in the service's words: low, high, max [once]."""

_ID_LENGTH: Final = 24
_ID_LETTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")


class Model(NamedTuple):
    """How the service is to answer."""

    assistant_id: str = CHATGLM
    chat_mode: str = ""
    effort: str = ""
    """`reasoning_effort`; empty leaves it to the service."""
    selected_model: str = ""
    """Empty leaves it to the service."""
    search: bool = True
    """May the service search the web: it decides whether it does."""
    silent: bool = False
    """Leave the reasoning out of the answer."""

    @property
    def draws(self) -> bool:
        """Does it answer with pictures."""
        return self.assistant_id == DRAWING

    def with_effort(self, effort: str | None) -> "Model":
        """The same with the effort that a caller asks for, in OpenAI's words. `none` turns the reasoning off."""
        if effort is None or self.chat_mode == DEEP_RESEARCH:
            return self
        if effort == "none":
            return self._replace(chat_mode="", effort="")
        return self._replace(chat_mode=THINKING, effort=_EFFORTS.get(effort, "high"))


_THINKING_MODEL = Model(chat_mode=THINKING, effort="high")

TABLE: Final = MappingProxyType(
    {
        "glm-5.3": Model(selected_model="glm-5.3"),
        "glm-5.3-flash": Model(selected_model="glm-5.3-flash"),
        "glm-4": Model(),
        "glm-4-plus": Model(),
        "glm-4v": Model(),
        "glm-4-zero": _THINKING_MODEL,
        "glm-4-deepresearch": Model(chat_mode=DEEP_RESEARCH),
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

SUFFIXES: Final = ("-think", "-offline", "-silent")
"""Endings that any name may have, in any order: with reasoning, without the web, without showing the reasoning."""

_LISTED_VARIANTS: Final = (
    "glm-5.3-think",
    "glm-5.3-flash-think",
    "glm-4-think",
    "glm-4-plus-think",
    "glm-5.3-offline",
    "glm-4-plus-offline",
    "glm-4-zero-silent",
)


def names() -> tuple[str, ...]:
    """The names to show to clients."""
    return (*TABLE, *_LISTED_VARIANTS)


def find(name: str) -> Model:
    """What `name` means. An agent's id is that agent; a name that nobody knows is the plain ChatGLM."""
    suffixes = []
    while name not in TABLE and (suffix := next(filter(name.endswith, SUFFIXES), None)):
        suffixes.append(suffix)
        name = name.removesuffix(suffix)
    model = Model(assistant_id=name) if is_id(name) else TABLE.get(name, Model())
    for suffix in suffixes:
        model = _with_suffix(model, suffix)
    return model


def is_id(text: str) -> bool:
    """Can `text` be the id of an agent or of a conversation: 24 or more of 0-9a-z (protocol, "Agents")."""
    return len(text) >= _ID_LENGTH and _ID_LETTERS.issuperset(text)


def _with_suffix(model: Model, suffix: str) -> Model:
    if suffix == "-think":
        return model._replace(chat_mode=THINKING, effort=model.effort or "high")
    if suffix == "-offline":
        return model._replace(search=False)
    return model._replace(silent=True)
