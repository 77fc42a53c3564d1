"""The content of messages: what clients send in blocks, and what it says in the one vocabulary."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from lib.errors import BadRequest
from lib.types.chat import FilePart, Part, TextPart, ToolCall
from lib.wires.anthropic.tools import ToolChange
from lib.wires.shared import foreign
from lib.wires.shared.data_url import as_data_url, as_url
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.request import Model

MAX_BLOCKS: Final = 10_000
"""Blocks of one message: a long turn of an agent brings some hundred results of tools."""


_KINDS: Final = ("text", "image", "document", "search_result", "tool_reference")
_KINDS_OF_TURNS: Final = ("thinking", "tool_addition", "tool_removal", "tool_use", "tool_result")


_SAME: Final = {"mcp_tool_use": "tool_use", "mcp_tool_result": "tool_result"}
"""What Anthropic's service has run on another server, and what the caller has run, are the same in a history."""


def _as_blocks(value: Any) -> Any:
    blocks = foreign.as_parts(value)
    return [_in_our_words(block) for block in blocks] if isinstance(blocks, list) else blocks


def _in_our_words(block: Any) -> Any:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        return block
    if not isinstance(kind, str):
        return {"type": "text", "text": block} if isinstance(block, str) else block
    if kind in _SAME:
        return {**block, "type": _SAME[kind]}
    if kind == "compaction":  # What stands for the past, in plain words.
        return {"type": "text", "text": str(block.get("content") or "")}
    if (words := foreign.words_of(block)) is not None:
        return {"type": "text", "text": words}
    if kind != "image" and (picture := foreign.picture_of(block)) is not None:
        return {"type": "image", "source": {"type": "url", "url": as_url(picture)}}
    if kind in ("input_file", "file") and (file := foreign.file_of(block)) is not None:
        address = file.get("file_url") or as_data_url(file.get("file_data") or "")
        return {"type": "document", "title": file.get("filename"), "source": {"type": "url", "url": address}}
    return block


class TextBlock(Model):
    type: Literal["text"] = "text"
    text: str


class Source(Model):
    """Where a picture or a document is."""

    type: str | None = None
    media_type: str | None = None
    data: str | None = None
    """Base64; of a document of type `text`, the text itself."""
    url: str | None = None


class ImageBlock(Model):
    type: Literal["image"]
    source: Source


class OtherBlock(Model):
    """A block that says nothing here. Clients get new ones every few months."""

    type: Annotated[Any, WithJsonSchema({"not": {"enum": [*_KINDS, *_KINDS_OF_TURNS]}})]


def _tag_of(*kinds: str) -> Discriminator:
    def tag(value: Any) -> str:
        kind = value.get("type", "text") if isinstance(value, dict) else getattr(value, "type", "")
        return f"<{kind}>" if kind in kinds else "<other>"

    return Discriminator(tag)


Inner = Annotated[
    Annotated[TextBlock, Tag("<text>")] | Annotated[ImageBlock, Tag("<image>")] | Annotated[OtherBlock, Tag("<other>")],
    _tag_of("text", "image"),
]
_InnerList = Annotated[list[Inner], Field(max_length=MAX_BLOCKS)]


class DocumentSource(Source):
    """Where a document is, or what it is made of."""

    content: Annotated[_InnerList, BeforeValidator(_as_blocks, json_schema_input_type=str | _InnerList | None)] = Field(
        default_factory=list
    )


class DocumentBlock(Model):
    """A document: a file, or its text."""

    type: Literal["document"]
    source: DocumentSource
    title: str | None = None
    context: str | None = None


class SearchResultBlock(Model):
    """A text that the caller has found."""

    type: Literal["search_result"]
    source: str = ""
    title: str = ""
    content: Annotated[list[TextBlock], BeforeValidator(_as_blocks)] = Field(default_factory=list)


class ToolReferenceBlock(Model):
    """A tool that the caller has found for the model."""

    type: Literal["tool_reference"]
    tool_name: str = ""


class ToolChangeBlock(Model):
    type: Literal["tool_addition", "tool_removal"]
    tool: ToolChange = Field(default_factory=ToolChange)


class ThinkingBlock(Model):
    type: Literal["thinking"]
    thinking: str | None = None


