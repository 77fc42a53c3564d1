"""`POST /v1/responses`: what clients send."""

from functools import cached_property
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types import chat
from lib.types.chat import Message, Sampling, TextPart
from lib.wires.responses.content import Contents, text_of
from lib.wires.responses.conversation import Conversation, Open
from lib.wires.responses.items import (
    AdditionalToolsItem,
    CallOutputItem,
    CompactionTriggerItem,
    Item,
    MessageItem,
)
from lib.wires.responses.tools import (
    MAX_TOOLS,
    Choice,
    Declared,
    DeclaredTool,
    Echoed,
    ResponseTool,
    TextFormat,
    declared,
    tool_choice,
)
from lib.wires.shared.foreign import effort_of
from lib.wires.shared.request import DEFAULT_MODEL, MAX_MESSAGES, MAX_PARTS, Model, TokenLimit, WantedModel

MAX_ID: Final = 512
"""Letters of an id that a client sends back: ours have fewer than 300."""
ENCRYPTED_REASONING: Final = "reasoning.encrypted_content"
_LOGPROBS: Final = "message.output_text.logprobs"
_COMPACT: Final = """\
Write down what is needed to go on with this work without any of the messages above: they will be gone, and only your \
text will be there. Say what the user wants, in the user's own words where they matter; what was decided, and why; \
what was done and found, with the paths, names, commands and figures; what is left, and what comes next. Call no \
tool, answer nothing else, and write in the user's language."""


def _as_items(value: Any) -> Any:
    if isinstance(value, str):
        return [{"type": "message", "role": "user", "content": value}]
    return [] if value is None else value


def _as_instructions(value: Any) -> Any:
    """Some clients write instructions as items."""
    if not isinstance(value, list):
        return value
    parts: list[Any] = []
    for item in value:
        content = item.get("content") if isinstance(item, dict) and "role" in item else item
        parts += content if isinstance(content, list) else [_as_part(content)]
    return parts


def _as_part(value: Any) -> Any:
    return {"type": "input_text", "text": value} if isinstance(value, str) else value


class ReasoningOptions(Model):
    effort: str | None = None
    summary: str | None = None


class TextOptions(Echoed):
    """How the text is to look."""

    format: TextFormat | None = None
    verbosity: str | None = None


_Items = Annotated[list[Item], Field(max_length=MAX_MESSAGES)]


class ResponseRequest(Model):
    """The body. What it names and this deployment ignores is in docs/api.md."""

    input: Annotated[_Items, BeforeValidator(_as_items, json_schema_input_type=str | _Items)]
    model: WantedModel = DEFAULT_MODEL
    instructions: Annotated[
        Contents, BeforeValidator(_as_instructions, json_schema_input_type=str | list[Any] | None)
    ] = Field(default_factory=list)
    stream: bool | None = None
    store: bool | None = None
    """True keeps the conversation, so that a later request can go on in it. OpenAI does so unless it is false."""
    previous_response_id: Annotated[str | None, Field(max_length=MAX_ID)] = None
    tools: Annotated[list[ResponseTool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Annotated[Choice | None, BeforeValidator(lambda value: value or None)] = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    max_output_tokens: TokenLimit = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    include: list[str] | None = None
    metadata: dict[str, Any] | None = None
    background: bool | None = None
    conversation: Any = None
    prompt: Any = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if self.background:
            raise BadRequest("background: nothing goes on here when its request has ended. Stream.", param="background")
        if self.conversation is not None:
            raise BadRequest(
                "conversation: there is no Conversations API here. Use previous_response_id, with store true.",
                param="conversation",
            )
        if self.prompt is not None:
            raise BadRequest("prompt: no prompts are stored here. Send instructions and input.", param="prompt")
        if self.top_logprobs or _LOGPROBS in (self.include or ()):
            raise BadRequest("logprobs: the service does not tell probabilities.", param="top_logprobs")
        if self.previous_response_id and self.store is False:
            raise BadRequest(
                "store: the service adds the answer to the conversation that previous_response_id names, so it cannot "
                "be false. To leave no trace, send all items in input.",
                param="store",
            )
        if sum(len(item.content) for item in self.input if isinstance(item, MessageItem)) > MAX_PARTS:
            raise BadRequest(f"The input holds more than {MAX_PARTS:,} parts.", param="input")
        return self

    def chat_request(
        self, conversation_id: str | None = None, open_compaction: Open = lambda sealed: ""
    ) -> chat.ChatRequest:
        """What the caller asks. Raises `BadRequest` where nothing is asked, and for a compaction that cannot be read.

        `conversation_id`: the service's, that `previous_response_id` stands for.
        """
        conversation = Conversation(self.declared.names, open_compaction)
        conversation.add(self.input)
        instructions = (Message("system", (TextPart(words),)),) if (words := self.instructions_text) else ()
        messages = (*instructions, *conversation.messages)
        if not any(map(chat.asks, messages)):
            raise BadRequest("The input holds nothing to answer.", param="input")
        effort = effort_of(self.reasoning.effort) if self.reasoning else None
        if self.compacts:
            return chat.ChatRequest(
                model=self.model,
                streamed=bool(self.stream),
                messages=(*messages, Message("user", (TextPart(_COMPACT),))),
                effort=effort,
                search=False,
            )
        if conversation_id is None and self.store:
            conversation_id = ""
        return chat.ChatRequest(
            model=self.model,
            streamed=bool(self.stream),
            messages=messages,
            conversation_id=conversation_id,
            effort=effort,
            # OpenAI's service searches where the request declares its search, and nowhere else.
            search=any(tool.is_search and tool.external_web_access is not False for tool in self.tools or ()),
            tools=self.declared.tools,
            tool_choice=tool_choice(self.tool_choice, self.declared.names),
            parallel_tool_calls=self.parallel_tool_calls is not False,
            response_format=self.text.format.response_format() if self.text and self.text.format else None,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_completion_tokens=self.max_output_tokens
            ),
        )

    @cached_property
    def declared(self) -> Declared:
        """The tools that may be called, and their names. Raises `BadRequest` where they cannot be told apart."""
        later: list[DeclaredTool] = []
        for item in self.input:
            if isinstance(item, AdditionalToolsItem | CallOutputItem):
                later += item.tools
        return declared(self.tools or (), later)

    @property
    def instructions_text(self) -> str:
        """The instructions; empty where there are none."""
        return text_of(self.instructions)

    @property
    def compacts(self) -> bool:
        """Is the answer to be one item that stands for the conversation so far."""
        return any(isinstance(item, CompactionTriggerItem) for item in self.input)

    @property
    def shows_searches(self) -> bool:
        """Does the client know of a search, so that it is told of one."""
        return any(tool.is_search for tool in self.tools or ())


class CompactRequest(ResponseRequest):
    """`POST /v1/responses/compact`: the body, which asks for a compaction by its path."""

    input: Annotated[_Items, BeforeValidator(_as_items, json_schema_input_type=str | _Items | None)] = Field(
        default_factory=list
    )

    def check(self) -> Self:
        self.input.append(CompactionTriggerItem())
        return super().check()
