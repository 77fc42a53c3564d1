"""The items of a response's input: what clients send, and what it says in the one vocabulary."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from lib.types.chat import Role
from lib.wires.responses.content import Contents
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.request import Model

_KNOWN: Final = (
    "message",
    "function_call",
    "custom_tool_call",
    "function_call_output",
    "custom_tool_call_output",
    "reasoning",
    "item_reference",
)
ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else encode_json(value)


def _as_shown(value: Any) -> Any:
    """What a tool gave: a text or parts; anything else, as its JSON."""
    is_parts = isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value)
    return value if value is None or is_parts else _as_text(value)


class MessageItem(Model):
    """What somebody said."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Contents = Field(default_factory=list)


class FunctionCallItem(Model):
    """A function that the assistant called."""

    type: Literal["function_call"]
    call_id: str = ""
    name: Annotated[str, Field(min_length=1)]
    namespace: str | None = None
    arguments: Annotated[str | None, BeforeValidator(_as_text, json_schema_input_type=str | dict[str, Any] | None)] = ""


class CustomCallItem(Model):
    """A custom tool that the assistant called."""

    type: Literal["custom_tool_call"]
    call_id: str = ""
    name: Annotated[str, Field(min_length=1)]
    namespace: str | None = None
    input: str | None = ""


class CallOutputItem(Model):
    """What a tool gave."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str = ""
    output: Annotated[Contents, BeforeValidator(_as_shown)] = Field(default_factory=list)


class ReasoningItem(Model):
    """What the assistant thought. Only what can be read of it: what is encrypted is nobody's here."""

    type: Literal["reasoning"]
    summary: Contents = Field(default_factory=list)
    content: Contents = Field(default_factory=list)


class ReferenceItem(Model):
    """An item that OpenAI would have kept."""

    type: Literal["item_reference"] = "item_reference"


class OtherItem(Model):
    """An item that says nothing here. Clients get new ones every few months."""

    type: Annotated[Any, WithJsonSchema({"not": {"enum": [*_KNOWN]}})] = None


def _tag(value: Any) -> str:
    if not isinstance(value, dict):
        kind = getattr(value, "type", "")
    else:
        kind = value.get("type") or ("message" if "role" in value else "item_reference" if "id" in value else "")
    if kind == "custom_tool_call_output":
        kind = "function_call_output"
    return f"<{kind}>" if kind in _KNOWN else "<other>"


Item = Annotated[
    Annotated[MessageItem, Tag("<message>")]
    | Annotated[FunctionCallItem, Tag("<function_call>")]
    | Annotated[CustomCallItem, Tag("<custom_tool_call>")]
    | Annotated[CallOutputItem, Tag("<function_call_output>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[ReferenceItem, Tag("<item_reference>")]
    | Annotated[OtherItem, Tag("<other>")],
    Discriminator(_tag),
]
