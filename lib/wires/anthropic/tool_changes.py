"""Which tools there are at a conversation's end: some come only when a search has found them, some come and go."""

from collections.abc import Iterable, Sequence

from lib.wires.anthropic.content import Block, ToolChangeBlock, ToolReferenceBlock, ToolResultBlock
from lib.wires.anthropic.tools import DefinedTool


def offered_tools(tools: Sequence[DefinedTool], blocks: Iterable[Block]) -> list[DefinedTool]:
    """The tools that the model may know of, when `blocks` have been said.

    Those that wait for a search of the caller's own are left out until it has found them. Those that wait for
    Anthropic's are all there: nobody else has it.
    """
    all_found = any(tool.finds_tools for tool in tools)
    loaded = {tool.name for tool in tools if all_found or not tool.defer_loading}
    added: dict[str, DefinedTool] = {}
    for block in blocks:
        if isinstance(block, ToolResultBlock):
            loaded |= {inner.tool_name for inner in block.content if isinstance(inner, ToolReferenceBlock)}
        elif isinstance(block, ToolChangeBlock):
            definition = block.tool.definition
            name = block.tool.name if definition is None else definition.name
            if block.type == "tool_removal":
                loaded.discard(name)
                continue
            loaded.add(name)
            if definition is not None:
                added[name] = definition
    known = [tool for tool in tools if tool.name not in added]
    return [tool for tool in (*known, *added.values()) if tool.name in loaded]
