"""The content of items: what clients send in parts, and what it says in the one vocabulary."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from lib.errors import BadRequest
from lib.types.chat import FilePart, Part, TextPart
from lib.wires.shared import foreign
from lib.wires.shared.data_url import as_data_url, as_url
from lib.wires.shared.request import Model

MAX_PARTS: Final = 10_000
"""Parts of one item: several times what the longest turns of agents have."""


def as_contents(value: Any) -> Any:
    """A content's parts in this wire's words, whatever wire's the client used."""
    parts = foreign.as_parts(value)
    return [_in_our_words(part) for part in parts] if isinstance(parts, list) else parts


def _in_our_words(part: Any) -> Any:
    if (words := foreign.words_of(part)) is not None:
        return {"type": "input_text", "text": words}
    if (picture := foreign.picture_of(part)) is not None:
        return {"type": "input_image", "image_url": picture}
    if (file := foreign.file_of(part)) is not None:
        return {"type": "input_file", **file}
    return part


class SaidText(Model):
    type: Literal["input_text", "output_text", "text", "summary_text", "reasoning_text"] = "input_text"
    text: str


class EncryptedContent(Model):
    """What one agent of the client's says to another: plain words, where no service has encrypted them."""

    type: Literal["encrypted_content"]
    encrypted_content: str = ""


class Refusal(Model):
    """What an assistant would not say."""

    type: Literal["refusal"]
    refusal: str


class InputImage(Model):
    type: Literal["input_image", "image_url", "computer_screenshot"]
    image_url: str | None = None
    """An http, https or data URL."""
    file_id: str | None = None


class InputFile(Model):
    type: Literal["input_file"]
    file_data: str | None = None
    """A data URL, or base64 alone."""
    file_url: str | None = None
    filename: str | None = None
    file_id: str | None = None


def _tag(value: Any) -> str:
    kind = value.get("type", "input_text") if isinstance(value, dict) else getattr(value, "type", "")
    if kind == "input_text":
        return "<text>"
    return "<input_image>" if kind in ("image_url", "computer_screenshot") else f"<{kind}>"


Content = Annotated[
    Annotated[SaidText, Tag("<text>")]
    | Annotated[EncryptedContent, Tag("<encrypted_content>")]
    | Annotated[Refusal, Tag("<refusal>")]
    | Annotated[InputImage, Tag("<input_image>")]
    | Annotated[InputFile, Tag("<input_file>")],
    Discriminator(
        _tag,
        custom_error_type="part_type",
        custom_error_message=(
            "the type of a part is one of input_text, input_image, input_file, output_text and refusal"
        ),
    ),
]
_ContentList = Annotated[list[Content], Field(max_length=MAX_PARTS)]
Contents = Annotated[_ContentList, BeforeValidator(as_contents, json_schema_input_type=str | _ContentList | None)]


def parts(contents: Iterable[Content], place: str) -> Iterator[Part]:
    """What an item shows. `place` is where its content stands in the request.

    Raises `BadRequest` for a file that is not there.
    """
    for index, content in enumerate(contents):
        yield _part(content, f"{place}[{index}]")


def text_of(contents: Iterable[Content]) -> str:
    return "\n".join(content.text for content in contents if isinstance(content, SaidText))


def _part(content: Content, place: str) -> Part:
    match content:
        case SaidText():
            return TextPart(content.text)
        case EncryptedContent():
            return TextPart(content.encrypted_content)
        case Refusal():
            return TextPart(content.refusal)
        case InputImage():
            if not content.image_url:
                raise _missing(place, "image_url")
            return FilePart(as_url(content.image_url), f"{place}.image_url", is_image=True)
        case InputFile():
            if content.file_data:
                return FilePart(as_data_url(content.file_data), f"{place}.file_data", content.filename)
            if not content.file_url:
                raise _missing(place, "file_data or file_url")
            return FilePart(as_url(content.file_url), f"{place}.file_url", content.filename)


def _missing(place: str, fields: str) -> BadRequest:
    return BadRequest(f"{place} holds no file: use {fields}; files of the Files API are not here.", param=place)
