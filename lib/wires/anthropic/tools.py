"""Tools and structured output of a message: what clients send, and what it says in the one vocabulary."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from lib.errors import BadRequest
from lib.types.chat import ResponseFormat, Tool, ToolChoice
from lib.wires.shared.request import Model

MAX_TOOLS: Final = 512
"""Tools of one request: Claude Code declares two dozen of its own, and those of its MCP servers."""
_MAX_TOOL_NAME: Final = 256
_WEB_SEARCH: Final = "web_search"


class ToolDefinition(Model):
    """A tool: the caller's own, or by its `type` one that Anthropic runs or describes."""

    type: str | None = None
    name: Annotated[str, Field(max_length=_MAX_TOOL_NAME)] = ""
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None

    @property
    def is_own(self) -> bool:
        """Is it the caller's."""
        return self.type in (None, "custom")

    @property
    def searches(self) -> bool:
        """Is it the search that the service has, too."""
        return not self.is_own and (self.type or "").startswith(_WEB_SEARCH)


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


class ToolFields(Model):
    """The fields of a request that are about tools."""

    tools: Annotated[list[ToolDefinition], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Choice | None = None

    def declared(self) -> tuple[Tool, ...]:
        """The tools that may be called: the caller's. Raises `BadRequest` where one has no name, or two have the same.

        Those that only Anthropic's service runs, or whose schema only its models know, are left out.
        """
        tools = tuple(self._own())
        names = [tool.name for tool in tools]
        if len(set(names)) < len(names):
            raise BadRequest("Two tools have the same name.", param="tools")
        return tools

    def _own(self) -> Iterator[Tool]:
        for index, tool in enumerate(self.tools or ()):
            if tool.is_own:
                if not tool.name:
                    raise BadRequest("A tool has no name.", param=f"tools[{index}].name")
                yield Tool(tool.name, tool.description or "", tool.input_schema or {}, bool(tool.strict))

    def choice(self) -> ToolChoice:
        """Whether a tool is to be called. Raises `BadRequest` for a name that is not declared."""
        wanted = self.tool_choice or Choice()
        names = {tool.name for tool in self.declared()}
        if wanted.type == "none":
            return ToolChoice("none")
        if wanted.type == "any" and names:
            return ToolChoice("required")
        if wanted.type == "tool" and wanted.name in names:
            return ToolChoice("required", (wanted.name,))
        if wanted.type == "tool" and not any(tool.name == wanted.name for tool in self.tools or ()):
            raise BadRequest(f"tool_choice names {wanted.name!r}, which is not in tools.", param="tool_choice.name")
        return ToolChoice()  # Also for tools that are left out: nobody can be made to call them.

    @property
    def searches(self) -> bool:
        """May the service search: Anthropic's does where the request declares its search, and nowhere else."""
        return any(tool.searches for tool in self.tools or ())


def response_format(wanted: Format | None) -> ResponseFormat | None:
    """What the answer has to fit; None for plain text."""
    if wanted is None or wanted.schema_ is None:
        return None
    return ResponseFormat(wanted.schema_, strict=True)
