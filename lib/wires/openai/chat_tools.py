"""Tools and structured output of a chat completion: what clients send, and what it says in the one vocabulary."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types.chat import ResponseFormat, Tool, ToolChoice
from lib.wires.shared.client_tools import client_tool
from lib.wires.shared.custom_tool import custom_tool
from lib.wires.shared.foreign import as_function
from lib.wires.shared.request import Model, ToolName
from lib.wires.shared.tool_choice import WORDS, Word

_OWN = ("function", "custom")
MAX_TOOLS = 512
"""Tools of one request: four times what OpenAI takes."""


class FunctionDefinition(Model):
    """A function that may be called."""

    name: Annotated[ToolName, Field(min_length=1)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def tool(self) -> Tool:
        return Tool(self.name, self.description or "", self.parameters or {}, bool(self.strict))


class CustomDefinition(Model):
    """A tool whose input is one free text."""

    name: Annotated[ToolName, Field(min_length=1)]
    description: str | None = None
    format: dict[str, Any] | None = None

    def tool(self) -> Tool:
        grammar = self.format or {}
        grammar = grammar.get("grammar", grammar)
        definition = grammar.get("definition", "") if isinstance(grammar, dict) else ""
        return custom_tool(self.name, self.description or "", definition if isinstance(definition, str) else "")


def _nested(value: Any) -> Any:
    """A tool in chat completions' own words, whatever wire's the client used."""
    flat = as_function(value)
    if not isinstance(flat, dict) or not isinstance(flat.get("name"), str) or flat.get("type") not in _OWN:
        return value
    return {"type": flat["type"], flat["type"]: {name: of for name, of in flat.items() if name != "type"}}


class DefinedTool(Model):
    """A tool. Those of other types, which only their own service can run, are left out."""

    type: str = "function"
    function: FunctionDefinition | None = None
    custom: CustomDefinition | None = None
    web_search: dict[str, Any] | None = None
    """Zhipu's own: may the service search."""
    name: ToolName | None = None
    """Of a tool that its type alone declares."""
    environment: Any = None

    def tool(self, place: str) -> Tool | None:
        """The tool, None for one of another type. Raises `BadRequest` where it is at `place` without its definition."""
        if (wanted := self.function or self.custom) is not None:
            return wanted.tool()
        if self.type in ("function", "custom"):
            raise BadRequest(f"The field {place}.{self.type} is missing.", param=f"{place}.{self.type}")
        return client_tool(self.type, self.name or "", self.model_dump())


ToolDefinition = Annotated[DefinedTool, BeforeValidator(_nested)]


class NamedTool(Model):
    type: str = "function"
    function: dict[str, Any] | None = None
    custom: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name; empty where there is none."""
        name = (self.function or self.custom or {}).get("name")
        return name if isinstance(name, str) else ""


class AllowedTools(Model):
    """The tools that may be called, of those that are declared."""

    mode: Literal["auto", "required"] = "auto"
    tools: list[NamedTool] = Field(default_factory=list)


class ChosenTool(NamedTool):
    """Which tool is to be called."""

    allowed_tools: AllowedTools | None = None


class JsonSchema(Model):
    """What the answer has to fit."""

    name: str = ""
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class AnswerFormat(Model):
    """How the answer is to look."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None

    def response_format(self) -> ResponseFormat | None:
        """The format; None for plain text."""
        if self.type == "text":
            return None
        wanted = self.json_schema
        if self.type == "json_object" or wanted is None:
            return ResponseFormat()
        return ResponseFormat(wanted.schema_, wanted.name, wanted.description or "", bool(wanted.strict))


class ToolFields(Model):
    """The fields of a request that are about tools."""

    tools: Annotated[list[ToolDefinition], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Annotated[Word | ChosenTool | None, BeforeValidator(lambda value: value or None)] = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[list[FunctionDefinition], Field(max_length=MAX_TOOLS)] | None = None
    function_call: Literal["auto", "none"] | dict[str, Any] | None = None
    response_format: AnswerFormat | None = None

    def declared(self) -> tuple[Tool, ...]:
        """The tools that may be called. Raises `BadRequest` where two have one name."""
        found = [tool.tool(f"tools[{index}]") for index, tool in enumerate(self.tools or ())]
        tools = [tool for tool in found if tool is not None]
        tools += [function.tool() for function in self.functions or ()]
        names = [tool.name for tool in tools]
        if len(set(names)) < len(names):
            raise BadRequest("Two tools have the same name.", param="tools")
        return tuple(tools)

    @property
    def one_at_a_time(self) -> bool:
        """Does the answer hold one call at most: so the client wants it, or the older form, which knows no more."""
        return self.parallel_tool_calls is False or bool(self.functions)

    @property
    def custom_names(self) -> frozenset[str]:
        """The names of the custom tools."""
        return frozenset(tool.custom.name for tool in self.tools or () if tool.custom is not None)

    def choice(self) -> ToolChoice:
        """Whether a tool is to be called. Raises `BadRequest` for a name that is not declared."""
        choice = self._choice()
        unknown = set(choice.names) - {tool.name for tool in self.declared()}
        if unknown:
            raise BadRequest(f"tool_choice names {min(unknown)!r}, which is not in tools.", param="tool_choice")
        return choice

    def _choice(self) -> ToolChoice:
        chosen = self.tool_choice
        if chosen is None and self.function_call is not None:
            if isinstance(self.function_call, str):
                return ToolChoice(self.function_call)
            return ToolChoice("required", (str(self.function_call.get("name") or ""),))
        if chosen is None or isinstance(chosen, str):
            return WORDS[chosen or "auto"]
        if chosen.allowed_tools is not None:
            names = tuple(tool.name for tool in chosen.allowed_tools.tools if tool.name)
            return ToolChoice(chosen.allowed_tools.mode if names else "none", names)
        if chosen.type in ("function", "custom"):
            return ToolChoice("required", (chosen.name,))
        return WORDS.get(chosen.type, ToolChoice())  # Nobody can be made to call a tool that is left out.

    def search_fields(self) -> dict[str, Any]:
        """How to search, in Zhipu's words."""
        return next((tool.web_search for tool in self.tools or () if tool.type == "web_search" and tool.web_search), {})

    def search_wish(self) -> bool | None:
        """May the service search, in Zhipu's words; None where they say nothing."""
        wishes = [tool.web_search or {} for tool in self.tools or () if tool.type == "web_search"]
        return wishes[-1].get("enable", True) is not False if wishes else None
