"""Other models' names, and the names that they mean here: clients that only know `claude-…` are answered by GLM."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

type Aliases = Sequence[tuple[str, str]]
"""Patterns in small letters, in which `*` stands for anything, and the names that they mean. The first that fits
counts."""

DEFAULTS: Final[Aliases] = (
    ("claude-opus*", "glm-5.3"),
    ("claude-sonnet*", "glm-5.3"),
    ("claude-haiku*", "glm-5.3-flash"),
    ("claude-*haiku*", "glm-5.3-flash"),  # As in claude-3-5-haiku-20241022.
    ("claude*", "glm-5.3"),
    ("gemini-embedding*", "embedding-3"),
    ("gemini-*flash*", "glm-5.3-flash"),
    ("gemini*", "glm-5.3"),
    ("opus*", "glm-5.3"),
    ("sonnet*", "glm-5.3"),
    ("haiku*", "glm-5.3-flash"),
    ("gpt-5*", "glm-5.3"),  # Codex asks for its own newest names where nobody sets another.
    ("gpt-6*", "glm-5.3"),
)
"""What holds where the deployer says nothing else."""

SUFFIXES: Final = ("-think", "-offline", "-silent")
"""Endings that any name may have, in any order: with reasoning, without the web, without showing the reasoning."""


_MARKS: Final = re.compile(
    r"""^(?:[a-z]{2,6}\.)?anthropic\.  # Bedrock's region and maker
    | \[\d+[km]\]$  # Claude Code's mark of a long context, which it strips itself
    | @[\w.-]+$  # a provider, as routers write it
    | :(?:latest|free|beta|thinking|online|exacto|nitro|floor)$  # a variant, as Ollama and OpenRouter write it
    | -v\d+(?::\d+)?$  # Bedrock's version
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What routers and clients write around a name that is no part of it."""


def resolve(name: str, own: Aliases = ()) -> str:
    """The name that `name` means; itself where it is no alias. `own`: the deployer's aliases.

    A provider before the name (`anthropic/claude-…`) and marks around it are no part of it, and suffixes are kept.
    """
    name = _plain(name)
    base = asked = name.strip().lower().rpartition("/")[2]
    while suffix := next(filter(base.endswith, SUFFIXES), None):
        base = base.removesuffix(suffix)
    means = _find(base, (*own, *DEFAULTS))
    if means is not None:
        return means + asked.removeprefix(base)
    return _find(asked, own) or name


def _plain(name: str) -> str:
    plain = name.strip()
    while (shorter := _MARKS.sub("", plain)) != plain and shorter:
        plain = shorter
    if plain.lower().endswith("-thinking"):
        plain = plain[: -len("ing")]
    return plain


def names(aliases: Aliases) -> list[str]:
    """A name for each alias, to show to clients: the pattern without its `*`."""
    shown = (re.sub(r"[*-]*\*[*-]*", "-", pattern).strip("-") for pattern, _ in aliases)
    return list(dict.fromkeys(filter(None, shown)))


def _find(name: str, aliases: Iterable[tuple[str, str]]) -> str | None:
    for pattern, means in aliases:
        if re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name):
            return means
    return None
