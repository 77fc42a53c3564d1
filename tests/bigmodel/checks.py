"""What the platform refuses in the body of a chat call. Every reason is a `Refusal`."""

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any

from . import models
from .errors import Refusal, bad

MAX_TOKENS = 131072
MAX_TOOLS = 128
MAX_IMAGE_BYTES = 5 * 1024 * 1024
EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}
TOOL_STREAM_SINCE = 4.6
EFFORT_SINCE = 5.2
THINKING_SINCE = 4.5

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SEARCH_FIELDS = {"enable", "search_engine", "search_query", "search_result", "count", "content_size", "search_prompt"}


def chat(body: Mapping[str, Any]) -> None:
    """Refuse a body that is not one of a chat call."""
    known(body, {"model": text, "messages": filled, **_CHAT_FIELDS})
    name = body["model"]
    if name not in models.TEXT and name not in models.VISION:
        raise Refusal(1211)
    messages(body["messages"], sees=name in models.VISION)
    tools(body.get("tools") or [])
    since = {"tool_stream": TOOL_STREAM_SINCE, "reasoning_effort": EFFORT_SINCE, "thinking": THINKING_SINCE}
    for field, first in since.items():
        if body.get(field) is not None and models.version(name) < first:
            raise bad(f"{name} has no {field}")
    if body.get("tool_stream") and not body.get("stream"):
        raise bad("tool_stream without stream")
    if body.get("tool_choice") and not body.get("tools"):
        raise bad("tool_choice without tools")


def tokenizer(body: Mapping[str, Any]) -> None:
    """Refuse a body that is not one of a count of tokens."""
    known(body, {"model": text, "messages": filled, "tools": filled, **IDS}, {"tools", *IDS})
    if body["model"] not in models.TOKENIZER:
        raise Refusal(1211)
    messages(body["messages"], sees=body["model"] in models.VISION)
    tools(body.get("tools") or [])


def known(
    body: Mapping[str, Any], fields: Mapping[str, Callable[[Any], bool]], optional: set[str] | None = None
) -> None:
    """Refuse fields that are not known, that are missing, or whose value is not taken. Null is as good as absent."""
    if optional is None:
        optional = set(fields) - {"model", "messages"}
    given = {name: value for name, value in body.items() if value is not None}
    for name in body:
        if name not in fields:
            raise bad(f"{name} is not known")
    for name, takes in fields.items():
        if name not in given and name not in optional:
            raise bad(f"{name} is missing", 1213)
        if name in given and not takes(given[name]):
            raise bad(f"{name} is not taken", 1214)


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def between(low: float, high: float, *, whole: bool = False) -> Callable[[Any], bool]:
    """Return a check of a number."""

    def check(value: Any) -> bool:
        kind = int if whole else (int, float)
        return isinstance(value, kind) and not isinstance(value, bool) and low <= value <= high

    return check


def long(low: int, high: int) -> Callable[[Any], bool]:
    """Return a check of a text's length."""
    return lambda value: isinstance(value, str) and low <= len(value) <= high


def one_of(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value in values


IDS: dict[str, Callable[[Any], bool]] = {"request_id": long(6, 64), "user_id": long(6, 128)}

_CHAT_FIELDS: dict[str, Callable[[Any], bool]] = {
    "stream": flag,
    "do_sample": flag,
    "temperature": between(0, 1),
    "top_p": between(0.01, 1),
    "max_tokens": between(1, MAX_TOKENS, whole=True),
    "stop": lambda value: isinstance(value, list) and len(value) == 1 and text(value[0]),
    "thinking": lambda value: (
        isinstance(value, dict)
        and set(value) <= {"type", "clear_thinking"}
        and value.get("type") in ("enabled", "disabled")
        and flag(value.get("clear_thinking", True))
    ),
    "reasoning_effort": lambda value: value in EFFORTS,
    "tools": lambda value: filled(value) and len(value) <= MAX_TOOLS,
    "tool_choice": one_of("auto"),
    "tool_stream": flag,
    "response_format": one_of({"type": "text"}, {"type": "json_object"}),
    **IDS,
}


def messages(given: list[Any], *, sees: bool) -> None:
    """Refuse messages of another form, and results of calls that nobody made."""
    called: set[str] = set()
    for message in given:
        match message:
            case {"role": "system", "content": str(words), **rest} if words and not rest:
                pass
            case {"role": "user", "content": content, **rest} if not rest:
                _user(content, sees=sees)
            case {"role": "assistant"}:
                _assistant(message, called)
            case {"role": "tool", "content": str(), "tool_call_id": str(call_id), **rest} if not rest:
                if call_id not in called:
                    raise bad("tool_call_id is of no call", 1214)
            case _:
                raise bad("a message of an unknown form", 1214)
    if not {message["role"] for message in given} & {"user", "tool"}:
        raise bad("messages of the system and the assistant alone", 1214)


def _user(content: Any, *, sees: bool) -> None:
    if text(content):
        return
    if not (sees and filled(content)):
        raise bad("content is no text", 1214)
    for part in content:
        match part:
            case {"type": "text", "text": str(words), **rest} if words and not rest:
                pass
            case {"type": "image_url", "image_url": {"url": str(url)}, **rest} if not rest:
                image(url)
            case _:
                raise bad("a content part of an unknown form", 1214)


def image(url: str) -> None:
    """Refuse a picture that is neither a URL nor base64, as the platform's own client sends it."""
    if url.startswith(("http://", "https://")):
        return
    try:
        content = a2b_base64(url, strict_mode=True)
    except ValueError:
        raise bad("a picture that is neither a URL nor base64", 1214) from None
    if len(content) > MAX_IMAGE_BYTES:
        raise bad("a picture of more than 5 MB", 1214)


def _assistant(message: dict[str, Any], called: set[str]) -> None:
    if set(message) - {"role", "content", "tool_calls", "reasoning_content"}:
        raise bad("an assistant's message with unknown fields", 1214)
    calls = message.get("tool_calls") or []
    if not text(message.get("content")) and not (calls and message.get("content") in ("", None)):
        raise bad("an assistant's message without content", 1214)
    if not isinstance(message.get("reasoning_content", ""), str):
        raise bad("reasoning_content is no text", 1214)
    for call in calls:
        match call:
            case {"id": str(call_id), "type": "function", "function": {"name": str(), "arguments": str()}} if call_id:
                called.add(call_id)
            case _:
                raise bad("a call of an unknown form", 1214)


def tools(given: list[Any]) -> None:
    """Refuse tools of another form."""
    for tool in given:
        match tool:
            case {"type": "function", "function": {"name": str(name), "parameters": {"type": "object"}, **rest}}:
                if not _TOOL_NAME.fullmatch(name) or set(rest) - {"description"} or len(tool) > 2:
                    raise bad("a function of an unknown form", 1214)
            case {"type": "web_search", "web_search": {"enable": bool(), **rest}}:
                if set(rest) - _SEARCH_FIELDS:
                    raise bad("a web_search of an unknown form", 1214)
            case _:
                raise bad("a tool of an unknown form", 1214)
