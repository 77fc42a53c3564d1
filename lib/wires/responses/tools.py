"""Tools and structured output of a response: what clients send, and what it says in the one vocabulary."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import ConfigDict, Field

from lib.errors import BadRequest
from lib.types.chat import ResponseFormat, Tool, ToolChoice
from lib.wires.responses.tool_names import Kind, ToolNames
from lib.wires.shared.custom_tool import custom_tool
from lib.wires.shared.request import Model, ToolName
from lib.wires.shared.tool_choice import WORDS, Word

MAX_TOOLS: Final = 512
"""Tools of one request, and of each namespace: four times what OpenAI takes."""
_KINDS: Final[dict[str, Kind]] = {"function": "function", "custom": "custom"}


class Echoed(Model):
    """A part of the request that the response repeats whole."""

    model_config = ConfigDict(extra="allow")


class Grammar(Echoed):
    """What the input of a custom tool has to look like."""

    type: str | None = None
    syntax: str | None = None
    definition: str | None = None


class InnerTool(Echoed):
    """A function, or a tool whose input is one free text."""

    type: str = "function"
    name: ToolName = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: Grammar | None = None

    def tool(self, name: str, about: str) -> Tool:
        """The tool, by the name that the model knows it by. `about`: what is to be said before its description."""
        description = "\n\n".join(filter(None, (about, self.description)))
        if self.type == "custom":
            grammar = self.format.definition if self.format is not None else None
            return custom_tool(name, description, grammar or "")
        return Tool(name, description, self.parameters or {}, bool(self.strict))


class ResponseTool(InnerTool):
    """A tool, or a namespace of some. Those of other types, which only their own service can run, are left out."""

    tools: Annotated[list[InnerTool], Field(max_length=MAX_TOOLS)] | None = None
    """Of a namespace: what is in it."""
    external_web_access: bool | None = None
    """Of the web search: False for one that only looks into what OpenAI has stored."""

    @property
    def is_search(self) -> bool:
        """Is it the search that the service has, too."""
        return self.type.startswith("web_search")


class NamedTool(Echoed):
    """A tool by its name."""

    type: str = ""
    name: str = ""
    namespace: str | None = None


class ChosenTool(NamedTool):
    """Which tool is to be called, or which ones may be."""

    mode: Literal["auto", "required"] = "auto"
    tools: list[NamedTool] | None = None


Choice = Word | ChosenTool


class TextFormat(Echoed):
    """What the answer has to fit."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str = ""
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None

    def response_format(self) -> ResponseFormat | None:
        """The format; None for plain text."""
        if self.type == "text":
            return None
        if self.type == "json_object":
            return ResponseFormat()
        return ResponseFormat(self.schema_, self.name, self.description or "", bool(self.strict))


class Declared(NamedTuple):
    """The tools that the model may know of, and what they are called."""

    tools: tuple[Tool, ...]
    names: ToolNames


def declared(definitions: Iterable[ResponseTool]) -> Declared:
    """The tools that may be called. Raises `BadRequest` where one has no name, or two have the same."""
    own = list(_own(definitions))
    if any(not tool.name for _, tool, _ in own):
        raise BadRequest("A tool has no name.", param="tools")
    names = ToolNames((namespace, tool.name, _KINDS[tool.type]) for namespace, tool, _ in own)
    if len(names) < len(own):
        raise BadRequest("Two tools have the same name.", param="tools")
    return Declared(tuple(tool.tool(names.flat(tool.name, namespace), about) for namespace, tool, about in own), names)


def _own(definitions: Iterable[ResponseTool]) -> Iterator[tuple[str, InnerTool, str]]:
    """The caller's own tools: each with its namespace, and what is said of that with the first tool in it."""
    for definition in definitions:
        if definition.type in _KINDS:
            yield "", definition, ""
        elif definition.type == "namespace":
            about = definition.description or ""
            for tool in definition.tools or ():
                if tool.type in _KINDS:
                    yield definition.name, tool, about
                    about = ""


def tool_choice(wanted: Choice | None, names: ToolNames) -> ToolChoice:
    """Whether a tool is to be called. Raises `BadRequest` for a name that is not declared."""
    if wanted is None:
        return ToolChoice()
    if isinstance(wanted, str) or wanted.type in WORDS:
        return WORDS[wanted if isinstance(wanted, str) else wanted.type] if len(names) else ToolChoice()
    if wanted.type == "allowed_tools":
        allowed = tuple(_named(tool, names) for tool in wanted.tools or () if tool.type in _KINDS)
        return ToolChoice(wanted.mode if allowed else "none", allowed)
    if wanted.type in _KINDS:
        return ToolChoice("required", (_named(wanted, names),))
    return ToolChoice()  # Nobody can be made to call a tool that is left out, nor the service to search.


def _named(tool: NamedTool, names: ToolNames) -> str:
    flat = names.flat(tool.name, tool.namespace or "")
    if not names.has(flat):
        raise BadRequest(f"tool_choice names {tool.name!r}, which is not in tools.", param="tool_choice")
    return flat
