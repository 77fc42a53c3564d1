"""What the platform refuses in the body of a chat call. Every reason is a `Refusal`."""

import io
import json
import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from . import models
from .errors import Refusal, bad

MAX_TOOLS = 128
MAX_IMAGE_BYTES = 5 * 1024 * 1024
EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}
EFFORT_SINCE = 5.2
MAX_SIDE = 6000

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SEARCH_FIELDS = {"enable", "search_engine", "search_query", "search_result", "count", "content_size", "search_prompt"}


def chat(body: Mapping[str, Any]) -> None:
    """Refuse a body that is not one of a chat call. Fields that are not known are ignored."""
    name = str(body.get("model") or "").lower()
    if name not in models.CAPS:
        raise Refusal(1211)
    known({field: body[field] for field in body if field in _CHAT_FIELDS or field in ("model", "messages")}, _CHAT)
    messages(body["messages"], sees=name in models.VISION)
    tools(body.get("tools") or [])
    if (body.get("max_tokens") or 1) > models.CAPS[name]:
        raise bad(f"max_tokens参数非法：限制数值范围[1,{models.CAPS[name]}]")
    _thinking(name, body.get("thinking") or {}, body.get("reasoning_effort"))
    if body.get("tool_stream") and not body.get("stream"):
        raise bad("tool_stream without stream")


def _thinking(name: str, thinking: Mapping[str, Any], effort: Any) -> None:
    if name in models.ALWAYS_THINK:
        if thinking.get("type") == "disabled" or effort not in (None, "low", "high", "max"):
            raise bad("该模型始终思考，不支持关闭思考；请使用 low、high 或 max。")
    elif effort is not None and models.version(name) >= EFFORT_SINCE and effort not in EFFORTS:
        raise bad(f"reasoning_effort must be one of: {', '.join(sorted(EFFORTS))}")


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
    "max_tokens": between(1, 10**9, whole=True),
    "stop": lambda value: isinstance(value, list) and len(value) == 1 and text(value[0]),
    "thinking": lambda value: (
        isinstance(value, dict)
        and set(value) <= {"type", "clear_thinking"}
        and value.get("type") in ("enabled", "disabled")
        and flag(value.get("clear_thinking", True))
    ),
    "tools": lambda value: filled(value) and len(value) <= MAX_TOOLS,
    "tool_choice": one_of("auto"),
    "tool_stream": flag,
    "response_format": one_of({"type": "text"}, {"type": "json_object"}),
    **IDS,
}
_CHAT: dict[str, Callable[[Any], bool]] = {"model": text, "messages": filled, **_CHAT_FIELDS}


def messages(given: list[Any], *, sees: bool) -> None:
    """Refuse messages of another form, results of calls that nobody made, calls without a result."""
    called: set[str] = set()
    waiting: set[str] = set()
    for message in given:
        if message.get("role") != "tool" and waiting:
            raise bad("a call has no result", 1214)
        match message:
            case {"role": "system", "content": str(words), **rest} if words and not rest:
                pass
            case {"role": "user", "content": content, **rest} if not rest:
                _user(content, sees=sees)
            case {"role": "assistant"}:
                made = _assistant(message)
                if made & called or len(made) < len(message.get("tool_calls") or []):
                    raise bad("tool_call_id is used twice", 1214)
                called |= made
                waiting = made
            case {"role": "tool", "content": str(words), "tool_call_id": str(call_id), **rest} if words and not rest:
                if call_id not in waiting:
                    raise bad("tool_call_id is of no call", 1214)
                waiting.remove(call_id)
            case {"role": "developer"}:
                raise bad("角色信息不正确", 1214)
            case _:
                raise bad("a message of an unknown form", 1214)
    if waiting:
        raise bad("a call has no result", 1214)
    if not {message["role"] for message in given} & {"user", "tool"}:
        raise bad("messages of the system and the assistant alone", 1214)


def _user(content: Any, *, sees: bool) -> None:
    if isinstance(content, str):
        if not content.strip():
            raise bad("未正常接收到prompt参数", 1213)
        return
    if not filled(content):
        raise bad("未正常接收到prompt参数", 1213)
    kinds = {str(part.get("type")) for part in content}
    if not sees and kinds - {"text"}:
        raise bad("messages.content.type 参数非法，取值范围 ['text']")
    if "text" not in kinds:
        raise bad("未正常接收到prompt参数", 1213)
    if len(kinds - {"text"}) > 1:
        raise bad("pictures, videos and files do not go together")
    for part in content:
        match part:
            case {"type": "text", "text": str(words), **rest} if words and not rest:
                pass
            case {"type": "image_url", "image_url": {"url": str(url)}, **rest} if not rest:
                image(url)
            case {"type": "video_url", "video_url": {"url": str(url)}, **rest} if not rest:
                if not url.startswith(("http://", "https://")):
                    raise bad("a video that is no URL")
            case _:
                raise bad("a content part of an unknown form", 1214)


def frame(url: str) -> None:
    """Refuse a picture of a video that is neither a URL nor what `image` takes."""
    if not url.startswith(("http://", "https://")):
        image(url)


def image(url: str) -> None:
    """Refuse a picture that is no base64 of a PNG or JPEG within bounds: what can be reached from here, it cannot."""
    try:
        content = a2b_base64(url, strict_mode=True)
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            size = picture.size
    except (ValueError, OSError):
        raise bad("图片输入格式/解析错误") from None
    if len(content) > MAX_IMAGE_BYTES or max(size) > MAX_SIDE:
        raise bad("a picture of more than 5 MB, or too large a one")


def _assistant(message: dict[str, Any]) -> set[str]:
    if set(message) - {"role", "content", "tool_calls", "reasoning_content"}:
        raise bad("an assistant's message with unknown fields", 1214)
    calls = message.get("tool_calls") or []
    if not text(message.get("content")) and not (calls and message.get("content") is None):
        raise bad("an assistant's message without content", 1213)
    if not isinstance(message.get("reasoning_content", ""), str):
        raise bad("reasoning_content is no text", 1214)
    made: set[str] = set()
    for call in calls:
        match call:
            case {"id": str(call_id), "type": "function", "function": {"name": str(), "arguments": str(arguments)}}:
                if not call_id or not _is_object(arguments):
                    raise bad("a call without an id, or whose arguments are no object", 1214)
                made.add(call_id)
            case _:
                raise bad("a call of an unknown form", 1214)
    return made


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False


def tools(given: list[Any]) -> None:
    """Refuse tools of another form."""
    for tool in given:
        match tool:
            case {"type": "function", "function": {"name": str(name), "parameters": {"type": "object", **schema}}}:
                if not _TOOL_NAME.fullmatch(name) or not isinstance(schema.get("properties", {}), dict):
                    raise bad("a function of an unknown form", 1214)
            case {"type": "web_search", "web_search": {"enable": bool(), **rest}}:
                if set(rest) - _SEARCH_FIELDS:
                    raise bad("a web_search of an unknown form", 1214)
            case _:
                raise bad("a tool of an unknown form", 1214)
