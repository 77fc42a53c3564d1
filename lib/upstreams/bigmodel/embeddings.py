"""Embeddings: `POST /embeddings`."""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeGuard

from lib.errors import BadRequest, UpstreamFailed
from lib.invocation import context
from lib.invocation.retry import retry
from lib.invocation.within_deadline import within_deadline
from lib.types.upstream import Embeddings
from lib.upstreams.bigmodel import models, service

_EMBED: Final = "/embeddings"

DEFAULT: Final = "embedding-3"
"""The model where the caller names none, or one of OpenAI's, as most clients do by default."""
MAX_INPUTS: Final = 64
"""Texts of one call; more are sent in several."""
DIMENSIONS: Final = {"embedding-3": (256, 512, 1024, 2048), "embedding-2": (1024,)}
"""What a vector may have [documented]; the largest where nobody says. embedding-2 has no choice."""
LONGEST: Final = 1e38
"""The length of a vector whose numbers surely are 32-bit floats; the platform's have length 1."""


async def embed(inputs: Sequence[str], model: str, dimensions: int | None, key: str) -> Embeddings:
    """The vectors of `inputs`, in their order."""
    name = _model(model)
    known = DIMENSIONS.get(name, ())
    if dimensions is not None and known and dimensions not in known:
        raise BadRequest(f"The dimensions of {name} may be {', '.join(map(str, known))}.", param="dimensions")
    context.current().answered_by = name
    platform = service.of_key(key)
    body: dict[str, Any] = {"model": name}
    if dimensions is not None and len(known) != 1:
        body["dimensions"] = dimensions
    vectors: list[list[float]] = []
    tokens = 0
    async with within_deadline():
        for start in range(0, len(inputs), MAX_INPUTS):
            texts = list(inputs[start : start + MAX_INPUTS])
            told = await _call(platform, key, {**body, "input": texts})
            vectors += _vectors(told, len(texts))
            usage = told.get("usage")
            tokens += int(usage.get("prompt_tokens") or 0) if isinstance(usage, dict) else 0
    return Embeddings(vectors, tokens)


async def _call(platform: service.Service, key: str, body: dict[str, Any]) -> dict[str, Any]:
    return await retry(lambda: platform.call("POST", _EMBED, key, body=body))


def _model(name: str) -> str:
    name = models.plain(name)
    return DEFAULT if not name or name.startswith("text-embedding-") else name


def _vectors(told: dict[str, Any], count: int) -> list[list[float]]:
    data = told.get("data")
    found: dict[int, list[float]] = {}
    for place, one in enumerate(data if isinstance(data, list) else ()):
        vector = one.get("embedding") if isinstance(one, dict) else None
        index = one.get("index") if isinstance(one, dict) else None
        if _is_vector(vector):
            found[index if isinstance(index, int) else place] = vector
    if sorted(found) != list(range(count)):
        raise UpstreamFailed("The open platform did not embed every text.")
    return [found[place] for place in range(count)]


def _is_vector(told: Any) -> TypeGuard[list[float]]:
    """Is it a list of numbers, all of them finite."""
    try:
        return isinstance(told, list) and bool(told) and math.hypot(*told) <= LONGEST
    except (TypeError, OverflowError):
        return False
