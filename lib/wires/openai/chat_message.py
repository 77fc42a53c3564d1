"""The messages of a chat completion: what clients send, and what it says in the one vocabulary."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from lib.errors import BadRequest
from lib.types.chat import FilePart, Message, Part, Role, TextPart, ToolCall
from lib.wires.shared import foreign
from lib.wires.shared.custom_tool import wrap_input
from lib.wires.shared.data_url import as_data_url, as_url
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.request import Model

MAX_PARTS = 1000
MAX_CALLS = 128
"""Parts of a message, and calls of tools in one: several times what the longest conversations have."""

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
    """A content's parts in this wire's words, whatever wire's the client used."""
    parts = foreign.as_parts(value)
    return [_in_our_words(part) for part in parts] if isinstance(parts, list) else parts


def _in_our_words(part: Any) -> Any:
    if (words := foreign.words_of(part)) is not None:
        return {"type": "text", "text": words}
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "image_url" or kind == "file":
        return part
    if (thought := foreign.thought_of(part)) is not None:
        return {"type": "thinking", "thinking": thought}
    if (picture := foreign.picture_of(part)) is not None:
        return {"type": "image_url", "image_url": {"url": picture}}
    if (file := foreign.file_of(part)) is not None:
        return {"type": "file", "file": file}
    return part


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Link(Model):
    """Where a file is: an http, https or data URL, or base64 alone."""

    url: Annotated[str, Field(min_length=1)]


_Link = Annotated[Link, BeforeValidator(_as_link, json_schema_input_type=Link | str)]


class TextContent(Model):
    type: Literal["text"] = "text"
    text: str


class RefusalContent(Model):
    """What an assistant would not say."""

    type: Literal["refusal"] = "refusal"
    refusal: str


class ImageContent(Model):
    type: Literal["image_url"] = "image_url"
    image_url: _Link


class File(Model):
    """A file that the request itself holds, or names."""

    file_data: str | None = None
    """A data URL, or base64 alone."""
    filename: str | None = None
    file_id: str | None = None
    file_url: str | None = None


class FileContent(Model):
    type: Literal["file"] = "file"
    file: File | None = None
    file_url: _Link | None = None


class LinkedFileContent(Model):
    """A document or a video, in Zhipu's words."""

    type: Literal["file_url", "video_url"]
    file_url: _Link | None = None
    video_url: _Link | None = None


def _tag(value: Any) -> str:
    kind = value.get("type", "text") if isinstance(value, dict) else getattr(value, "type", "")
    return "<file_url>" if kind == "video_url" else f"<{kind}>"


_KINDS = Discriminator(
    _tag,
    custom_error_type="part_type",
    custom_error_message="the type of a part is one of text, image_url, file, file_url, video_url and refusal",
)
Shown = Annotated[
    Annotated[TextContent, Tag("<text>")]
    | Annotated[RefusalContent, Tag("<refusal>")]
    | Annotated[ImageContent, Tag("<image_url>")]
    | Annotated[FileContent, Tag("<file>")]
    | Annotated[LinkedFileContent, Tag("<file_url>")],
    _KINDS,
]
_ShownList = Annotated[list[Shown], Field(max_length=MAX_PARTS)]


class ThinkingContent(Model):
    """What the assistant thought, in another wire's words."""

    type: Literal["thinking"]
    thinking: str = ""


class ToolUseContent(Model):
    """A call, in Anthropic's words."""

    type: Literal["tool_use"]
    id: str = ""
    name: Annotated[str, Field(min_length=1)]
    input: Any = None


class ToolResultContent(Model):
    """What a tool gave, in Anthropic's words."""

    type: Literal["tool_result"]
    tool_use_id: str = ""
    content: Annotated[_ShownList, BeforeValidator(_as_parts, json_schema_input_type=str | _ShownList | None)] = Field(
        default_factory=list
    )
    is_error: bool | None = None


Content = Annotated[
    Annotated[TextContent, Tag("<text>")]
    | Annotated[RefusalContent, Tag("<refusal>")]
    | Annotated[ImageContent, Tag("<image_url>")]
    | Annotated[FileContent, Tag("<file>")]
    | Annotated[LinkedFileContent, Tag("<file_url>")]
    | Annotated[ThinkingContent, Tag("<thinking>")]
    | Annotated[ToolUseContent, Tag("<tool_use>")]
    | Annotated[ToolResultContent, Tag("<tool_result>")],
    _KINDS,
]
_Contents = Annotated[list[Content], Field(max_length=MAX_PARTS)]


