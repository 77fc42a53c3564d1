"""Tools and structured output of a message: what clients send, and what it says in the one vocabulary."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types.chat import ResponseFormat, Tool, ToolChoice
from lib.wires.shared.client_tools import client_tool
from lib.wires.shared.foreign import as_function
from lib.wires.shared.request import Model, ToolName

MAX_TOOLS: Final = 512
"""Tools of one request: Claude Code declares two dozen of its own, and those of its MCP servers."""
_WEB_SEARCH: Final = "web_search"
_TOOL_SEARCH: Final = "tool_search"


def _in_our_words(value: Any) -> Any:
    function = as_function(value)
    if not isinstance(function, dict) or function.get("type") != "function":
        return value
    given = value.get("input_schema") or function.get("parameters")
    return {**value, **function, "type": None, "input_schema": given}


class DefinedTool(Model):
    """A tool: the caller's own, or by its `type` one that Anthropic runs or describes."""

    type: str | None = None
    name: ToolName = ""
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    defer_loading: bool | None = None
    """It may only be called when a search for tools has found it."""

    display_width_px: int | None = None
    display_height_px: int | None = None

    def tool(self) -> Tool | None:
        """The tool; None for one that only Anthropic's service runs."""
        if self.is_own:
            return Tool(self.name, self.description or "", self.input_schema or {}, bool(self.strict))
        return client_tool(self.type or "", self.name, self.model_dump())

    @property
    def is_own(self) -> bool:
        return self.type in (None, "custom")

    @property
    def searches(self) -> bool:
        """Is it the search that the service has, too."""
        return not self.is_own and (self.type or "").startswith(_WEB_SEARCH)

    @property
    def finds_tools(self) -> bool:
        """Is it Anthropic's own search for tools."""
        return not self.is_own and (self.type or "").startswith(_TOOL_SEARCH)


ToolDefinition = Annotated[DefinedTool, BeforeValidator(_in_our_words)]


class Choice(Model):
    """Whether a tool is to be called, and which one."""

    type: Literal["auto", "any", "tool", "none"] = "auto"
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Format(Model):
    """What the answer has to fit."""

    type: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None


class OutputConfig(Model):
    """How the answer is to look, and how much thought goes into it."""

    effort: str | None = None
    format: Format | None = None


class ToolChange(Model):
    """A tool that comes or goes in mid-conversation: one of the request's, by its name, or one that is defined here."""

    name: str = ""
    definition: ToolDefinition | None = None


def declared(definitions: Iterable[DefinedTool]) -> tuple[Tool, ...]:
    """The tools that may be called: the caller's own. Raises `BadRequest` where one has no name, or two have the same.

    Those that only Anthropic's service runs are left out.
    """
    tools = tuple(tool for definition in definitions if (tool := definition.tool()) is not None)
    names = [tool.name for tool in tools]
    if "" in names:
        raise BadRequest("A tool has no name.", param="tools")
    if len(set(names)) < len(names):
        raise BadRequest("Two tools have the same name.", param="tools")
    return tools


def tool_choice(wanted: Choice | None, tools: Iterable[Tool], definitions: Iterable[DefinedTool]) -> ToolChoice:
    """Whether one of `tools` is to be called. Raises `BadRequest` for a name that is not among the `definitions`."""
    names = {tool.name for tool in tools}
    if wanted is None or wanted.type == "auto":
        return ToolChoice()
    if wanted.type == "none":
        return ToolChoice("none")
    if wanted.type == "any":
        return ToolChoice("required" if names else "auto")
    if wanted.name is not None and wanted.name in names:
        return ToolChoice("required", (wanted.name,))
    if any(definition.name == wanted.name for definition in definitions):
        return ToolChoice()  # Nobody can be made to call a tool that is left out.
    raise BadRequest(f"tool_choice names {wanted.name!r}, which is not in tools.", param="tool_choice.name")


def response_format(wanted: Format | None) -> ResponseFormat | None:
    """What the answer has to fit; None for plain text."""
    if wanted is None or wanted.schema_ is None:
        return None
    return ResponseFormat(wanted.schema_, strict=True)
