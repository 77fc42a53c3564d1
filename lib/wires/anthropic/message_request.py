"""`POST /v1/messages`: what clients send."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from lib import settings
from lib.errors import BadRequest
from lib.types import aliases, chat
from lib.types.chat import Effort, Part, Role, Sampling, TextPart
from lib.wires.anthropic.content import Block, Content, ThinkingBlock, ToolResultBlock, ToolUseBlock, parts
from lib.wires.anthropic.tool_changes import offered_tools
from lib.wires.anthropic.tools import (
    MAX_TOOLS,
    Choice,
    Format,
    OutputConfig,
    ToolDefinition,
    declared,
    response_format,
    tool_choice,
)
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

_ATTRIBUTION: Final = "x-anthropic-billing-header"
"""How the line begins by which Claude Code says who it is. It changes with each request, and is not for the model."""


class Thinking(Model):
    """Whether to think, and to show it."""

    type: str | None = None
    display: str | None = None


class InputMessage(Model):
    role: Literal["user", "assistant", "system"]
    content: Content = Field(default_factory=list)
    clear_at: str | None = None
    """`next_user_message`: of a system message, that it only holds until the user says something."""

    def messages(self, place: str, names: dict[str, str]) -> Iterator[chat.Message]:
        """The messages that it says: one, and one for each result of a tool. Nothing where it holds nothing.

        `place` is where it stands in the request, `names` the tools of the calls so far, by their ids.
        """
        waiting: list[Part] = []
        calls: list[chat.ToolCall] = []
        thought = ""
        for index, block in enumerate(self.content):
            at = f"{place}.content[{index}]"
            if isinstance(block, ToolResultBlock):
                yield from _spoken(self.role, waiting, calls, thought)
                waiting, calls, thought = [], [], ""
                yield _result(block, at, names)
            elif isinstance(block, ToolUseBlock):
                calls.append(call := block.call())
                names[call.id] = call.name
            elif isinstance(block, ThinkingBlock):
                thought += block.thinking or ""
            else:
                waiting += parts(block, at)
        yield from _spoken(self.role, waiting, calls, thought)


class CountRequest(Model):
    """The body of `POST /v1/messages/count_tokens`: all that makes a prompt."""

    messages: Annotated[list[InputMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    model: WantedModel = DEFAULT_MODEL
    system: Content = Field(default_factory=list)
    tools: Annotated[list[ToolDefinition], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Choice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None
    """What `output_config.format` was before."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if sum(len(message.content) for message in self.messages) > MAX_PARTS:
            raise BadRequest(f"The messages hold more than {MAX_PARTS:,} blocks.", param="messages")
        return self

    def chat_request(self) -> chat.ChatRequest:
        """What the caller asks. Raises `BadRequest` where nothing is asked."""
        messages = tuple(self._messages())
        if not any(map(chat.asks, messages)):
            raise BadRequest("The messages hold nothing to answer.", param="messages")
        offered = offered_tools(self.tools or (), (block for message in self.messages for block in message.content))
        tools = declared(offered)
        choice = self.tool_choice
        config = self.output_config or OutputConfig()
        return chat.ChatRequest(
            model=self.model,
            messages=messages,
            effort=self._effort(config),
            # Anthropic's service searches where the request declares its search, and nowhere else.
            search=any(tool.searches for tool in offered),
            tools=tools,
            tool_choice=tool_choice(choice, tools, self.tools or ()),
            unknown_calls=True,  # Claude Code answers such a call itself, and runs tools that it has not loaded.
            parallel_tool_calls=not (choice is not None and choice.disable_parallel_tool_use),
            response_format=response_format(config.format or self.output_format),
        )

    @property
    def shows_thinking(self) -> bool:
        """Are there to be blocks of it: where they are asked for, or the model's name does."""
        if self.thinking is not None and self.thinking.type is not None:
            return self.thinking.type != "disabled" and self.thinking.display != "omitted"
        meant = aliases.resolve(self.model, settings.current().model_aliases)
        return "-think" in self.model.lower() or "-think" in meant

    def _messages(self) -> Iterator[chat.Message]:
        names: dict[str, str] = {}
        yield from _spoken("system", list(_system(self.system)))
        last = max((index for index, message in enumerate(self.messages) if message.role == "user"), default=0)
        for index, message in enumerate(self.messages):
            if message.role == "system" and message.clear_at == "next_user_message" and index < last:
                continue
            yield from message.messages(f"messages[{index}]", names)

    def _effort(self, config: OutputConfig) -> Effort | None:
        kind = self.thinking.type if self.thinking is not None else None
        if kind == "disabled":
            return "none"
        return effort_of(config.effort) or ("high" if kind is not None else None)


class MessageRequest(CountRequest):
    """The body of `POST /v1/messages`. What it names and this deployment ignores is in docs/api.md."""

    stream: bool | None = None
    max_tokens: TokenLimit = None
    stop_sequences: StopSequences | None = None
    temperature: float | None = None
    top_p: float | None = None

    def chat_request(self) -> chat.ChatRequest:
        """What the caller asks. Raises `BadRequest` where nothing is asked."""
        sampling = Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            stop=tuple(filter(None, self.stop_sequences or ())),
            # With Anthropic thinking counts; what a caller does not see must not use its answer up.
            max_tokens=None if self.shows_thinking else self.max_tokens,
            max_completion_tokens=self.max_tokens if self.shows_thinking else None,
        )
        return super().chat_request()._replace(sampling=sampling, streamed=bool(self.stream))


def _system(content: Iterable[Block]) -> Iterator[Part]:
    for index, block in enumerate(content):
        for part in parts(block, f"system[{index}]"):
            if isinstance(part, TextPart) and part.text.startswith(_ATTRIBUTION):
                yield TextPart(part.text.partition("\n")[2])
            else:
                yield part


def _spoken(
    role: Role, said: list[Part], calls: Sequence[chat.ToolCall] = (), thought: str = ""
) -> Iterator[chat.Message]:
    shown = tuple(part for part in said if part != TextPart(""))
    if shown or calls:
        yield chat.Message(role, shown, tuple(calls), reasoning=thought)


def _result(block: ToolResultBlock, place: str, names: dict[str, str]) -> chat.Message:
    shown = [part for index, inner in enumerate(block.content) for part in parts(inner, f"{place}.content[{index}]")]
    return chat.Message(
        role="tool",
        parts=tuple(shown),
        tool_call_id=block.tool_use_id,
        tool_name=names.get(block.tool_use_id, ""),
        is_error=bool(block.is_error),
    )
