"""The messages of a request as the platform takes them: roles, calls, results, reasoning, files.

Only the files of the newest turn can fail a request. Of the older ones the newest ten are kept; the rest, and what
cannot be had any more, is a note in its place.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from lib.errors import BadRequest, Error
from lib.types.chat import FilePart, Message, TextPart
from lib.upstreams.bigmodel import files, models
from lib.upstreams.bigmodel.files import Document, Picture
from lib.upstreams.bigmodel.models import Model
from lib.upstreams.bigmodel.service import Service

MAX_FILES: Final = 10
"""Files of the newest turn, and as many of those before: each is a fetch, and all are sent again with every turn."""

_GONE: Final = "[A file that stood here is left out: {}.]"
_RESULT: Final = "[Result of the tool {}]\n{}"
_FAILED: Final = "The tool failed: "
_SHOWN: Final = "[Pictures that the tool returned]"
_GO_ON: Final = "Go on."

type _Place = tuple[int, int]
"""A message, and a part of it."""
type _Found = Picture | Document | str
"""What stands for a file; a text is a note that it is left out."""


class Prompt(NamedTuple):
    """The messages, and what was found of their files."""

    messages: list[dict[str, Any]]
    has_older_urls: bool
    """Pictures before the newest turn are named by URL: it may be they that the platform refuses."""


async def build(
    given: Sequence[Message], model: Model, service: Service, key: str, *, older_urls: bool = True
) -> Prompt:
    """The prompt. `older_urls` False leaves out pictures before the newest turn that are named by URL.

    Raises `BadRequest`, which names the field, for a file of the newest turn that cannot be had or not be shown.
    """
    newest = max((number for number, message in enumerate(given) if message.role == "user"), default=len(given))
    found = await _resolve(given, newest, model, service, key)
    older = [place for place, one in found.items() if place[0] < newest and isinstance(one, Picture) and one.by_url]
    if not older_urls:
        found |= dict.fromkeys(older, _GONE.format("it cannot be had any more"))
    return Prompt(_written(given, found), bool(older) and older_urls)


async def _resolve(
    given: Sequence[Message], newest: int, model: Model, service: Service, key: str
) -> dict[_Place, _Found]:
    parts = {
        (number, place): part
        for number, message in enumerate(given)
        for place, part in enumerate(message.parts)
        if isinstance(part, FilePart)
    }
    own = [place for place in parts if place[0] == newest]
    if len(own) > MAX_FILES:
        raise BadRequest(f"A turn may hold at most {MAX_FILES} files.", param=parts[own[MAX_FILES]].field)
    kept = {*own, *[place for place in parts if place[0] != newest][-MAX_FILES:]}
    found: dict[_Place, _Found] = {
        place: _GONE.format("only the newest ones are kept") for place in parts if place not in kept
    }
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {
                place: group.create_task(_one(parts[place], model, service, key, strict=place[0] == newest))
                for place in kept
            }
    except* Error as errors:
        raise _first(errors) from None
    return found | {place: task.result() for place, task in tasks.items()}


async def _one(part: FilePart, model: Model, service: Service, key: str, *, strict: bool) -> _Found:
    try:
        if part.is_image and not model.sees:
            raise _blind(part, model)
        found = await files.resolve(part, service, key)
        if isinstance(found, Picture) and not model.sees:
            raise _blind(part, model)
    except BadRequest as error:
        if strict:
            raise
        return _GONE.format("this model sees no pictures" if not model.sees else error.message.rstrip("."))
    return found


def _blind(part: FilePart, model: Model) -> BadRequest:
    return BadRequest(
        f"Use {models.VISION[0]} or another model that sees: {model.name} takes no pictures.", param=part.field
    )


def _first(errors: BaseExceptionGroup[Error]) -> Error:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Error)
    return error


def _written(given: Sequence[Message], found: dict[_Place, _Found]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    called: set[str] = set()
    shown: list[dict[str, Any]] = []
    for number, message in enumerate(given):
        content = _content(number, message, found)
        if message.role != "tool" and shown:
            written.append(_user([{"type": "text", "text": _SHOWN}, *shown]))
            shown = []
        match message.role:
            case "user":
                written += [_user(content)] if content else []
            case "system":
                text = _text(content)
                written += [{"role": "system", "content": text}] if text else []
            case "assistant":
                called |= {call.id for call in message.tool_calls}
                written += _assistant(message, _text(content))
            case "tool":
                written.append(_result(message, _text(content), called))
                shown += [part for part in content if part["type"] == "image_url"]
    if shown:
        written.append(_user([{"type": "text", "text": _SHOWN}, *shown]))
    return _answerable(written)


def _content(number: int, message: Message, found: dict[_Place, _Found]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for place, part in enumerate(message.parts):
        if isinstance(part, TextPart):
            text = part.text
        else:
            match found[number, place]:
                case Picture(url) if message.role in ("user", "tool"):
                    parts.append({"type": "image_url", "image_url": {"url": url}})
                    continue
                case Picture():
                    text = _GONE.format("a picture")
                case Document(name, words):
                    text = f"[File {name}]\n{words}\n[End of the file]"
                case str(note):
                    text = note
        if text:
            parts.append({"type": "text", "text": text})
    return parts


def _text(content: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _user(content: list[dict[str, Any]]) -> dict[str, Any]:
    """A list only where there is a picture: models of text alone take nothing but text."""
    sees = any(part["type"] == "image_url" for part in content)
    return {"role": "user", "content": content if sees else _text(content)}


def _assistant(message: Message, text: str) -> list[dict[str, Any]]:
    if not text and not message.tool_calls:
        return []
    written: dict[str, Any] = {"role": "assistant", "content": text}
    if message.reasoning:
        written["reasoning_content"] = message.reasoning
    if message.tool_calls:
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in message.tool_calls
        ]
    return [written]


def _result(message: Message, text: str, called: set[str]) -> dict[str, Any]:
    if message.is_error:
        text = _FAILED + text
    if message.tool_call_id in called:
        return {"role": "tool", "content": text, "tool_call_id": message.tool_call_id}
    # The call is not in the history, which clients shorten: the platform would refuse the whole request.
    return {"role": "user", "content": _RESULT.format(message.tool_name or message.tool_call_id, text)}


def _answerable(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with something to answer: the platform refuses messages of the system and the assistant alone."""
    if not written:
        raise BadRequest("The messages are empty: there is nothing to answer.", param="messages")
    if any(message["role"] in ("user", "tool") for message in written):
        return written
    if written[-1]["role"] == "system":
        return [*written[:-1], {**written[-1], "role": "user"}]
    return [*written, {"role": "user", "content": _GO_ON}]
