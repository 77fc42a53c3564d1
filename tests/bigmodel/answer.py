"""What the platform is to answer to a chat call: parts, ending, pace. Written by tests, sent by `chat`."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.upstream.gate import Gate

type Delta = dict[str, Any]
type Chunk = dict[str, Any] | bytes


class Text:
    """The answer's words, in deltas."""

    def __init__(self, *deltas: str) -> None:
        self.deltas = deltas


class Reasoning:
    """What the model thinks before it answers, in deltas. Left out where thinking is disabled."""

    def __init__(self, *deltas: str) -> None:
        self.deltas = deltas


class Call:
    """A call of a tool.

    The arguments are sent in these pieces where the request says `tool_stream`, and whole where it does not; an object
    is sent as JSON. `id` None: the platform makes one; empty: it sends none.
    """

    def __init__(self, name: str, *arguments: str | Mapping[str, Any], id: str | None = None) -> None:  # noqa: A002
        self.name = name
        self.pieces = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in arguments]
        self.id = id


@dataclass(frozen=True)
class Source:
    """A page that a search found."""

    title: str
    link: str
    content: str = ""


class WebSearch:
    """What a search of the platform's own found; a chunk without choices' content."""

    def __init__(self, *sources: Source) -> None:
        self.sources = sources


class Raw:
    """Bytes in the place of a chunk: a comment, half an event, anything."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class AnyDelta:
    """Any delta, as it is: `AnyDelta(content=None, tool_calls=[…])`."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields


type Part = Text | Reasoning | Call | WebSearch | Raw | AnyDelta


@dataclass(frozen=True)
class Usage:
    """Tokens, as the platform counts them."""

    prompt: int
    completion: int
    reasoning: int = 0
    cached: int = 0

    def body(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }


@dataclass(frozen=True, init=False)
class Answer:
    """One answer of the platform.

    `finish`: the finish reason; None: `stop`, or `tool_calls` where there is a call. `usage` None: counted from what is
    said; False: none is sent. `usage_apart`: in a chunk of its own, whose choices are empty. `empty_choices`: the first
    chunk has none. `bare`: chunks without `object`. `error`: a code, told in an event instead of the last chunk. `cut`:
    the connection closes before the last chunk; `clean`: the HTTP body ends in order all the same. `done` False: no
    `[DONE]`. `before`, `delay`: seconds until the first chunk and between chunks; `gate` holds them. `crlf`: lines end
    with CR LF. `stays_open`: after the last chunk nothing but comments comes, and no end.
    """

    parts: tuple[Part, ...]
    finish: str | None = None
    usage: Usage | bool | None = None
    usage_apart: bool = False
    empty_choices: bool = False
    bare: bool = False
    error: int | None = None
    cut: bool = False
    clean: bool = False
    done: bool = True
    before: float = 0.0
    delay: float = 0.0
    gate: Gate | None = None
    crlf: bool = False
    stays_open: bool = False

    def __init__(self, *parts: Part, **options: Any) -> None:
        for name, value in {"parts": parts, **options}.items():
            if name not in self.__dataclass_fields__:
                raise TypeError(f"an Answer has no {name}")
            object.__setattr__(self, name, value)

    @property
    def finish_reason(self) -> str:
        calls = any(isinstance(part, Call) for part in self.parts)
        return self.finish or ("tool_calls" if calls else "stop")

    def fitted(self, body: Mapping[str, Any]) -> "Answer":
        """Return what is left of it under the limits that the request sets; a delta counts as a token."""
        parts: list[Part] = list(self.parts)
        finish = self.finish
        if (body.get("thinking") or {}).get("type") == "disabled":
            parts = [part for part in parts if not isinstance(part, Reasoning)]
        if stop := (body.get("stop") or [None])[0]:
            parts = _stopped(parts, stop)
        if (most := body.get("max_tokens")) is not None:
            parts, complete = _shortened(parts, most)
            finish = finish if complete else "length"
        fitted = _with_parts(self, parts)
        object.__setattr__(fitted, "finish", finish)
        return fitted


