"""What a caller asks for: the one vocabulary from wire to upstream."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

type Role = Literal["system", "user", "assistant", "tool"]
type Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
type Schema = Mapping[str, Any]
"""A JSON schema, as a caller wrote it: not to be trusted."""


class TextPart(NamedTuple):
    text: str


class FilePart(NamedTuple):
    """A document or a picture in a message."""

    url: str
    """An http, https or data URL."""
    field: str
    """Where it stands in the request, for error messages: `messages[0].content[1].image_url.url`."""
    name: str | None = None
    """The file name that the caller gave."""
    is_image: bool = False
    """The caller calls it a picture: one that is not is refused."""
    is_video: bool = False
    """The caller calls it a video, which some models see."""


type Part = TextPart | FilePart


class ToolCall(NamedTuple):
    """A call of a tool that the assistant made."""

    id: str
    name: str
    arguments: str
    """A JSON object, as text."""


class Message(NamedTuple):
    role: Role
    parts: tuple[Part, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls that this message of the assistant made."""
    tool_call_id: str = ""
    """Of a tool's message: the call that it is the result of."""
    tool_name: str = ""
    """Of a tool's message: the tool that was called; empty where the caller does not say."""
    is_error: bool = False
    """Of a tool's message: the tool failed."""
    reasoning: str = ""
    """What the assistant thought before it said this; for upstreams that want it back."""

    @property
    def text(self) -> str:
        """The words in it, a line for each part."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart) and part.text)

    @property
    def files(self) -> tuple[FilePart, ...]:
        return tuple(part for part in self.parts if isinstance(part, FilePart))


class Tool(NamedTuple):
    """A function of the caller's that the model may call."""

    name: str
    description: str = ""
    parameters: Schema = MappingProxyType({})
    """The schema of its arguments, an object; empty: it takes none."""
    strict: bool = False
    """Arguments that do not fit the schema are of no use to the caller."""


class ToolChoice(NamedTuple):
    """Whether a tool is to be called, and which ones may be."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()
    """Only these may be called; empty: all that are declared."""


class ResponseFormat(NamedTuple):
    """The answer is to be one JSON value."""

    schema: Schema | None = None
    """What it has to fit; None: any object."""
    name: str = ""
    description: str = ""
    strict: bool = False


class Sampling(NamedTuple):
    """How the words are chosen, and when to end."""

    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    """Of the answer, without the reasoning."""
    max_completion_tokens: int | None = None
    """Of the reasoning and the answer together."""


class ChatRequest(NamedTuple):
    """The messages so far, the last of them to be answered, and how."""

    model: str
    """The name that the caller asked for; the upstream knows what it means."""
    messages: tuple[Message, ...]
    conversation_id: str | None = None
    """The upstream's conversation to go on in; empty for a new one that is kept; None for one that leaves no trace."""
    resumable: bool = False
    """Does the answer name its conversation, so that the caller can go on where the time was over."""
    effort: Effort | None = None
    """How hard to think; None leaves it to the model."""
    search: bool | None = None
    """May the upstream search the web; None leaves it to the model."""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    unknown_calls: bool = False
    """Does the caller answer calls of tools that it has not declared, too."""
    parallel_tool_calls: bool = True
    """May one answer make several calls."""
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    vendor: Mapping[str, Any] = MappingProxyType({})
    """Fields in Zhipu's own words, for the platform that has them: a body's, with those of `thinking` and `web_search`
    as objects in it."""
    streamed: bool = True
    """Does the caller see the answer as it comes; where not, all of it can still be asked for again."""

    @property
    def callable_tools(self) -> tuple[Tool, ...]:
        """The tools that this answer may call."""
        choice = self.tool_choice
        if choice.mode == "none":
            return ()
        return tuple(tool for tool in self.tools if not choice.names or tool.name in choice.names)


def asks(message: Message) -> bool:
    """Is there anything in a message that can be answered: instructions alone can, too."""
    return bool(message.role == "tool" or message.tool_calls or message.files or message.text.strip())


_GO_ON = "Go on with your last message from the letter at which it ends. Repeat nothing of it, and say nothing before."


def go_on(request: ChatRequest) -> ChatRequest:
    """The same, with a wish to go on where the last words are the assistant's: who sends them wants the rest."""
    last = request.messages[-1] if request.messages else Message("user")
    if request.conversation_id or last.role != "assistant" or last.tool_calls or not last.text.strip():
        return request
    return request._replace(messages=(*request.messages, Message("user", (TextPart(_GO_ON),))))


def texts(messages: Sequence[Message]) -> str:
    """All that was said in `messages`."""
    return "\n".join(message.text for message in messages)
