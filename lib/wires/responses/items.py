"""The items of a response's input: what clients send, and what it says in the one vocabulary."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from lib.types.chat import Role
from lib.wires.responses.content import Contents
from lib.wires.responses.tool_names import NATIVE
from lib.wires.responses.tools import MAX_TOOLS, ResponseTool
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.request import Model

_OUTPUTS: Final = (
    "function_call_output",
    "custom_tool_call_output",
    *(f"{native.call}_output" for native in NATIVE.values() if native.call != "tool_search_call"),
    "tool_search_output",
)
_NATIVE_CALLS: Final = tuple(native.call for native in NATIVE.values())
_KNOWN: Final = (
    "message",
    "agent_message",
    "function_call",
    "custom_tool_call",
    "mcp_call",
    "additional_tools",
    "compaction",
    "compaction_trigger",
    "reasoning",
    "item_reference",
    *_OUTPUTS,
    *_NATIVE_CALLS,
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
    if isinstance(value, dict) and "image_url" in value:
        return [value]  # A screenshot.
    is_parts = isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value)
    return value if value is None or is_parts else _as_text(value)


class MessageItem(Model):
    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Contents = Field(default_factory=list)


class AgentMessageItem(Model):
    """What one agent of the client's says to another: a task, or what came of it."""

    type: Literal["agent_message"]
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


class NativeCallItem(Model):
    """A tool of OpenAI's own that the assistant called, and the client ran."""

    type: Annotated[str, WithJsonSchema({"enum": [*_NATIVE_CALLS]})]
    id: str | None = None
    call_id: str | None = None
    action: Any = None
    operation: Any = None
    arguments: Any = None


class McpCallItem(Model):
    """A tool that OpenAI called on another server, and what it gave."""

    type: Literal["mcp_call"]
    id: str = ""
    name: str = ""
    arguments: str | None = ""
    output: str | None = None
    error: Any = None


class CallOutputItem(Model):
    type: Annotated[str, WithJsonSchema({"enum": [*_OUTPUTS]})]
    id: str | None = None
    call_id: str | None = None
    output: Annotated[Contents, BeforeValidator(_as_shown)] = Field(default_factory=list)
    status: str | None = None
    tools: Annotated[list[ResponseTool], Field(max_length=MAX_TOOLS)] = Field(default_factory=list)
    """Of a search for tools: those that can be called from now on."""


class AdditionalToolsItem(Model):
    type: Literal["additional_tools"]
    tools: Annotated[list[ResponseTool], Field(max_length=MAX_TOOLS)] = Field(default_factory=list)


class CompactionItem(Model):
    """What stands for the past of a conversation."""

    type: Literal["compaction"]
    encrypted_content: str | None = None


class CompactionTriggerItem(Model):
    """Asks for such an item, and nothing else."""

    type: Literal["compaction_trigger"] = "compaction_trigger"


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
    if kind in _OUTPUTS:
        return "<function_call_output>"
    if kind in _NATIVE_CALLS:
        return "<native_call>"
    return f"<{kind}>" if kind in _KNOWN else "<other>"


Item = Annotated[
    Annotated[MessageItem, Tag("<message>")]
    | Annotated[FunctionCallItem, Tag("<function_call>")]
    | Annotated[CustomCallItem, Tag("<custom_tool_call>")]
    | Annotated[AgentMessageItem, Tag("<agent_message>")]
    | Annotated[NativeCallItem, Tag("<native_call>")]
    | Annotated[McpCallItem, Tag("<mcp_call>")]
    | Annotated[CallOutputItem, Tag("<function_call_output>")]
    | Annotated[AdditionalToolsItem, Tag("<additional_tools>")]
    | Annotated[CompactionItem, Tag("<compaction>")]
    | Annotated[CompactionTriggerItem, Tag("<compaction_trigger>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[ReferenceItem, Tag("<item_reference>")]
    | Annotated[OtherItem, Tag("<other>")],
    Discriminator(_tag),
]
