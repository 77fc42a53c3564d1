"""What the platform answers when no test has said what: enough to show every kind of answer."""

import json
from typing import Any

from .answer import Answer, Call, Part, Reasoning, Source, Text, WebSearch


def answer(body: dict[str, Any], delay: float) -> Answer:
    """Answer a chat call's `body`; `delay` in seconds between deltas."""
    last = body["messages"][-1]
    prompt = _words_of(last)
    functions = [tool["function"] for tool in body.get("tools") or [] if tool["type"] == "function"]
    parts: list[Part] = [
        Reasoning(*_words("The stand-in thinks: the question is short, so the answer may be short too."))
    ]
    if any(tool["type"] == "web_search" for tool in body.get("tools") or []):
        parts.append(WebSearch(Source("The first page", "https://example.com/first", "What the first page says.")))
    called = next((one for one in functions if one["name"] in prompt), None)
    if called is not None and last["role"] == "user":
        parts.append(Call(called["name"], *_arguments(called["parameters"])))
    elif (body.get("response_format") or {}).get("type") == "json_object":
        parts.append(Text(*_words(json.dumps({"answer": prompt}, ensure_ascii=False))))
    else:
        parts.append(Text(*_words(f"This is the stand-in for the open platform, not a model. You said: {prompt}")))
    return Answer(*parts, delay=delay)


def _arguments(parameters: dict[str, Any]) -> list[str]:
    examples = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    properties = parameters.get("properties", {})
    values = {name: examples.get(str(one.get("type")), "text") for name, one in properties.items()}
    written = json.dumps(values)
    return [written[:5], written[5:]] if len(written) > 5 else [written]


def _words_of(message: dict[str, Any]) -> str:
    content = message["content"] or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _words(text: str) -> list[str]:
    head, *tail = text.split(" ")
    return [head, *(" " + word for word in tail)]
