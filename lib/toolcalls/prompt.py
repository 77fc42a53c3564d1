"""Tools as a prompt: their declaration, earlier calls and results as texts, and marks escaped in all other texts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lib.structured import loose_json
from lib.structured.kinds import kinds, properties
from lib.toolcalls import dialect
from lib.toolcalls.arguments import is_string
from lib.toolcalls.dialect import RESULT_CLOSER, RESULT_OPENER, shown_name
from lib.toolcalls.json_calls import arguments_in
from lib.toolcalls.marks import escape
from lib.types.chat import ChatRequest, Message, Part, TextPart, Tool, ToolCall

MAX_NAMED: Final = 40
"""Names that the short addition repeats; with more tools, the declaration alone names them."""

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
_EXAMPLES: Final[dict[str, Any]] = {
    "string": "…",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}


def declaration(request: ChatRequest) -> str:
    """What tells the model of the tools that this answer may call; empty where there are none."""
    tools = request.callable_tools
    if not tools:
        return ""
    block = dialect.DECLARATION.format(tools="\n".join(map(_declared, tools)), form=dialect.DIALECT.instruction)
    names = ": " + ", ".join(shown_name(tool.name) for tool in tools) if len(tools) <= MAX_NAMED else ""
    how = _HOW if request.parallel_tool_calls else _HOW_ONE
    parts = [block, how.format(names=names, example=_example(tools))]
    if request.tool_choice.mode == "required":
        parts.append(f"This answer must call {_names(tools)}.")
    return "\n\n".join(parts)


def reminder(request: ChatRequest) -> str:
    """The line at the very end of the prompt; empty where nothing may be called."""
    tools = request.callable_tools
    if not tools:
        return ""
    return _REQUIRED.format(names=_names(tools)) if request.tool_choice.mode == "required" else _REMINDER


def call_names(messages: Iterable[Message]) -> dict[str, str]:
    """The names of the tools that were called, by the calls' ids."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def message_text(message: Message, names: Mapping[str, str]) -> str:
    """The words of a message as the model is to see them, with its calls, or as a result. `names`: see `call_names`."""
    words = escape(message.text)
    if message.role == "tool":
        return f"{_result_opener(message, names)}\n{words}\n{_result_closer(message)}"
    return "\n".join(filter(None, (words, calls_text(message.tool_calls))))


def calls_text(calls: Iterable[ToolCall]) -> str:
    """Calls in the canonical form, one after the other."""
    return "\n".join(_call_text(call) for call in calls)


def messages(
    request: ChatRequest,
    clean: Callable[[str], str] = lambda words: words,
    names: Mapping[str, str] | None = None,
) -> tuple[Message, ...]:
    """The conversation for an upstream that knows no tools: the declaration first, calls and results as words.

    `clean` is applied to the assistant's own words, not to its calls. Results are the user's; those that follow one
    another are one message. Files stay where they were. `names`: see `call_names`, where these messages are not all.
    """
    names = call_names(request.messages) if names is None else names
    found: list[Message] = []
    for message in request.messages:
        parts = _parts(message, names, clean)
        role = "user" if message.role == "tool" else message.role
        if message.role == "tool" and found and found[-1].role == "user":
            found[-1] = found[-1]._replace(parts=(*found[-1].parts, *parts))
        else:
            found.append(Message(role, parts, reasoning=message.reasoning))
    if told := declaration(request):
        system = Message("system", (TextPart(told),))
        found.insert(0 if dialect.PLACE == "before" else len(found), system)
    if last := reminder(request):
        if found[-1].role == "user":
            found[-1] = found[-1]._replace(parts=(*found[-1].parts, TextPart(last)))
        else:
            found.append(Message("user", (TextPart(last),)))
    return tuple(found)


def _parts(message: Message, names: Mapping[str, str], clean: Callable[[str], str]) -> tuple[Part, ...]:
    cleaned = clean if message.role == "assistant" else str
    parts: list[Part] = [
        TextPart(escape(cleaned(part.text))) if isinstance(part, TextPart) else part for part in message.parts
    ]
    if message.role == "tool":
        return (TextPart(_result_opener(message, names)), *parts, TextPart(_result_closer(message)))
    if message.tool_calls:
        parts.append(TextPart(calls_text(message.tool_calls)))
    return tuple(parts)


def _result_opener(message: Message, names: Mapping[str, str]) -> str:
    name = message.tool_name or names.get(message.tool_call_id, "") or "a tool"
    failed = " The tool failed:" if message.is_error else ""
    return f"{RESULT_OPENER}{_one_line(shown_name(name))} ({_one_line(message.tool_call_id) or 'no id'})]{failed}"


def _result_closer(message: Message) -> str:
    return f"{RESULT_CLOSER} This call is done."


def _one_line(text: str) -> str:
    return escape(" ".join(text.split())).replace("]", ")")


def _call_text(call: ToolCall) -> str:
    form = dialect.DIALECT
    values = arguments_in(call.arguments) if call.arguments.strip() else {}
    if values is None:  # What the model wrote was no object: told as it was, so that the result has its call.
        values = {"arguments": call.arguments}
    pairs = "".join(
        f"{form.before_key}{escape(key)}{form.after_key}{_value_text(value)}{form.after_value}"
        for key, value in values.items()
    )
    return f"{form.opener}{_one_line(shown_name(call.name))}{form.after_name}{pairs}{form.closer}"


def _value_text(value: Any) -> str:
    return escape(value if isinstance(value, str) else loose_json.encode(value))


def _declared(tool: Tool) -> str:
    """A tool as one line of JSON. Its texts come from the caller's own tools, and from servers that offer some."""
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": shown_name(tool.name), "description": tool.description, "parameters": parameters}
    return escape(loose_json.encode({"type": "function", "function": function}))


def _example(tools: tuple[Tool, ...]) -> str:
    """A call of a real tool, with the arguments that it requires."""
    examples = [(tool.name, _required(tool)) for tool in tools]
    # The fewest arguments, but some: how they are written is what the example shows.
    name, values = min(examples, key=lambda example: (not example[1], len(example[1])))
    return calls_text([ToolCall("", name, loose_json.encode(values))])


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


def _names(tools: tuple[Tool, ...]) -> str:
    shown = [shown_name(tool.name) for tool in tools]
    return (
        shown[0]
        if len(shown) == 1
        else f"one of the functions{'' if len(shown) > MAX_NAMED else ' ' + ', '.join(shown)}"
    )
