"""Documents and pictures of a request, in the form that the platform takes them.

- A picture is base64 without `data:`, as its own client sends it: fetched here, since the platform refuses addresses
  that it cannot reach, and made a PNG or JPEG within its bounds.
- A video is a URL, which the platform fetches itself; it takes no other form.
- A document is text in the prompt: read here where it is text, else by the platform's file parser, which is paid by
  the page [documented].
"""

from base64 import b64encode
from collections import OrderedDict
from hashlib import sha256
from typing import Any, Final, NamedTuple

from lib.errors import BadRequest
from lib.files import data_url, pictures
from lib.files.fetch import Limits, open_file
from lib.files.remote_file import RemoteFile
from lib.invocation import context
from lib.invocation.retry import ORDER, retry
from lib.types.chat import FilePart
from lib.upstreams.bigmodel.service import Service

_PARSE: Final = "/files/parser/sync"

MAX_PICTURE_BYTES: Final = 5 * 1024 * 1024
MAX_PICTURE_SIDE: Final = 6000
"""The platform's own limits of a picture, in bytes and pixels."""
MAX_DOCUMENT_LETTERS: Final = 1_000_000
"""Of one document: more than any model's prompt holds."""
REMEMBERED: Final = 32
"""Parsed documents that an instance keeps, by their content and key: each turn of a conversation names them anew, and
parsing costs money. A megabyte each at most."""

_PARSED_EXTENSIONS: Final = frozenset({"wps", "pdf", "docx", "doc", "xls", "xlsx", "ppt", "pptx"})
_TEXT_EXTENSIONS: Final = frozenset(
    {"txt", "text", "log", "md", "markdown", "html", "htm", "csv", "json", "xml", "svg"}
)


class Picture(NamedTuple):
    """A picture, for a model that sees."""

    url: str
    """What `image_url.url` is to be: base64."""


class Film(NamedTuple):
    """A video, for a model that sees."""

    url: str


class Document(NamedTuple):
    name: str
    text: str


class _Parsed:
    """Texts of documents that were parsed lately."""

    def __init__(self) -> None:
        self._texts: OrderedDict[bytes, str] = OrderedDict()

    def get(self, name: bytes) -> str | None:
        if name in self._texts:
            self._texts.move_to_end(name)
        return self._texts.get(name)

    def put(self, name: bytes, text: str) -> None:
        self._texts[name] = text
        while len(self._texts) > REMEMBERED:
            self._texts.popitem(last=False)


async def resolve(part: FilePart, service: Service, key: str) -> Picture | Film | Document:
    """What the platform is to be given for `part`.

    Raises `BadRequest`, which names the field, where it cannot be had.
    """
    if part.is_video:
        if data_url.is_data_url(part.url):
            raise BadRequest(f"Send the URL of the video at {part.field}: nothing else is taken.", param=part.field)
        return Film(part.url)
    async with open_file(service.files, part.url, field=part.field, limits=Limits.configured(), name=part.name) as file:
        if file.is_picture:
            return Picture(await _base64(await file.read(), part))
        if part.is_image:
            raise BadRequest(f"The file at {part.field} is not a picture.", param=part.field)
        return Document(file.name, await _text(file, part, service, key))


async def picture(part: FilePart, service: Service) -> str:
    """A picture as `image_url` of an order takes it. Raises `BadRequest`, which names the field."""
    found = await resolve(part._replace(is_image=True), service, "")
    assert isinstance(found, Picture)
    return found.url


async def _base64(content: bytes, part: FilePart) -> str:
    try:
        bounded = await pictures.bounded_in_turn(content, MAX_PICTURE_BYTES, MAX_PICTURE_SIDE)
    except ValueError as error:
        raise BadRequest(f"The picture at {part.field} {error}.", param=part.field) from error
    return b64encode(bounded).decode()


async def _text(file: RemoteFile, part: FilePart, service: Service, key: str) -> str:
    extension = file.name.rpartition(".")[2].lower()
    content = await file.read()
    if extension in _TEXT_EXTENSIONS or file.content_type.startswith("text/"):
        text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    elif extension in _PARSED_EXTENSIONS:
        text = await _parse(file.name, extension, content, part, service, key)
    else:
        raise BadRequest(
            f"Send text, PDF, Word, Excel or PowerPoint: the open platform cannot read the file at {part.field}.",
            param=part.field,
        )
    if len(text) > MAX_DOCUMENT_LETTERS:
        raise BadRequest(f"The document at {part.field} is longer than any model's prompt.", param=part.field)
    return text


async def _parse(name: str, extension: str, content: bytes, part: FilePart, service: Service, key: str) -> str:
    parsed = context.shared(_Parsed)
    mark = sha256(key.encode() + b"\n" + content).digest()
    known = parsed.get(mark)
    if known is not None:
        return known
    fields = {"tool_type": "prime-sync", "file_type": extension.upper()}

    async def attempt() -> dict[str, Any]:
        files = {"file": (name, content, "application/octet-stream")}
        return await service.call("POST", _PARSE, key, form=(fields, files), order=True)

    answer = await retry(attempt, ORDER)
    text = answer.get("content")
    if not isinstance(text, str) or not text.strip() or answer.get("status") in ("failed", False):
        raise BadRequest(f"The open platform cannot read the document at {part.field}.", param=part.field)
    parsed.put(mark, text)
    return text