def _with_parts(answer: Answer, parts: Iterable[Part]) -> Answer:
    """Return the same answer with other parts."""
    options = {name: getattr(answer, name) for name in answer.__dataclass_fields__ if name != "parts"}
    return Answer(*parts, **options)


def _stopped(parts: list[Part], stop: str) -> list[Part]:
    kept: list[Part] = []
    for part in parts:
        if not isinstance(part, Text) or stop not in "".join(part.deltas):
            kept.append(part)
            continue
        kept.append(Text("".join(part.deltas).partition(stop)[0]))
        break
    return kept


def _shortened(parts: list[Part], most: int) -> tuple[list[Part], bool]:
    kept: list[Part] = []
    for part in parts:
        if not isinstance(part, Text | Reasoning):
            kept.append(part)
            continue
        kept.append(type(part)(*part.deltas[:most]))
        most -= len(part.deltas)
        if most < 0:
            return kept, False
    return kept, True


def deltas(answer: Answer, *, pieces: bool) -> list[Delta | Raw]:
    """Return the deltas of all parts. `pieces`: a call's arguments as it has them, instead of whole."""
    made: list[Delta | Raw] = []
    numbers = itertools.count()
    for part in answer.parts:
        match part:
            case Text():
                made += [{"role": "assistant", "content": delta} for delta in part.deltas]
            case Reasoning():
                made += [{"role": "assistant", "reasoning_content": delta} for delta in part.deltas]
            case Call():
                made += _call(part, next(numbers), pieces=pieces)
            case WebSearch():
                made.append({"web_search": search(part)})
            case AnyDelta():
                made.append(part.fields)
            case Raw():
                made.append(part)
    return made


def _call(call: Call, number: int, *, pieces: bool) -> list[Delta]:
    arguments = (call.pieces or [""]) if pieces else ["".join(call.pieces)]
    first: dict[str, Any] = {
        "index": number,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments[0]},
    }
    if call.id != "":
        first["id"] = call.id or call_id(number)
    rest = [{"index": number, "function": {"arguments": piece}} for piece in arguments[1:]]
    return [{"role": "assistant", "tool_calls": [one]} for one in (first, *rest)]


def call_id(number: int) -> str:
    """Return the id of an answer's call."""
    return f"call_-8123456789{number}"


def search(found: WebSearch) -> list[dict[str, str]]:
    """Return a search's results as the platform writes them."""
    return [
        {"title": one.title, "link": one.link, "content": one.content, "refer": f"ref_{number}"}
        for number, one in enumerate(found.sources, 1)
    ]


def counted(answer: Answer, prompt: int) -> Usage | None:
    """Return the tokens of an answer to a prompt of so many; a delta counts as one."""
    if isinstance(answer.usage, Usage):
        return answer.usage
    if answer.usage is False:
        return None
    reasoning = sum(len(part.deltas) for part in answer.parts if isinstance(part, Reasoning))
    words = sum(len(part.deltas) for part in answer.parts if isinstance(part, Text))
    calls = sum(len(part.pieces) + 1 for part in answer.parts if isinstance(part, Call))
    return Usage(prompt, reasoning + words + calls, reasoning)


def many_deltas(count: int, *, delay: float = 0.0, before: float = 0.0) -> Answer:
    """`count` deltas of a text, `delay` seconds apart."""
    return Answer(Text(*(f"delta {number} " for number in range(count))), delay=delay, before=before)


def from_json(described: Mapping[str, Any]) -> Answer:
    """Read what another process may order: {"count": 200, "delay"?, "before"?}, or {"reasoning": […]?, "text": […]?,
    "calls": [{"name", "arguments": […]}]?, …options of `Answer` that are numbers, texts or flags}.
    """
    options = dict(described)
    if "count" in options:
        return many_deltas(**options)
    parts: list[Part] = []
    if reasoning := options.pop("reasoning", ()):
        parts.append(Reasoning(*reasoning))
    if text := options.pop("text", ()):
        parts.append(Text(*text))
    parts += [Call(call["name"], *call["arguments"]) for call in options.pop("calls", ())]
    return Answer(*parts, **options)
