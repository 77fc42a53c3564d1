"""`:embedContent`, `:batchEmbedContents`: what clients send and get."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types.upstream import Embeddings
from lib.wires.gemini.content import Content, GoogleModel, as_content
from lib.wires.openai.embeddings import MAX_INPUTS


class EmbedRequest(GoogleModel):
    """One text. `taskType` and `title` have no effect."""

    content: Annotated[Content, BeforeValidator(as_content)] = Field(default_factory=Content)
    output_dimensionality: Annotated[int, Field(ge=1)] | None = None

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content.parts if part.text)


class BatchEmbedRequest(GoogleModel):
    """Several texts, which get vectors of one length."""

    requests: Annotated[list[EmbedRequest], Field(min_length=1, max_length=MAX_INPUTS)]

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if not all(one.text.strip() for one in self.requests):
            raise BadRequest("There is no text in a content: others cannot be embedded.", param="content")
        if len({one.output_dimensionality for one in self.requests}) > 1:
            raise BadRequest(
                "outputDimensionality has to be the same in all requests.", param="requests.outputDimensionality"
            )
        return self

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.requests]

    @property
    def dimensions(self) -> int | None:
        return self.requests[0].output_dimensionality


def one_of(found: Embeddings) -> dict[str, Any]:
    return {"embedding": {"values": found.vectors[0]}}


def all_of(found: Embeddings) -> dict[str, Any]:
    return {"embeddings": [{"values": vector} for vector in found.vectors]}
