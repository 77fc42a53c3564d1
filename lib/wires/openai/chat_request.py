"""`POST /v1/chat/completions`: what clients send."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types import chat
from lib.types.chat import Effort, Sampling
from lib.wires.openai.chat_message import ChatMessage
from lib.wires.openai.chat_tools import ToolFields
from lib.wires.shared.request import (
    DEFAULT_MODEL,
    MAX_MESSAGES,
    MAX_PARTS,
    Model,
    StopSequences,
    TokenLimit,
    WantedModel,
)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _effort(value: Any) -> Any:
    return None if value in ("", "auto", "default") else value


_VENDORS_OWN = {"do_sample", "request_id", "user_id", "seed", "watermark_enabled", "sensitive_word_check", "meta"}
"""Fields in Zhipu's own words, which reach the open platform as they are."""


class StreamOptions(Model):
    """How a stream is to look."""

    include_usage: bool | None = None


class Thinking(Model):
    """Whether to think, in Zhipu's words."""

    type: str | None = None
    clear_thinking: bool | None = None
    """Are the thoughts of older turns left out."""


class ChatRequest(ToolFields):
    """The body. What it names and this deployment ignores is in docs/api.md."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    model: WantedModel = DEFAULT_MODEL
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    conversation_id: str | None = None
    """Goes on in a conversation that the service remembers, or keeps a new one for that."""
    reasoning_effort: Annotated[
        Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None,
        BeforeValidator(_effort, json_schema_input_type=str | None),
    ] = None
    thinking: Thinking | None = None
    web_search: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    do_sample: bool | None = None
    request_id: str | None = None
    user_id: str | None = None
    seed: int | None = None
    watermark_enabled: bool | None = None
    sensitive_word_check: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None
    stop: Annotated[
        StopSequences | None, BeforeValidator(_as_list, json_schema_input_type=str | StopSequences | None)
    ] = None
    max_tokens: TokenLimit = None
    max_completion_tokens: TokenLimit = None
    n: Annotated[int | None, Field(ge=1)] = None
    logprobs: bool | None = None
    audio: dict[str, Any] | None = None
    modalities: list[str] | None = None

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if self.n is not None and self.n > 1:
            raise BadRequest("n can only be 1: the service gives one answer at a time.", param="n")
        if self.logprobs:
            raise BadRequest("logprobs: the service does not tell probabilities.", param="logprobs")
        if self.audio is not None:
            raise BadRequest("audio: the service does not speak.", param="audio")
        if self.modalities is not None and self.modalities != ["text"]:
            raise BadRequest("modalities: the service answers with text only.", param="modalities")
        if sum(len(message.content) for message in self.messages) > MAX_PARTS:
            raise BadRequest(f"The messages hold more than {MAX_PARTS:,} parts.", param="messages")
        return self

    def chat_request(self) -> chat.ChatRequest:
        """What the caller asks. Raises `BadRequest` where nothing is asked."""
        messages = tuple(message.message(f"messages[{index}]") for index, message in enumerate(self.messages))
        if not any(message.text.strip() or message.files or message.tool_calls for message in messages):
            raise BadRequest("The messages hold nothing to answer.", param="messages")
        return chat.ChatRequest(
            model=self.model,
            streamed=bool(self.stream),
            messages=messages,
            conversation_id=self.conversation_id,
            resumable=True,
            effort=self._effort(),
            search=self.search_wish() if self.web_search is None else self.web_search,
            tools=self.declared(),
            tool_choice=self.choice(),
            parallel_tool_calls=not self.one_at_a_time,
            vendor=self._vendor(),
            response_format=self.response_format.response_format() if self.response_format else None,
            sampling=Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                stop=tuple(filter(None, self.stop or ())),
                max_tokens=self.max_tokens,
                max_completion_tokens=self.max_completion_tokens,
            ),
        )

    def _vendor(self) -> dict[str, Any]:
        own = self.model_dump(include={*_VENDORS_OWN, "thinking"}, exclude_none=True)
        return {**own, "web_search": self.search_fields()}

    def _effort(self) -> Effort | None:
        if self.reasoning_effort is not None or self.thinking is None:
            return self.reasoning_effort
        return {"enabled": "high", "disabled": "none"}.get(self.thinking.type or "")  # type: ignore[return-value]
