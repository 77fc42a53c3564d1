"""What an answer says, in each wire, streamed or whole: text, thought, calls, ending, error."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .schedule import Wire

type Json = dict[str, Any]


@dataclass
class Said:
    """What was read of an answer's body. `finish` is in the words of OpenAI's chat; empty: it has no end."""

    text: str = ""
    thought: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: str = ""
    error: Json | None = None
    begun_calls: dict[int, list[str]] = field(default_factory=dict)

    def call(self, place: int, name: str, arguments: str) -> None:
        """Take a piece of a call."""
        self.begun_calls.setdefault(place, ["", ""])
        self.begun_calls[place][0] += name
        self.begun_calls[place][1] += arguments

    def close(self) -> "Said":
        self.calls += [(name, _object(arguments)) for name, arguments in self.begun_calls.values()]
        return self


def read(wire: Wire, body: bytes, *, stream: bool) -> Said:
    """Read a body, as far as it came. ValueError: what came is no such answer."""
    said = Said()
    if not stream:
        if body:
            _WHOLE[wire](json.loads(body), said)
        return said.close()
    for event in _events(body):
        _STREAMED[wire](event, said)
    return said.close()


def _events(body: bytes) -> Iterator[Json]:
    """The complete events of a stream."""
    for block in body.split(b"\n\n")[:-1]:
        lines = [line[6:] for line in block.split(b"\n") if line.startswith(b"data: ")]
        if lines and lines[0] != b"[DONE]":
            yield json.loads(b"\n".join(lines))


def _object(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _chat(message: Json, said: Said) -> None:
    said.text += message.get("content") or ""
    said.thought += message.get("reasoning_content") or ""
    for place, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        said.call(call.get("index", place), function.get("name") or "", function.get("arguments") or "")


def _chat_whole(body: Json, said: Said) -> None:
    said.error = body.get("error")
    for choice in body.get("choices", ()):
        _chat(choice["message"], said)
        said.finish = choice["finish_reason"]


def _chat_event(event: Json, said: Said) -> None:
    said.error = event.get("error") or said.error
    for choice in event.get("choices", ()):
        _chat(choice["delta"], said)
        said.finish = choice.get("finish_reason") or said.finish


_STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "refusal": "filter",
    "tool_use": "tool_calls",
}


def _message_whole(body: Json, said: Said) -> None:
    said.error = body.get("error")
    for block in body.get("content", ()):
        if block["type"] == "text":
            said.text += block["text"]
        elif block["type"] == "tool_use":
            said.calls.append((block["name"], block["input"]))
    said.finish = _STOPS.get(body.get("stop_reason") or "", "")


def _message_event(event: Json, said: Said) -> None:
    match event:
        case {"type": "error", "error": error}:
            said.error = error
        case {"type": "content_block_start", "index": place, "content_block": {"type": "tool_use", "name": name}}:
            said.call(place, name, "")
        case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
            said.text += text
        case {
            "type": "content_block_delta",
            "index": place,
            "delta": {"type": "input_json_delta", "partial_json": text},
        }:
            said.call(place, "", text)
        case {"type": "message_delta", "delta": {"stop_reason": reason}}:
            said.finish = _STOPS.get(reason or "", "")
        case _:
            pass


def _response_whole(body: Json, said: Said) -> None:
    said.error = body.get("error")
    for item in body.get("output", ()):
        if item["type"] == "message":
            said.text += "".join(part["text"] for part in item["content"] if part["type"] == "output_text")
        elif item["type"] == "function_call":
            said.calls.append((item["name"], _object(item["arguments"])))
    cut = (body.get("incomplete_details") or {}).get("reason") == "max_output_tokens"
    said.finish = "length" if cut else "stop" if body.get("status") == "completed" else ""


def _response_event(event: Json, said: Said) -> None:
    match event:
        case {"type": "response.output_text.delta", "delta": delta}:
            said.text += delta
        case {"type": "response.output_item.done", "item": {"type": "function_call", "name": name, "arguments": text}}:
            said.calls.append((name, _object(text)))
        case {"type": "response.completed" | "response.incomplete" | "response.failed", "response": response}:
            ended = Said()
            _response_whole(response, ended)
            said.finish, said.error = ended.finish, ended.error
            if ended.error is None and ended.text != said.text:
                raise ValueError("the last event repeats another text than was sent")
        case {"type": "error", **error}:
            said.error = dict(error)
        case _:
            pass


type _Reader = Callable[[Json, Said], None]
_WHOLE: dict[Wire, _Reader] = {"openai": _chat_whole, "anthropic": _message_whole, "responses": _response_whole}
_STREAMED: dict[Wire, _Reader] = {"openai": _chat_event, "anthropic": _message_event, "responses": _response_event}
