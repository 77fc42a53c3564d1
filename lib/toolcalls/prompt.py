"""Tools as a prompt: their declaration, earlier calls and results as texts, and marks escaped in all other texts."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from lib.errors import ContextLengthExceeded
from lib.structured import loose_json
from lib.structured.kinds import kinds, properties
from lib.tokens import tokens
from lib.toolcalls import trained as syntax  # `invoke` is the other one: what the prompt asks for is this line.
from lib.toolcalls.arguments import is_string
from lib.toolcalls.escape import RESULT_CLOSER, RESULT_OPENER, escape
from lib.toolcalls.json_calls import arguments_in
from lib.types.chat import ChatRequest, Message, Part, TextPart, Tool, ToolCall

type Shown = Callable[[str], str]
"""The name by which the model knows a tool."""

MAX_NAMED: Final = 40
"""Names that the short addition repeats; with more tools, the declaration alone names them."""

_DECLARATION: Final = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{tools}\n</tools>\n\n{form}"
)
_HOW: Final = (
    "To act, write the block, then stop: the next message brings the results. The functions run on the user's machine"
    "{names}. Several blocks may follow one another.\n\nFor example:\n{example}"
)
_HOW_ONE: Final = (
    "To act, write one block, then stop: the next message brings the result. The functions run on the user's machine"
    "{names}.\n\nFor example:\n{example}"
)
_REMINDER: Final = "(To call a function, write its block in exactly the form given under # Tools, then stop.)"
_REQUIRED: Final = (
    "(Answer with a call of {names}: write its block in exactly the form given under # Tools, then stop.)"
)
MAX_SEARCHED: Final = 2000
"""Letters at the end of the newest words in which a wish against calls is looked for."""
_FORBIDS: Final = re.compile(
    r"\b(?:do not|don't|never|must not|without)\b[^.\n]{0,40}\b(?:call|us|invok)(?:e|ing|s)?\b"
    r"[^.\n]{0,30}\b(?:tool|function)"
    r"|\b(?:create|write|provide|produce|give)\b[^.\n]{0,60}\bsummary of (?:the|this|our)\b[^.\n]{0,30}conversation"
    r"|\bhandoff summary\b|不要(?:再)?(?:调用|使用)[^。\n]{0,10}(?:工具|函数)",
    re.IGNORECASE,
)
"""The caller wants no call, or a summary, as agents do where they compact a conversation."""
_EXAMPLES: Final[dict[str, Any]] = {
    "string": "…",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}


def declaration(request: ChatRequest, shown: Shown = str) -> str:
    """What tells the model of the tools that this answer may call; empty where there are none."""
    tools = request.callable_tools
    if not tools:
        return ""
    block = _DECLARATION.format(tools="\n".join(_declared(tool, shown) for tool in tools), form=syntax.INSTRUCTION)
    names = ": " + ", ".join(shown(tool.name) for tool in tools) if len(tools) <= MAX_NAMED else ""
    how = _HOW if request.parallel_tool_calls else _HOW_ONE
    parts = [block, how.format(names=names, example=_example(tools, shown))]
    if request.tool_choice.mode == "required":
        parts.append(f"This answer must call {_names(tools, shown)}.")
    return "\n\n".join(parts)


def reminder(request: ChatRequest, shown: Shown = str) -> str:
    """The line at the very end of the prompt; empty where nothing may be called, or the caller's own last words are
    against it: they would stand before this line, and it would count."""
    tools = request.callable_tools
    if not tools:
        return ""
    if request.tool_choice.mode == "required":
        return _REQUIRED.format(names=_names(tools, shown))
    last = request.messages[-1] if request.messages else None
    forbids = last is not None and last.role in ("user", "system") and _FORBIDS.search(last.text[-MAX_SEARCHED:])
    return "" if forbids else _REMINDER


def call_names(messages: Iterable[Message]) -> dict[str, str]:
    """The names of the tools that were called, by the calls' ids."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def message_text(message: Message, names: Mapping[str, str], shown: Shown = str) -> str:
    """The words of a message as the model is to see them, with its calls, or as a result. `names`: see `call_names`."""
    words = escape(message.text)
    if message.role == "tool":
        return f"{_result_opener(message, names, shown)}\n{words}\n{_result_closer(message)}"
    return "\n".join(filter(None, (words, calls_text(message.tool_calls, shown))))


def calls_text(calls: Iterable[ToolCall], shown: Shown = str) -> str:
    """Calls in the canonical form, one after the other."""
    return "\n".join(_call_text(call, shown) for call in calls)