class ToolUseBlock(Model):
    """A call that the assistant made."""

    type: Literal["tool_use"]
    id: str = ""
    name: Annotated[str, Field(min_length=1)]
    input: Any = None

    def call(self) -> ToolCall:
        arguments = self.input if isinstance(self.input, str) else encode_json(self.input or {})
        return ToolCall(self.id, self.name, arguments)


Shown = Annotated[
    Annotated[TextBlock, Tag("<text>")]
    | Annotated[ImageBlock, Tag("<image>")]
    | Annotated[DocumentBlock, Tag("<document>")]
    | Annotated[SearchResultBlock, Tag("<search_result>")]
    | Annotated[ToolReferenceBlock, Tag("<tool_reference>")]
    | Annotated[OtherBlock, Tag("<other>")],
    _tag_of(*_KINDS),
]
"""What may also stand in the result of a tool."""
_ShownList = Annotated[list[Shown], Field(max_length=MAX_BLOCKS)]


class ToolResultBlock(Model):
    type: Literal["tool_result"]
    tool_use_id: str = ""
    content: Annotated[_ShownList, BeforeValidator(_as_blocks, json_schema_input_type=str | _ShownList | None)] = Field(
        default_factory=list
    )
    is_error: bool | None = None


Block = Annotated[
    Annotated[TextBlock, Tag("<text>")]
    | Annotated[ImageBlock, Tag("<image>")]
    | Annotated[DocumentBlock, Tag("<document>")]
    | Annotated[SearchResultBlock, Tag("<search_result>")]
    | Annotated[ToolReferenceBlock, Tag("<tool_reference>")]
    | Annotated[OtherBlock, Tag("<other>")]
    | Annotated[ThinkingBlock, Tag("<thinking>")]
    | Annotated[ToolChangeBlock, Tag("<tool_addition>")]
    | Annotated[ToolChangeBlock, Tag("<tool_removal>")]
    | Annotated[ToolUseBlock, Tag("<tool_use>")]
    | Annotated[ToolResultBlock, Tag("<tool_result>")],
    _tag_of(*_KINDS, *_KINDS_OF_TURNS),
]
_BlockList = Annotated[list[Block], Field(max_length=MAX_BLOCKS)]
Content = Annotated[_BlockList, BeforeValidator(_as_blocks, json_schema_input_type=str | _BlockList | None)]


def parts(block: Block, place: str) -> Iterator[Part]:
    """What a block shows. `place` is where it stands in the request. Raises `BadRequest` for a file that is not there.

    Nothing for a block that shows nothing, such as an earlier search of the service's.
    """
    match block:
        case TextBlock():
            yield TextPart(block.text)
        case ImageBlock():
            yield FilePart(_url(block.source, place), f"{place}.source", is_image=True)
        case DocumentBlock():
            yield from _document(block, place)
        case SearchResultBlock():
            words = "\n".join(text.text for text in block.content)
            yield TextPart("\n".join(filter(None, (block.title, block.source, words))))
        case ToolReferenceBlock():
            yield TextPart(f"The tool {block.tool_name} can be called now.")


def _document(block: DocumentBlock, place: str) -> Iterator[Part]:
    source = block.source
    about = "\n".join(filter(None, (block.title, block.context)))
    if source.type == "text":
        yield TextPart("\n".join(filter(None, (about, source.data))))
    elif source.type == "content":
        if about:
            yield TextPart(about)
        for index, inner in enumerate(source.content):
            yield from parts(inner, f"{place}.source.content[{index}]")
    else:
        if block.context:
            yield TextPart(block.context)
        yield FilePart(_url(source, place), f"{place}.source", block.title)


def _url(source: Source, place: str) -> str:
    """Where a file is: base64 becomes a data URL. Raises `BadRequest` for one that is kept by Anthropic."""
    if source.url:
        return source.url
    if not source.data:
        raise BadRequest(
            f"{place}.source holds no file: use a source of type base64 or url; files of the Files API are not here.",
            param=f"{place}.source",
        )
    is_data_url = source.data[:5].lower() == "data:"
    return source.data if is_data_url else f"data:{source.media_type or ''};base64,{source.data}"