class FunctionCall(Model):
    """A function that the assistant called."""

    name: str = ""
    arguments: Annotated[str | None, BeforeValidator(_as_text, json_schema_input_type=str | dict[str, Any] | None)] = ""


class CustomCall(Model):
    """A custom tool that the assistant called."""

    name: str = ""
    input: str | None = ""


class MessageToolCall(Model):
    """A call that the assistant made."""

    id: str | None = None
    type: str | None = None
    function: FunctionCall | None = None
    custom: CustomCall | None = None

    def call(self) -> ToolCall | None:
        """The call; None where it names no tool."""
        if self.function is not None and self.function.name:
            return ToolCall(self.id or "", self.function.name, self.function.arguments or "{}")
        if self.custom is not None and self.custom.name:
            return ToolCall(self.id or "", self.custom.name, wrap_input(self.custom.input or ""))
        return None


class ChatMessage(Model):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[_Contents, BeforeValidator(_as_parts, json_schema_input_type=str | _Contents | None)] = Field(
        default_factory=list
    )
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: Annotated[list[MessageToolCall], Field(max_length=MAX_CALLS)] | None = None
    function_call: FunctionCall | None = None
    reasoning_content: str | None = None

    def message(self, place: str) -> Message:
        """The message. `place` is where it stands in the request."""
        role = _ROLES[self.role]
        thought = "\n".join(one.thinking for one in self.content if isinstance(one, ThinkingContent))
        return Message(
            role=role,
            parts=tuple(part for content, at in self._contents(place) for part in _part(content, at)),
            tool_calls=tuple(self._calls()),
            tool_call_id=(self.tool_call_id or "") if role == "tool" else "",
            tool_name=(self.name or "") if role == "tool" else "",
            reasoning=self.reasoning_content or thought,
        )

    def messages(self, place: str) -> Iterator[Message]:
        """The message, after those that stand in it: results of tools, in Anthropic's words."""
        for content, at in self._contents(place):
            if isinstance(content, ToolResultContent):
                shown = (
                    part
                    for index, inner in enumerate(content.content)
                    for part in _part(inner, f"{at}.content[{index}]")
                )
                yield Message("tool", tuple(shown), tool_call_id=content.tool_use_id, is_error=bool(content.is_error))
        made = self.message(place)
        if made.parts or made.tool_calls or not any(isinstance(one, ToolResultContent) for one in self.content):
            yield made

    def _calls(self) -> Iterator[ToolCall]:
        for made in self.tool_calls or ():
            if (call := made.call()) is not None:
                yield call
        if self.function_call is not None and self.function_call.name:
            yield ToolCall("", self.function_call.name, self.function_call.arguments or "{}")

        for content in self.content:
            if isinstance(content, ToolUseContent):
                arguments = content.input if isinstance(content.input, str) else encode_json(content.input or {})
                yield ToolCall(content.id, content.name, arguments)

    def _contents(self, place: str) -> Iterator[tuple[Content, str]]:
        return ((content, f"{place}.content[{index}]") for index, content in enumerate(self.content))


def _part(content: Content, place: str) -> Iterator[Part]:
    match content:
        case TextContent():
            yield TextPart(content.text)
        case RefusalContent():
            yield TextPart(content.refusal)
        case ImageContent():
            yield FilePart(as_url(content.image_url.url), f"{place}.image_url.url", is_image=True)
        case LinkedFileContent():
            link = content.file_url or content.video_url
            if link is not None:
                yield FilePart(as_url(link.url), f"{place}.{content.type}.url", is_video=content.type == "video_url")
        case FileContent():
            yield from _file(content, place)


def _file(content: FileContent, place: str) -> Iterator[Part]:
    file = content.file or File()
    if content.file_url is not None:
        yield FilePart(as_url(content.file_url.url), f"{place}.file_url.url", file.filename)
    elif file.file_data:
        yield FilePart(as_data_url(file.file_data), f"{place}.file.file_data", file.filename)
    elif file.file_url:
        yield FilePart(as_url(file.file_url), f"{place}.file.file_url", file.filename)
    else:
        raise BadRequest(f"{place} holds no file: use file.file_data or file_url.", param=place)
