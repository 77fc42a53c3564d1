"""The items of one response, as the events in which a stream brings them: one item is open at a time.

What an item holds is complete in its `response.output_item.done`, which is all that Codex reads of it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from secrets import token_hex
from typing import Any, Final

from lib.errors import AnswerUnusable
from lib.types.events import Reasoning, Search, Source, Text, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.wires.responses.tool_names import NATIVE, Native, ToolNames
from lib.wires.shared.custom_tool import unwrap_input
from lib.wires.shared.reply import OPAQUE, Annotation, Delta

type Json = dict[str, Any]

_PAST: Final = "A summary of this conversation so far, which stands for all that came before:\n\n"
_PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "web_search_call": "ws",
    **{native.call: native.prefix for native in NATIVE.values()},
}


class Output:
    """Turns what is new in an answer into events, and keeps the items that are complete."""

    def __init__(self, names: ToolNames, *, shows_searches: bool, encrypts_reasoning: bool) -> None:
        self.items: list[Json] = []
        """Those that are complete."""
        self._names = names
        self._shows_searches = shows_searches
        self._encrypts_reasoning = encrypts_reasoning
        self._native: tuple[Native, str] | None = None
        """A call of a tool of OpenAI's own, and its id: its item comes when its arguments are complete."""
        self._open: Json | None = None
        """The item that grows; what grows in it is in `_pieces` and `_annotations`."""
        self._pieces: list[str] = []
        self._annotations: list[Json] = []
        self._length = 0
        """Letters of all texts so far, and before the open message: places of citations are counted from there."""
        self._begins_at = 0
        self._blank = ""
        """White space that waits for a text to stand before."""
        self._sources: list[Source] = []
        self._cited: set[str] = set()

    def feed(self, deltas: Iterable[Delta]) -> list[Json]:
        return [event for delta in deltas for event in self._events(delta)]

    def finish(self, status: str) -> list[Json]:
        """The events that close what is open; `status` is that item's. There is always one item."""
        events: list[Json] = []
        if self._open is None and not self.items:
            events += self._begin("message", role="assistant", content=[])
        if self._is_open("message"):
            for source in self._sources:
                if source.url not in self._cited:
                    events += self._annotate(0, len("".join(self._pieces)), source.url, source.title)
        return [*events, *self._close(status)]

    def _events(self, delta: Delta) -> Iterator[Json]:
        match delta:
            case Text(text):
                yield from self._text(text)
            case Reasoning(text):
                if not self._is_open("reasoning"):
                    yield from self._begin("reasoning", summary=[], content=[])
                yield self._grow("response.reasoning_summary_text.delta", text, summary_index=0)
            case Source():
                self._sources.append(delta)
                if self._open is not None and self._open["type"] == "web_search_call":
                    self._open["action"]["sources"].append({"type": "url", "url": delta.url})
            case Search(query):
                if self._shows_searches:
                    action = {"type": "search", "query": query, "queries": [query], "sources": []}
                    yield from self._begin("web_search_call", action=action)
            case Annotation(start, end, url, title):
                if not self._is_open("message"):
                    yield from self._begin("message", role="assistant", content=[])
                self._cited.add(url)
                yield from self._annotate(start - self._begins_at, end - self._begins_at, url, title)
            case ToolCallStart(call_id, name):
                yield from self._call(call_id, name)
            case ToolCallArguments(text):
                if self._native or self._is_open("custom_tool_call"):
                    self._pieces.append(text)
                else:
                    yield self._grow("response.function_call_arguments.delta", text)
            case ToolCallEnd():
                yield from self._native_call()
                yield from self._close("completed")

    def _text(self, text: str) -> Iterator[Json]:
        self._length += len(text)
        if not self._is_open("message"):
            text = self._blank + text
            if not text.strip():
                self._blank = text
                return
            yield from self._begin("message", role="assistant", content=[])
            self._begins_at = self._length - len(text)
        yield self._grow("response.output_text.delta", text, content_index=0, logprobs=[])

    def _call(self, call_id: str, name: str) -> Iterator[Json]:
        tool = self._names.find(name)
        if tool.kind in NATIVE:
            yield from self._close("completed")
            self._native, self._pieces = (NATIVE[tool.kind], call_id), []
            return
        namespace = {"namespace": tool.namespace} if tool.namespace else {}
        kind, field = ("custom_tool_call", "input") if tool.kind == "custom" else ("function_call", "arguments")
        yield from self._begin(kind, call_id=call_id, name=tool.name, **namespace, **{field: ""})

    def _native_call(self) -> Iterator[Json]:
        if self._native is None:
            return
        (native, call_id), self._native = self._native, None
        arguments = json.loads("".join(self._pieces) or "{}")
        fields = {native.field: {**arguments, **native.in_field}, **native.in_item}
        yield from self._begin(native.call, call_id=call_id, **fields)

    def _annotate(self, start: int, end: int, url: str, title: str) -> Iterator[Json]:
        annotation = {"type": "url_citation", "start_index": start, "end_index": end, "url": url, "title": title or url}
        self._annotations.append(annotation)
        yield self._of_item(
            "response.output_text.annotation.added",
            content_index=0,
            annotation_index=len(self._annotations) - 1,
            annotation=annotation,
        )

    def _is_open(self, kind: str) -> bool:
        return self._open is not None and self._open["type"] == kind

    def _begin(self, kind: str, **fields: Any) -> Iterator[Json]:
        yield from self._close("completed")
        item = {"id": f"{_PREFIXES[kind]}_{token_hex(16)}", "type": kind, "status": "in_progress", **fields}
        self._open = item
        self._pieces, self._annotations, self._blank = [], [], ""
        self._begins_at = self._length
        yield {"type": "response.output_item.added", "output_index": len(self.items), "item": dict(item)}
        if kind == "message":
            yield self._of_item("response.content_part.added", content_index=0, part=_text_part("", []))
        elif kind == "reasoning":
            part = {"type": "summary_text", "text": ""}
            yield self._of_item("response.reasoning_summary_part.added", summary_index=0, part=part)
        elif kind == "web_search_call":
            yield self._of_item("response.web_search_call.in_progress")
            yield self._of_item("response.web_search_call.searching")

    def _grow(self, kind: str, text: str, **fields: Any) -> Json:
        self._pieces.append(text)
        return self._of_item(kind, delta=text, **fields)

    def _of_item(self, kind: str, **fields: Any) -> Json:
        assert self._open is not None
        return {"type": kind, "item_id": self._open["id"], "output_index": len(self.items), **fields}

    def _close(self, status: str) -> Iterator[Json]:
        item = self._open
        if item is None:
            return
        text = "".join(self._pieces)
        match item["type"]:
            case "message":
                part = _text_part(text, self._annotations)
                yield self._of_item("response.output_text.done", content_index=0, text=text, logprobs=[])
                yield self._of_item("response.content_part.done", content_index=0, part=part)
                item["content"] = [part]
            case "reasoning":
                part = {"type": "summary_text", "text": text}
                yield self._of_item("response.reasoning_summary_text.done", summary_index=0, text=text)
                yield self._of_item("response.reasoning_summary_part.done", summary_index=0, part=part)
                item["summary"] = [part]
                if self._encrypts_reasoning:
                    item["encrypted_content"] = OPAQUE
            case "function_call":
                if not text and status == "completed":
                    text = "{}"
                    yield self._of_item("response.function_call_arguments.delta", delta=text)
                yield self._of_item("response.function_call_arguments.done", name=item["name"], arguments=text)
                item["arguments"] = text
            case "custom_tool_call":
                text = unwrap_input(text) if text else ""
                yield self._of_item("response.custom_tool_call_input.delta", delta=text)
                yield self._of_item("response.custom_tool_call_input.done", input=text)
                item["input"] = text
            case "web_search_call":
                yield self._of_item("response.web_search_call.completed")
        item["status"] = status
        yield {"type": "response.output_item.done", "output_index": len(self.items), "item": item}
        self.items.append(item)
        self._open = None


class CompactionOutput:
    """The one item of a response that compacts a conversation: the model's summary, sealed."""

    def __init__(self, seal: Callable[[str], str]) -> None:
        self.items: list[Json] = []
        self._seal = seal
        self._pieces: list[str] = []

    def feed(self, deltas: Iterable[Delta]) -> list[Json]:
        self._pieces += [delta.text for delta in deltas if isinstance(delta, Text)]
        return []

    def finish(self, status: str) -> list[Json]:
        """The events of the item. Raises `AnswerUnusable` where the model has written nothing."""
        text = "".join(self._pieces).strip()
        if not text:
            raise AnswerUnusable("The model wrote no summary of the conversation.")
        item = {"id": f"cmp_{token_hex(16)}", "type": "compaction", "encrypted_content": self._seal(_PAST + text)}
        self.items.append(item)
        return [{"type": f"response.output_item.{kind}", "output_index": 0, "item": item} for kind in ("added", "done")]


def _text_part(text: str, annotations: list[Json]) -> Json:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
