"""Structured output: what the model is told, and the JSON value that is read out of its answer.

Models put the value into a code fence, write prose around it, or leave the end of their thinking before it (tools.md,
"Structured output"). What is read is checked; what does not fit is never handed out.
"""

import json
import re
from typing import Any, Final, NamedTuple, NoReturn

from lib.errors import BadRequest
from lib.structured.schema import Checker
from lib.types.chat import ChatRequest, Message, ResponseFormat, TextPart, Tool

_THOUGHT: Final = "</think>"
_BEGINS: Final = {
    "{": r"""\{\s{0,80}(?:["'}]|[A-Za-z_]\w{0,80}\s{0,80}:)""",
    "[": r"""\[\s{0,80}(?:["{\[\]]|-?\d|true\b|false\b|null\b)""",
}
"""How a value begins. A brace in prose is none; one that is meant as JSON and is not gets told so."""
_CONTEXT: Final = 40
"""Characters that are shown where JSON breaks off, so that the model finds the place."""


class Reading(NamedTuple):
    """What was read: the JSON text to hand out, or what is wrong. One of them is empty."""

    json: str
    fault: str = ""
    """In words for the model."""


def instructions(format_: ResponseFormat) -> str:
    """What the model is told, as a part of the prompt."""
    if format_.schema is None:
        return "Answer with one JSON object alone: no text before or after it, no code fence."
    about = [f"It is called {format_.name}."] if format_.name else []
    about += [format_.description] if format_.description else []
    return "\n".join(
        [
            "Answer with one JSON value alone: no text before or after it, no code fence. It has to fit this schema:",
            json.dumps(dict(format_.schema), ensure_ascii=False, separators=(",", ":")),
            *about,
        ]
    )


def instructed(request: ChatRequest) -> ChatRequest:
    """`request` with the instructions at the end of the user's last message: nearest to the answer, and sent in a
    conversation that goes on, too."""
    assert request.response_format is not None
    part = TextPart(instructions(request.response_format))
    *before, last = request.messages
    if last.role == "user":
        return request._replace(messages=(*before, last._replace(parts=(*last.parts, part))))
    return request._replace(messages=(*request.messages, Message("user", (part,))))


def repair(fault: str) -> str:
    """The user's turn that asks again, after an answer in which `fault` was found."""
    return (
        f"That answer cannot be used: {fault}\n"
        "Write the whole JSON value again, corrected: the value alone, no text before or after it, no code fence."
    )


def checker(format_: ResponseFormat) -> Checker | None:
    """What the answer is checked with; None for any object. `BadRequest` where the schema cannot be used."""
    return None if format_.schema is None else Checker(format_.schema, "response_format")


def read(text: str, format_: ResponseFormat) -> Reading:
    """The JSON value in an answer, checked. `BadRequest` where the schema cannot be used."""
    return read_checked(text, format_, checker(format_))


def read_checked(text: str, format_: ResponseFormat, check: Checker | None) -> Reading:
    """The same, with a `checker` that is at hand."""
    found = _find(text, _openers(format_))
    if found.fault:
        return Reading("", found.fault)
    if check is None:
        return Reading(found.json) if isinstance(found.value, dict) else Reading("", "it has to be a JSON object.")
    fault = check.fault(found.value)
    return Reading("", f"the JSON value does not fit the schema {fault}.") if fault else Reading(found.json)


def check_arguments(arguments: str, tool: Tool) -> str | None:
    """Why `arguments`, a JSON text, do not fit `tool`; None where they do.

    A schema that cannot be used is an error where the tool is strict; where not, any object will do.
    """
    try:
        value = _STRICT.decode(arguments)
    except (ValueError, RecursionError) as error:
        return f"the arguments of {tool.name} are not valid JSON: {_words(error, arguments)}"
    if not isinstance(value, dict):
        return f"the arguments of {tool.name} have to be a JSON object."
    if not tool.parameters:
        return None
    try:
        fault = Checker(tool.parameters, "tools").fault(value)
    except BadRequest:
        if tool.strict:
            raise
        return None
    return f"the arguments of {tool.name} do not fit its schema {fault}." if fault else None


class _Found(NamedTuple):
    json: str = ""
    value: Any = None
    fault: str = ""
    end: int = -1
    """Where it ends in the text."""


def _openers(format_: ResponseFormat) -> str:
    """With which signs the value may begin, by what the schema says of its type."""
    kind = "object" if format_.schema is None else format_.schema.get("type")
    return {"object": "{", "array": "["}.get(kind, "{[") if isinstance(kind, str) else "{["


def _find(text: str, openers: str) -> _Found:
    whole = text.strip()
    try:
        return _Found(whole, _STRICT.decode(whole))
    except (ValueError, RecursionError):
        pass
    thought = whole.rfind(_THOUGHT)
    first = _decode(whole, _begin(whole, openers))
    if first.end > thought:
        return first
    later = _begin(whole, openers, thought)
    return first if later < 0 else _decode(whole, later)


def _begin(text: str, openers: str, start: int = 0) -> int:
    """Where the first value begins; -1 where none does."""
    found = re.compile("|".join(_BEGINS[sign] for sign in openers)).search(text, max(0, start))
    return found.start() if found else -1


def _decode(text: str, start: int) -> _Found:
    if start < 0:
        return _Found(fault="there is no JSON value in it.")
    try:
        value, end = _LENIENT.raw_decode(text, start)
        return _Found(_strict(text[start:end], value), value, end=end)
    except (ValueError, RecursionError) as error:
        return _Found(fault=f"the JSON in it is not valid: {_words(error, text)}")


def _strict(text: str, value: Any) -> str:
    """`text`, or the same value again where it holds bare line ends, which other readers refuse."""
    try:
        _STRICT.decode(text)
    except ValueError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON.")


_STRICT: Final = json.JSONDecoder(parse_constant=_refuse)
_LENIENT: Final = json.JSONDecoder(parse_constant=_refuse, strict=False)


def _words(error: Exception, text: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        near = text[max(0, error.pos - _CONTEXT) : error.pos + _CONTEXT]
        return f"{error.msg} near {near!r}."
    return "it is nested too deeply." if isinstance(error, RecursionError) else str(error)
