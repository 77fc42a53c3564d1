"""`POST /v1/embeddings`: what clients send and get."""

import struct
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types.upstream import Embeddings
from lib.wires.shared.encoding import encode
from lib.wires.shared.request import Model, ModelName

MODEL: Final = "embedding-3"
"""The model of a request that names none."""
MAX_INPUTS: Final = 1024
"""Texts of a request: the libraries that send most at once send 1000. Their vectors take 70 MB here."""


def _texts(value: Any) -> Any:
    """One text or several, as a list. Raises `BadRequest` for tokens, which some libraries send in place of texts."""
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and any(isinstance(item, int | list) for item in items):
        raise BadRequest(
            "Send texts: tokens are not taken, since their numbers mean other words here. "
            "With LangChain, set check_embedding_ctx_length=False.",
            param="input",
        )
    return items


class EmbeddingRequest(Model):
    """The body. Other fields of OpenAI's, such as `user`, have no effect."""

    input: Annotated[
        list[str],
        Field(min_length=1, max_length=MAX_INPUTS),
        BeforeValidator(_texts, json_schema_input_type=str | list[str]),
    ]
    model: ModelName | None = None
    """One of OpenAI's names (`text-embedding-…`) means `embedding-3`."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """Numbers of each vector: 256 to 2048."""
    encoding_format: Literal["float", "base64"] | None = None
    """`base64`: the numbers as 32-bit floats, little-endian, which is a quarter of the bytes."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for texts in which nothing is said."""
        if not all(text.strip() for text in self.input):
            raise BadRequest("A text of input is empty.", param="input")
        return self


def whole(request: EmbeddingRequest, found: Embeddings) -> bytes:
    """The body of the answer: a vector for each text, in their order."""
    packed = request.encoding_format == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(found.vectors)
    ]
    usage = {"prompt_tokens": found.prompt_tokens, "total_tokens": found.prompt_tokens}
    return encode({"object": "list", "data": data, "model": request.model or MODEL, "usage": usage})


def _packed(vector: Sequence[float]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
