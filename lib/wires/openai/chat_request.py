"""`POST /v1/chat/completions`: what clients send."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from lib.errors import BadRequest
from lib.types import chat
from lib.types.chat import Effort, Sampling
from lib.wires.openai.chat_message import ChatMessage
from lib.wires.openai.chat_tools import ToolFields
from lib.wires.shared.foreign import effort_of
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
    return None if value in ("", "auto", "default") else effort_of(value) or value


def _as_chat(value: Any) -> Any:
    """A body of Responses' at this path, as Cursor sends it, in chat completions' words."""
    if not isinstance(value, dict) or "messages" in value or "input" not in value:
        return value
    given = value["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list):
        return value
    messages: list[Any] = []
    if isinstance(value.get("instructions"), str):
        messages.append({"role": "system", "content": value["instructions"]})
    for item in items:
        kind = item.get("type", "message") if isinstance(item, dict) else None
        if kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            if not (messages and isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant"):
                messages.append({"role": "assistant"})
            messages[-1] = {**messages[-1], "tool_calls": [*messages[-1].get("tool_calls", ()), call]}
        elif kind == "function_call_output":
            messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")})
        elif kind in ("message", None):
            messages.append(item)
    return {"max_completion_tokens": value.get("max_output_tokens"), **value, "messages": messages}


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

    _as_chat = model_validator(mode="before")(_as_chat)

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
    reasoning: dict[str, Any] | None = None
    enable_thinking: bool | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    """How OpenRouter and vLLM say the same."""
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
        messages = tuple(
            one for index, message in enumerate(self.messages) for one in message.messages(f"messages[{index}]")
        )
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
        if self.reasoning_effort is not None:
            return self.reasoning_effort
        reasoning, template = self.reasoning or {}, self.chat_template_kwargs or {}
        told = (
            self.thinking.type if self.thinking else None,
            reasoning.get("effort"),
            reasoning.get("enabled"),
            self.enable_thinking,
            template.get("reasoning_effort"),
            template.get("enable_thinking", template.get("thinking")),
        )
        return next((effort for one in told if (effort := effort_of(one)) is not None), None)
