"""Tools and structured output of a response: what clients send, and what it says in the one vocabulary."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Field

from lib.errors import BadRequest
from lib.types.chat import ResponseFormat, Tool, ToolChoice
from lib.wires.responses.tool_names import NATIVE, Kind, ToolNames
from lib.wires.shared.client_tools import client_tool
from lib.wires.shared.custom_tool import custom_tool
from lib.wires.shared.foreign import as_function
from lib.wires.shared.request import Model, ToolName
from lib.wires.shared.tool_choice import WORDS, Word

MAX_TOOLS: Final = 512
"""Tools of one request, and of each namespace: four times what OpenAI takes."""
_OWN: Final = ("function", "custom")


class Echoed(Model):
    """A part of the request that the response repeats whole."""

    model_config = ConfigDict(extra="allow")


_QUERY: Final = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


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


_InnerTools = Annotated[list[Annotated[InnerTool, BeforeValidator(as_function)]], Field(max_length=MAX_TOOLS)]


class DeclaredTool(InnerTool):
    """A tool, or a namespace of some. Those of other types, which only their own service can run, are left out."""

    tools: _InnerTools | None = None
    """Of a namespace: what is in it."""
    execution: str | None = None
    """Of a search for tools: `client` where the caller runs it."""
    external_web_access: bool | None = None
    """Of the web search: False for one that only looks into what OpenAI has stored."""

    @property
    def is_search(self) -> bool:
        """Is it the search that the service has, too."""
        return self.type.startswith("web_search")

    def of_client(self) -> tuple[Kind, Tool] | None:
        """What the caller runs, though it declares it by its type alone; None for any other tool."""
        if self.type == "tool_search":
            found = Tool("tool_search", self.description or "Finds tools.", self.parameters or _QUERY)
            return ("tool_search", found) if self.execution == "client" else None
        tool = client_tool(self.type, self.name, self.model_dump())
        kind: Kind = next((kind for kind in NATIVE if kind == self.type), "function")
        if self.type.startswith("computer_use"):
            kind = "computer"
        return None if tool is None else (kind, tool)


ResponseTool = Annotated[DeclaredTool, BeforeValidator(as_function)]


class NamedTool(Echoed):
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


def declared(definitions: Iterable[DeclaredTool], later: Iterable[DeclaredTool] = ()) -> Declared:
    """The tools that may be called. Raises `BadRequest` where one has no name, or two of one list have the same.

    `later`: those that the conversation itself brings. Each tool counts once, as it was declared last; what the request
    declares comes before all of these.
    """
    own = list(_own(definitions))
    brought = list(_own(later))
    found = {(one.namespace, one.tool.name): one for one in own}
    if len(found) < len(own):
        raise BadRequest("Two tools have the same name.", param="tools")
    found = {(one.namespace, one.tool.name): one for one in brought} | found
    if any(not name for _, name in found):
        raise BadRequest("A tool has no name.", param="tools")
    if len(found) > MAX_TOOLS:
        raise BadRequest(f"There are more than {MAX_TOOLS} tools.", param="tools")
    names = ToolNames((namespace, name, one.kind) for (namespace, name), one in found.items())
    return Declared(
        tuple(one.tool._replace(name=names.flat(name, namespace)) for (namespace, name), one in found.items()), names
    )


def names_of(definitions: Iterable[DeclaredTool]) -> list[tuple[str, str]]:
    """The namespaces and names of the caller's own tools among these."""
    return [(one.namespace, one.tool.name) for one in _own(definitions)]


class _Own(NamedTuple):
    namespace: str
    kind: Kind
    tool: Tool


def _own(definitions: Iterable[DeclaredTool]) -> Iterator[_Own]:
    """The caller's own tools. What is said of a namespace is said with the first tool in it."""
    for definition in definitions:
        if definition.type in _OWN:
            yield _Own("", _kind(definition), definition.tool(definition.name, ""))
        elif definition.type == "namespace":
            about = definition.description or ""
            for tool in definition.tools or ():
                if tool.type in _OWN:
                    yield _Own(definition.name, _kind(tool), tool.tool(tool.name, about))
                    about = ""
        elif (found := definition.of_client()) is not None:
            yield _Own("", *found)


def _kind(tool: InnerTool) -> Kind:
    return "custom" if tool.type == "custom" else "function"


def tool_choice(wanted: Choice | None, names: ToolNames) -> ToolChoice:
    """Whether a tool is to be called. Raises `BadRequest` for a name that is not declared."""
    if wanted is None:
        return ToolChoice()
    if isinstance(wanted, str) or wanted.type in WORDS:
        return WORDS[wanted if isinstance(wanted, str) else wanted.type] if len(names) else ToolChoice()
    if wanted.type == "allowed_tools":
        allowed = tuple(_named(tool, names) for tool in wanted.tools or () if tool.type in _OWN)
        return ToolChoice(wanted.mode if allowed else "none", allowed)
    if wanted.type in _OWN:
        return ToolChoice("required", (_named(wanted, names),))
    if names.has(wanted.type):
        return ToolChoice("required", (wanted.type,))
    return ToolChoice()  # Nobody can be made to call a tool that is left out, nor the service to search.


def _named(tool: NamedTool, names: ToolNames) -> str:
    flat = names.flat(tool.name, tool.namespace or "")
    if not names.has(flat):
        raise BadRequest(f"tool_choice names {tool.name!r}, which is not in tools.", param="tool_choice")
    return flat
