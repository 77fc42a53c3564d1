"""The HTTP requests of clients: what each kind of request says in each wire."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.upstream import media

from . import text
from .schedule import Ask

TOOL: Final = "get_weather"
FOLLOW_UP: Final = 1_000_000
"""Added to a request's number where its client asks once more."""
LAST: Final = 2_000_000
"""From here on requests ask, when all faults have ended, whether each account still works."""
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["city", "days"],
}
_EARLIER: Final = ("What did we speak of?", "Of the weather: it was sunny.")
_PATHS: Final = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}


@dataclass(frozen=True)
class Request:
    """An HTTP request, as bytes but for its connection."""

    method: str
    path: str
    key: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def head(self, host: str, request_id: str) -> bytes:
        lines = {
            "Host": host,
            "Authorization": f"Bearer {self.key}",
            "X-Request-Id": request_id,
            "Connection": "close",
            **({"Content-Type": "application/json", "Content-Length": str(len(self.body))} if self.body else {}),
            **self.headers,
        }
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{written}\r\n".encode()


def first(ask: Ask, key: str) -> Request:
    """The request that an ask begins with."""
    if ask.what == "picture":
        body = {"prompt": text.prompt(ask.number), "response_format": "b64_json"}
        return _post("/v1/images/generations", key, body)
    if ask.what == "video":
        model = "cogvideox-3" if not ask.on_service else "cogvideox"
        return _post("/v1/videos/generations", key, {"model": model, "prompt": text.prompt(ask.number)})
    made = {"openai": _openai, "anthropic": _anthropic, "responses": _responses}[ask.wire](ask)
    return _post(_PATHS[ask.wire], key, {"model": "glm-5.3", "stream": ask.stream, **made})


def poll(job: str, key: str) -> Request:
    """How far is this video?"""
    return Request("GET", f"/v1/videos/generations/{job}", key)


def removal(job: str, key: str) -> Request:
    """Away with this video."""
    return Request("DELETE", f"/v1/videos/generations/{job}", key)


def plain(number: int, key: str) -> Request:
    """A short question, answered whole."""
    messages = [{"role": "user", "content": text.prompt(number)}]
    return _post(_PATHS["openai"], key, {"model": "glm-5.3", "messages": messages})


def picture_of(number: int) -> bytes:
    """The picture that request `number` sends along."""
    return media.picture(number % 10, 16 + number % 50, 24)


def _post(path: str, key: str, body: dict[str, Any]) -> Request:
    return Request("POST", path, key, json.dumps(body, ensure_ascii=False).encode())


def _openai(ask: Ask) -> dict[str, Any]:
    asked: Any = text.prompt(ask.number)
    if ask.what == "file":
        url = "data:image/jpeg;base64," + base64.b64encode(picture_of(ask.number)).decode()
        asked = [{"type": "text", "text": asked}, {"type": "image_url", "image_url": {"url": url}}]
    body: dict[str, Any] = {"messages": [*_turns(ask), {"role": "user", "content": asked}]}
    if ask.what == "file":
        body["model"] = "glm-5.3-flash"
    if ask.what == "tools":
        function = {"name": TOOL, "description": "Tells the weather", "parameters": _SCHEMA}
        body["tools"] = [{"type": "function", "function": function}]
    return body


def _anthropic(ask: Ask) -> dict[str, Any]:
    messages = [*_turns(ask), {"role": "user", "content": text.prompt(ask.number)}]
    body: dict[str, Any] = {"messages": messages, "max_tokens": 100_000}
    if ask.what == "tools":
        body["tools"] = [{"name": TOOL, "description": "Tells the weather", "input_schema": _SCHEMA}]
    return body


def _responses(ask: Ask) -> dict[str, Any]:
    body: dict[str, Any] = {"input": [*_turns(ask), {"role": "user", "content": text.prompt(ask.number)}]}
    if ask.what == "tools":
        body["tools"] = [{"type": "function", "name": TOOL, "description": "Tells the weather", "parameters": _SCHEMA}]
    return body


def _turns(ask: Ask) -> list[dict[str, str]]:
    if ask.what != "turns":
        return []
    return [{"role": "user", "content": _EARLIER[0]}, {"role": "assistant", "content": _EARLIER[1]}]
