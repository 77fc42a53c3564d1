"""The items of an input as the messages of a conversation."""

import json
from collections.abc import Callable, Iterable

from lib.errors import BadRequest
from lib.types.chat import Message, Part, TextPart, ToolCall
from lib.wires.responses.content import parts, text_of
from lib.wires.responses.items import (
    ROLES,
    AgentMessageItem,
    CallOutputItem,
    CompactionItem,
    CustomCallItem,
    FunctionCallItem,
    Item,
    McpCallItem,
    MessageItem,
    NativeCallItem,
    ReasoningItem,
    ReferenceItem,
)
from lib.wires.responses.tool_names import NATIVE, ToolNames
from lib.wires.responses.tools import names_of
from lib.wires.shared.custom_tool import wrap_input
from lib.wires.shared.encoding import encode_json

type Open = Callable[[str], str]
"""Reads what a compaction holds; empty where nothing is to be said of it. Raises `BadRequest` for one that cannot be
read."""


class Conversation:
    """Puts messages together: what the assistant thought, said and called in one go is one of them."""

    def __init__(self, names: ToolNames, open_compaction: Open) -> None:
        self.messages: list[Message] = []
        self._names = names
        self._open_compaction = open_compaction
        self._called: dict[str, str] = {}
        """The names of the tools of the calls so far, by the calls' ids."""
        self._thought = ""
        """What the assistant thought, until it says or calls something."""

    def add(self, items: Iterable[Item]) -> None:
        """Take further items. Raises `BadRequest` for one that is only named, and for a file that is not there."""
        for index, item in enumerate(items):
            self._add(item, f"input[{index}]")

    def _add(self, item: Item, place: str) -> None:
        match item:
            case MessageItem():
                shown = tuple(part for part in parts(item.content, f"{place}.content") if part != TextPart(""))
                self._say(item.role, shown)
            case FunctionCallItem():
                self._call(item.call_id, self._names.flat(item.name, item.namespace or ""), item.arguments or "{}")
            case CustomCallItem():
                self._call(
                    item.call_id, self._names.flat(item.name, item.namespace or ""), wrap_input(item.input or "")
                )
            case NativeCallItem(type="tool_search_call", call_id=None):
                pass  # OpenAI's own search.
            case CallOutputItem(type="tool_search_output", call_id=None):
                pass
            case NativeCallItem():
                kind, native = next((kind, native) for kind, native in NATIVE.items() if native.call == item.type)
                arguments = getattr(item, native.field)
                if isinstance(arguments, dict):
                    arguments = {name: value for name, value in arguments.items() if name not in native.in_field}
                self._call(item.call_id or item.id or "", kind, encode_json(arguments or {}))
            case McpCallItem():
                self._call(item.id, item.name or "mcp", item.arguments or "{}")
                failed = item.error if isinstance(item.error, str) else json.dumps(item.error or "")
                self._result(item.id, (TextPart(item.output or failed),), failed=bool(item.error))
            case CallOutputItem():
                shown = tuple(parts(item.output, f"{place}.output"))
                if item.type == "tool_search_output":
                    names = ", ".join(self._names.flat(name, namespace) for namespace, name in names_of(item.tools))
                    shown = (TextPart(f"Found, and can be called now: {names or 'no tool'}."),)
                elif not shown and item.status:
                    shown = (TextPart(item.status),)
                self._result(item.call_id or item.id or "", shown)
            case AgentMessageItem():
                self._say("user", tuple(parts(item.content, f"{place}.content")))
            case CompactionItem():
                if past := self._open_compaction(item.encrypted_content or ""):
                    self._say("user", (TextPart(past),))
            case ReasoningItem():
                self._thought = text_of(item.content) or text_of(item.summary)
            case ReferenceItem():
                raise BadRequest(
                    f"{place} names an item, and none is stored here: send the item itself. Clients do where "
                    "store is false.",
                    param=place,
                    code="item_not_found",
                )

    def _say(self, role: str, shown: tuple[Part, ...]) -> None:
        if role != "assistant":
            self._thought = ""
            if shown:
                self.messages.append(Message(ROLES[role], shown))
        elif shown and self._goes_on() and self.messages[-1].tool_calls:
            last = self.messages[-1]
            self.messages[-1] = last._replace(parts=(*last.parts, *shown))
        elif shown:
            self.messages.append(Message("assistant", shown, reasoning=self._take_thought()))

    def _result(self, call_id: str, shown: tuple[Part, ...], *, failed: bool = False) -> None:
        self._thought = ""
        name = self._called.get(call_id, "")
        self.messages.append(Message("tool", shown, tool_call_id=call_id, tool_name=name, is_error=failed))

    def _call(self, call_id: str, name: str, arguments: str) -> None:
        self._called[call_id] = name
        call = ToolCall(call_id, name, arguments)
        if self._goes_on():
            last = self.messages[-1]
            self.messages[-1] = last._replace(tool_calls=(*last.tool_calls, call))
        else:
            self.messages.append(Message("assistant", (), (call,), reasoning=self._take_thought()))

    def _goes_on(self) -> bool:
        """Does the assistant speak still, without having thought anew."""
        return bool(self.messages) and self.messages[-1].role == "assistant" and not self._thought

    def _take_thought(self) -> str:
        thought, self._thought = self._thought, ""
        return thought
