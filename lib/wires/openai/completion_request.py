"""`POST /v1/completions`: what clients of the old text endpoint send."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types import chat
from lib.types.chat import Message, Sampling, TextPart
from lib.wires.openai.chat_request import StreamOptions
from lib.wires.shared.request import DEFAULT_MODEL, Model, StopSequences, TokenLimit, WantedModel


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class CompletionRequest(Model):
    """The body. The text is answered as the one message of a chat."""

    prompt: Annotated[list[str | int | list[int]], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
    model: WantedModel = DEFAULT_MODEL
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: Annotated[
        StopSequences | None, BeforeValidator(_as_list, json_schema_input_type=str | StopSequences | None)
    ] = None
    max_tokens: TokenLimit = None
    n: Annotated[int | None, Field(ge=1)] = None
    best_of: Annotated[int | None, Field(ge=1)] = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if len(self.prompt) != 1 or not isinstance(self.prompt[0], str):
            raise BadRequest("prompt must be one text: not several, and not tokens.", param="prompt")
        if max(self.n or 1, self.best_of or 1) > 1:
            raise BadRequest("n and best_of can only be 1: the service gives one answer at a time.", param="n")
        if self.logprobs:
            raise BadRequest("logprobs: the service does not tell probabilities.", param="logprobs")
        if self.echo:
            raise BadRequest("echo: the prompt is not repeated.", param="echo")
        if self.suffix:
            raise BadRequest("suffix: the service does not fill gaps in a text.", param="suffix")
        return self

    def chat_request(self) -> chat.ChatRequest:
        """What the caller asks. Raises `BadRequest` where nothing is asked."""
        text = str(self.prompt[0])
        if not text.strip():
            raise BadRequest("The prompt holds nothing to answer.", param="prompt")
        return chat.ChatRequest(
            model=self.model,
            streamed=bool(self.stream),
            messages=(Message("user", (TextPart(text),)),),
            sampling=Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                stop=tuple(filter(None, self.stop or ())),
                max_tokens=self.max_tokens,
            ),
        )
