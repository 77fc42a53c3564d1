"""`POST /embeddings`."""

import hashlib
import math
from typing import Any

from starlette.responses import JSONResponse

from tests.upstream.call import Call, Reply

from . import checks, models
from .errors import Refusal, bad

MAX_INPUTS = 64
DEFAULT_DIMENSIONS = 2048
FIXED_DIMENSIONS = 1024


async def embed(call: Call) -> Reply:
    """Answer with vectors of length 1 that depend on the texts alone."""
    body = call.json
    checks.known(
        body,
        {
            "model": checks.text,
            "input": lambda value: checks.text(value) or (checks.filled(value) and all(map(checks.text, value))),
            "dimensions": checks.between(256, 2048, whole=True),
            **checks.IDS,
        },
        {"dimensions", *checks.IDS},
    )
    name = body["model"]
    if name not in models.EMBEDDINGS:
        raise Refusal(1211)
    dimensions = body.get("dimensions") or (DEFAULT_DIMENSIONS if name == "embedding-3" else FIXED_DIMENSIONS)
    if name != "embedding-3" and dimensions != FIXED_DIMENSIONS:
        raise bad("embedding-2 has 1024 dimensions", 1214)
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if len(texts) > MAX_INPUTS:
        raise bad("more than 64 inputs", 1214)
    data: list[dict[str, Any]] = [
        {"object": "embedding", "index": number, "embedding": vector(text, dimensions)}
        for number, text in enumerate(texts)
    ]
    tokens = sum(map(len, texts))
    usage = {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}
    return JSONResponse({"model": name, "object": "list", "data": data, "usage": usage})


def vector(text: str, dimensions: int) -> list[float]:
    """Return the vector of `text`."""
    seed = hashlib.sha256(text.encode()).digest()
    raw = [seed[place % len(seed)] - 127.5 + place % 7 for place in range(dimensions)]
    length = math.sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]
