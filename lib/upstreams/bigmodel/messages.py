"""The messages of a request as the platform takes them: roles, calls, results, reasoning, files.

Only the files of the newest turn can fail a request. Of the older ones the newest ten are kept; the rest, and what
cannot be had any more, is a note in its place.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from lib.errors import BadRequest, Error
from lib.types.chat import FilePart, Message, TextPart, ToolCall
from lib.upstreams.bigmodel import files
from lib.upstreams.bigmodel.files import Document, Film, Picture
from lib.upstreams.bigmodel.service import Service

MAX_FILES: Final = 10
"""Files of the newest turn, and as many of those before: each is a fetch, and all are sent again with every turn."""

_GONE: Final = "[A file that stood here is left out: {}.]"
_RESULT: Final = "[Result of the tool {}]\n{}"
_FAILED: Final = "The tool failed: "
_SHOWN: Final = "[Pictures that the tool returned]"
_GO_ON: Final = "Go on."
_LOOK: Final = "Look at this."
_NO_RESULT: Final = "[The call has no result.]"
_NOTHING: Final = "[The result is empty.]"
"""Words in the place of what the platform refuses to be empty."""

type _Place = tuple[int, int]
"""A message, and a part of it."""
type _Found = Picture | Film | Document | str
"""What stands for a file; a text is a note that it is left out."""


class Prompt(NamedTuple):
    """The messages, and what was found of their files."""

    messages: list[dict[str, Any]]
    shows: bool
    """There is something to see in them, so a model that sees has to answer."""


async def build(given: Sequence[Message], service: Service, key: str) -> Prompt:
    """The prompt. Raises `BadRequest`, which names the field, for a file of the newest turn that cannot be had."""
    newest = max((number for number, message in enumerate(given) if message.role == "user"), default=len(given))
    found = await _resolve(given, newest, service, key)
    written = _written(given, found)
    return Prompt(written, any(isinstance(message.get("content"), list) for message in written))


async def _resolve(given: Sequence[Message], newest: int, service: Service, key: str) -> dict[_Place, _Found]:
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
                place: group.create_task(_one(parts[place], service, key, strict=place[0] == newest)) for place in kept
            }
    except* Error as errors:
        raise _first(errors) from None
    return found | {place: task.result() for place, task in tasks.items()}


async def _one(part: FilePart, service: Service, key: str, *, strict: bool) -> _Found:
    try:
        return await files.resolve(part, service, key)
    except BadRequest as error:
        if strict:
            raise
        return _GONE.format(error.message.rstrip("."))


def _first(errors: BaseExceptionGroup[Error]) -> Error:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Error)
    return error


def _written(given: Sequence[Message], found: dict[_Place, _Found]) -> list[dict[str, Any]]:
    calls = _Calls()
    shown: list[dict[str, Any]] = []
    written: list[dict[str, Any]] = []
    for number, message in enumerate(given):
        content = _content(number, message, found)
        if message.role != "tool":
            written += calls.unanswered()
            if shown:
                written.append(_user([{"type": "text", "text": _SHOWN}, *shown]))
                shown = []
        match message.role:
            case "user":
                written += [_user(content)] if content else []
            case "system":
                text = _text(content)
                written += [{"role": "system", "content": text}] if text.strip() else []
            case "assistant":
                written += _assistant(message, _text(content), calls)
            case "tool":
                written.append(calls.result(message, _text(content)))
                shown += [part for part in content if part["type"] != "text"]
    written += calls.unanswered()
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
                case Film(url) if message.role in ("user", "tool"):
                    parts.append({"type": "video_url", "video_url": {"url": url}})
                    continue
                case Picture() | Film():
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
    """A list only where there is something to see: models of text alone take nothing but text."""
    text = _text(content)
    if all(part["type"] == "text" for part in content):
        return {"role": "user", "content": text if text.strip() else _GO_ON}
    return {"role": "user", "content": content if text.strip() else [{"type": "text", "text": _LOOK}, *content]}


class _Calls:
    """The calls of a history, in the form that the platform takes: each with a result, and an id of its own."""

    def __init__(self) -> None:
        self._sent: dict[str, str] = {}
        """The id that is sent for a call, by the caller's; the latest where one id comes again."""
        self._waiting: dict[str, None] = {}
        """Ids that are sent, of calls without a result so far."""
        self._count = 0

    def made(self, call: ToolCall) -> dict[str, Any]:
        self._count += 1
        sent = call.id if call.id and call.id not in self._sent else f"call_{self._count}"
        self._sent[call.id] = sent
        self._waiting[sent] = None
        return {
            "id": sent,
            "type": "function",
            "function": {"name": call.name, "arguments": _object(call.arguments)},
        }

    def result(self, message: Message, text: str) -> dict[str, Any]:
        text = text if text.strip() else _NOTHING
        if message.is_error:
            text = _FAILED + text
        sent = self._sent.get(message.tool_call_id)
        if sent is None or sent not in self._waiting:
            # The call is not in the history, which clients shorten: the platform would refuse the whole request.
            return {"role": "user", "content": _RESULT.format(message.tool_name or message.tool_call_id, text)}
        del self._waiting[sent]
        return {"role": "tool", "content": text, "tool_call_id": sent}

    def unanswered(self) -> list[dict[str, Any]]:
        """Words for the calls that have no result: a turn that was broken off."""
        waiting, self._waiting = self._waiting, {}
        return [{"role": "tool", "content": _NO_RESULT, "tool_call_id": sent} for sent in waiting]


def _assistant(message: Message, text: str, calls: _Calls) -> list[dict[str, Any]]:
    if not text.strip() and not message.tool_calls:
        return []
    written: dict[str, Any] = {"role": "assistant"}
    if text.strip():  # Beside calls an empty content was refused.
        written["content"] = text
    if message.reasoning:
        written["reasoning_content"] = message.reasoning
    if message.tool_calls:
        written["tool_calls"] = [calls.made(call) for call in message.tool_calls]
    return [written]


def _object(arguments: str) -> str:
    """Arguments as the platform takes them; what is no JSON object is none."""
    try:
        return arguments if isinstance(json.loads(arguments or "{}"), dict) and arguments else "{}"
    except (ValueError, RecursionError):
        return "{}"


def _answerable(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with something to answer: the platform refuses messages of the system and the assistant alone."""
    if not written:
        raise BadRequest("The messages are empty: there is nothing to answer.", param="messages")
    if any(message["role"] in ("user", "tool") for message in written):
        return written
    if written[-1]["role"] == "system":
        return [*written[:-1], {**written[-1], "role": "user"}]
    return [*written, {"role": "user", "content": _GO_ON}]
