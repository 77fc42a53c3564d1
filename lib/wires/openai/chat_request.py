"""`POST /v1/chat/completions`: what clients send."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypedDict

from lib.errors import BadRequest
from lib.types.old_chat import Attachment, Question, Role, Turn
from lib.wires.openai.request import MAX_NAME_LENGTH
from lib.wires.openai.schema import Before, Model, Within

DEFAULT_MODEL = "glm-5.3-flash"
"""The model of a request that names none."""

MAX_MESSAGES = 10_000
MAX_PARTS = 1000
MAX_CALLS = 128
"""Messages of a request, parts of a message, and calls of tools in one: several times what the longest conversations
have. Each takes up to a hundred times its bytes: a body of nothing else would fill the memory."""
MAX_STOPS = 16
MAX_STOP_LENGTH = 256
"""Stop sequences of a request, and characters of each: the answer is searched for all of them as it comes. OpenAI
allows 4."""

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def _as_link(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _as_parts(value: Any) -> Any:
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return [] if value is None else value


def _as_it_is(value: Any) -> Any:
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Link(Model):
    """Where a file is: an http, https or data URL."""

    url: Annotated[str, Within(min_length=1)]


class File(Model):
    """A file that the request itself holds."""

    file_data: str | None = None
    """A data URL, or base64 alone."""
    filename: str | None = None
    file_id: str | None = None
    file_url: str | None = None


class Part(Model):
    """A piece of a message: a text, a picture or a document."""

    type: Literal["text", "image_url", "file", "refusal"]
    text: str | None = None
    refusal: str | None = None
    image_url: Annotated[Link | None, Before(_as_link, Link | str | None)] = None
    file: File | None = None
    file_url: Annotated[Link | None, Before(_as_link, Link | str | None)] = None

    def verified(self) -> Self:
        """See `Model.verified`: the part holds what its type says."""
        if self.type == "image_url" and self.image_url is None:
            raise ValueError("A part of type image_url holds image_url.")
        if self.type == "file" and self.file_url is None and (self.file is None or not self._file_source()):
            raise ValueError("A part of type file holds file.file_data or file_url.")
        if self.type == "text" and self.text is None:
            raise ValueError("A part of type text holds text.")
        return self

    def _file_source(self) -> str | None:
        return (self.file.file_data or self.file.file_url) if self.file else None

    def words(self) -> str:
        """The text in it."""
        return self.text or self.refusal or ""

    def attachment(self, place: str) -> Attachment | None:
        """The file in it, if there is one. `place` is where the part stands in the request."""
        if self.type == "image_url" and self.image_url is not None:
            return Attachment(self.image_url.url, f"{place}.image_url.url")
        if self.type == "file" and self.file_url is not None:
            return Attachment(self.file_url.url, f"{place}.file_url.url")
        if self.type == "file" and self.file is not None:
            name = self.file.filename
            if self.file.file_data:
                return Attachment(_data_url(self.file.file_data), f"{place}.file.file_data", name)
            return Attachment(self.file.file_url or "", f"{place}.file.file_url", name)
        return None


class Function(TypedDict, total=False):
    """A function that the assistant called."""

    name: str
    arguments: str


class ToolCall(TypedDict, total=False):
    """A call that the assistant made."""

    id: str
    function: Function


_Parts = Annotated[list[Part], Within(max_length=MAX_PARTS)]


class Message(Model):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[_Parts, Before(_as_parts, str | _Parts | None)] = []  # noqa: RUF012 - nobody changes it
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: Annotated[list[ToolCall], Within(max_length=MAX_CALLS)] | None = None
    function_call: Function | None = None

    def turn(self, place: str) -> Turn:
        """The message as a turn; calls of tools and their results as text, since they are part of what was said."""
        texts = [part.words() for part in self.content]
        texts += [_call(call.get("function", {}), call.get("id")) for call in self.tool_calls or ()]
        if self.function_call is not None:
            texts.append(_call(self.function_call, None))
        text = "\n".join(filter(None, texts))
        role = _ROLES[self.role]
        if role == "tool":
            text = f"[Result of the tool{' ' + self.name if self.name else ''}{_as(self.tool_call_id)}:]\n{text}"
        return Turn(role, text, tuple(self._attachments(place)))

    def _attachments(self, place: str) -> Iterator[Attachment]:
        for index, part in enumerate(self.content):
            attachment = part.attachment(f"{place}.content[{index}]")
            if attachment is not None and self.role == "user":
                yield attachment


_Stop = Annotated[str, Within(max_length=MAX_STOP_LENGTH)]
_Stops = Annotated[list[_Stop], Within(max_length=MAX_STOPS)]
_AtLeastOne = Annotated[int, Within(ge=1)]


class StreamOptions(Model):
    """How a stream is to look."""

    include_usage: bool | None = None


class ChatRequest(Model):
    """The body. What it names and this deployment ignores is in the README."""

    messages: Annotated[list[Message], Within(min_length=1, max_length=MAX_MESSAGES)]
    model: Annotated[str, Within(max_length=MAX_NAME_LENGTH)] = DEFAULT_MODEL
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    conversation_id: str | None = None
    """Goes on in a conversation that the service remembers, or keeps a new one for that."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    web_search: bool | None = None
    stop: Annotated[_Stops | None, Before(_as_list, _Stop | _Stops | None)] = None
    max_tokens: _AtLeastOne | None = None
    max_completion_tokens: _AtLeastOne | None = None
    n: _AtLeastOne | None = None
    logprobs: bool | None = None
    audio: Annotated[Any, Before(_as_it_is, None)] = None
    modalities: list[str] | None = None

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what the service cannot do."""
        if self.n is not None and self.n > 1:
            raise BadRequest("The service gives one answer at a time: n can only be 1.", param="n")
        if self.logprobs:
            raise BadRequest("The service does not tell probabilities.", param="logprobs")
        if self.audio is not None:
            raise BadRequest("The service does not speak.", param="audio")
        if self.modalities is not None and self.modalities != ["text"]:
            raise BadRequest("The service answers with text only.", param="modalities")
        return self

    def text(self) -> str:
        """All that was said, for counting."""
        return "\n".join(part.words() for message in self.messages for part in message.content)

    def question(self) -> Question:
        """What the caller wants to know. Raises `BadRequest` where nothing is asked."""
        turns = tuple(message.turn(f"messages[{index}]") for index, message in enumerate(self.messages))
        if not any(turn.text.strip() or turn.attachments for turn in turns if turn.role != "system"):
            raise BadRequest("The messages hold nothing to answer.", param="messages")
        return Question(
            model=self.model,
            turns=turns,
            conversation_id=self.conversation_id,
            effort=self.reasoning_effort,
            search=self.web_search,
        )


def _call(function: Function, call_id: str | None) -> str:
    return f"[Called the tool {function.get('name', '')}{_as(call_id)}: {function.get('arguments', '')}]"


def _as(call_id: str | None) -> str:
    """Which call it was: several may be made at once."""
    return f" as {call_id}" if call_id else ""


def _data_url(data: str) -> str:
    return data if data[:5].lower() == "data:" else f"data:;base64,{data}"