def messages(
    request: ChatRequest,
    clean: Callable[[str], str] = lambda words: words,
    names: Mapping[str, str] | None = None,
    shown: Shown = str,
) -> tuple[Message, ...]:
    """The conversation for an upstream that knows no tools: the declaration first, calls and results as words.

    `clean` is applied to the assistant's own words, not to its calls. Results are the user's; those that follow one
    another are one message. Files stay where they were. `names`: see `call_names`, where these messages are not all.
    """
    names = call_names(request.messages) if names is None else names
    found: list[Message] = []
    for message in request.messages:
        parts = _parts(message, names, clean, shown)
        role = "user" if message.role == "tool" else message.role
        if message.role == "tool" and found and found[-1].role == "user":
            found[-1] = found[-1]._replace(parts=(*found[-1].parts, *parts))
        else:
            found.append(Message(role, parts, reasoning=message.reasoning))
    if told := declaration(request, shown):
        found.insert(0, Message("system", (TextPart(told),)))
    if last := reminder(request, shown):
        if found[-1].role == "user":
            found[-1] = found[-1]._replace(parts=(*found[-1].parts, TextPart(last)))
        else:
            found.append(Message("user", (TextPart(last),)))
    return tuple(found)


def _parts(message: Message, names: Mapping[str, str], clean: Callable[[str], str], shown: Shown) -> tuple[Part, ...]:
    cleaned = clean if message.role == "assistant" else str
    parts: list[Part] = [
        TextPart(escape(cleaned(part.text))) if isinstance(part, TextPart) else part for part in message.parts
    ]
    if message.role == "tool":
        return (TextPart(_result_opener(message, names, shown)), *parts, TextPart(_result_closer(message)))
    if message.tool_calls:
        parts.append(TextPart(calls_text(message.tool_calls, shown)))
    return tuple(parts)


def _result_opener(message: Message, names: Mapping[str, str], shown: Shown) -> str:
    name = message.tool_name or names.get(message.tool_call_id, "") or "a tool"
    failed = " The tool failed:" if message.is_error else ""
    return f"{RESULT_OPENER}{_one_line(shown(name))} ({_one_line(message.tool_call_id) or 'no id'})]{failed}"


def _result_closer(message: Message) -> str:
    return f"{RESULT_CLOSER} This call is done."


def _one_line(text: str) -> str:
    return escape(" ".join(text.split())).replace("]", ")")


def _call_text(call: ToolCall, shown: Shown) -> str:
    values = arguments_in(call.arguments) if call.arguments.strip() else {}
    if values is None:  # What the model wrote was no object: told as it was, so that the result has its call.
        values = {"arguments": call.arguments}
    texts = {escape(key): _value_text(value) for key, value in values.items()}
    return syntax.write(_one_line(shown(call.name)), texts)


def _value_text(value: Any) -> str:
    return escape(value if isinstance(value, str) else loose_json.encode(value))


def _declared(tool: Tool, shown: Shown) -> str:
    """A tool as one line of JSON. Its texts come from the caller's own tools, and from servers that offer some."""
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": shown(tool.name), "description": tool.description, "parameters": parameters}
    return escape(loose_json.encode({"type": "function", "function": function}))


def _example(tools: tuple[Tool, ...], shown: Shown) -> str:
    """A call of a real tool, with the arguments that it requires."""
    examples = [(tool.name, _required(tool)) for tool in tools]
    # The fewest arguments, but some: how they are written is what the example shows.
    name, values = min(examples, key=lambda example: (not example[1], len(example[1])))
    return calls_text([ToolCall("", name, loose_json.encode(values))], shown)


def _required(tool: Tool) -> dict[str, Any]:
    known = properties(tool.parameters, tool.parameters)
    required = tool.parameters.get("required")
    keys = (
        [key for key in required if isinstance(key, str) and key in known] if isinstance(required, list | tuple) else []
    )
    return {key: _example_value(known[key], tool) for key in keys}


def _example_value(schema: Any, tool: Tool) -> Any:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
    if is_string(schema, tool.parameters):
        return _EXAMPLES["string"]
    allowed = kinds(schema, tool.parameters)
    return next(value for kind, value in _EXAMPLES.items() if kind in allowed)


def _names(tools: tuple[Tool, ...], shown: Shown) -> str:
    names = [shown(tool.name) for tool in tools]
    if len(names) == 1:
        return names[0]
    return f"one of the functions{'' if len(names) > MAX_NAMED else ' ' + ', '.join(names)}"


class Lengths(NamedTuple):
    """About how many tokens each part of the prompt has."""

    tools: int
    history: int
    """All messages before the newest turn."""
    newest: int
    """What came after the assistant's last words: the user's, and results."""

    @property
    def total(self) -> int:
        return self.tools + self.history + self.newest


def lengths(request: ChatRequest) -> Lengths:
    """The lengths of the prompt that `messages` makes."""
    names = call_names(request.messages)
    counts = [tokens(message_text(message, names)) for message in request.messages]
    roles = [message.role for message in request.messages]
    answered = max((at for at, role in enumerate(roles) if role in ("assistant", "system")), default=-1)
    return Lengths(tokens(declaration(request)), sum(counts[: answered + 1]), sum(counts[answered + 1 :]))


def too_long(request: ChatRequest) -> ContextLengthExceeded:
    """The error where the service says that the prompt is too long: nothing is cut silently, so it says what is."""
    found = lengths(request)
    return ContextLengthExceeded(
        f"The prompt is too long for the model: tools about {found.tools} tokens, earlier messages {found.history}, "
        f"newest turn {found.newest}. Compact the conversation, or declare fewer tools.",
        tokens=found.total,
    )
