"""Custom tools, whose input is one free text: to upstreams they are functions with one argument, `input`."""

import json
from typing import Any, Final

from lib.types.chat import Tool
from lib.wires.shared.encoding import encode_json

_ARGUMENT: Final = "input"


def custom_tool(name: str, description: str, grammar: str = "") -> Tool:
    """The function that stands for a custom tool. `grammar` says what its input has to look like."""
    about = f"{description}\n\nThe input has to follow this grammar:\n{grammar}" if grammar else description
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {_ARGUMENT: {"type": "string", "description": "The tool's whole input, as it is."}},
        "required": [_ARGUMENT],
        "additionalProperties": False,
    }
    return Tool(name, about, parameters)


def wrap_input(text: str) -> str:
    """The arguments that stand for a custom tool's input."""
    return encode_json({_ARGUMENT: text})


def unwrap_input(arguments: str) -> str:
    """The input that these arguments stand for."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    text = value.get(_ARGUMENT, "") if isinstance(value, dict) else value
    return text if isinstance(text, str) else encode_json(text)
