"""The content blocks of one answer, as the events in which a stream brings them: one block is open at a time.

A text block never holds white space alone, since Anthropic's own API refuses such blocks when they come back. The
results of a search come whole in one block, so sources wait until something else comes.
"""

from collections.abc import Iterable, Iterator
from secrets import token_hex
from typing import Any, Final, Literal

from lib.types.events import Reasoning, Search, Source, Text, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.reply import OPAQUE, Annotation, Delta

type Json = dict[str, Any]
type Kind = Literal["text", "thinking", "tool_use", "server_tool_use", "web_search_tool_result"]

MAX_CITED: Final = 150
"""Letters of a source that a citation quotes, as with Anthropic."""


class Blocks:
    """Turns what is new in an answer into `content_block_start`, `content_block_delta` and `content_block_stop`."""

    def __init__(self, *, show_thinking: bool) -> None:
        self.searches = 0
        self._show_thinking = show_thinking
        self._begun = 0
        self._open: Kind | None = None
        self._blank = ""
        """White space that waits for a text to stand before."""
        self._call_id = ""
        """Of a search whose results are to come."""
        self._query = ""
        self._found: list[Source] = []
        self._snippets: dict[str, str] = {}
        self._citations: list[Json] = []
        """Those that wait for their text."""
        self._has_input = False

    def feed(self, deltas: Iterable[Delta]) -> list[Json]:
        return [event for delta in deltas for event in self._events(delta)]

    def finish(self) -> list[Json]:
        """The events that close what is open."""
        return [*self._results(), *self._close()]

    def _events(self, delta: Delta) -> Iterator[Json]:
        if isinstance(delta, Source):
            self._found.append(delta)
            return
        if isinstance(delta, Reasoning) and not self._show_thinking:
            return
        yield from self._results()
        match delta:
            case Reasoning(text):
                if self._open != "thinking":
                    yield from self._begin("thinking", {"thinking": "", "signature": ""})
                yield self._delta("thinking_delta", "thinking", text)
            case Text(text):
                yield from self._text(text)
            case Search(query):
                yield from self._search(query)
            case Annotation(_, _, url, title):
                self._citations.append(self._citation(url, title))
                if self._open == "text":
                    yield from self._cite()
            case ToolCallStart(call_id, name):
                yield from self._begin("tool_use", {"id": call_id, "name": name, "input": {}})
            case ToolCallArguments(text):
                yield self._input(text)
            case ToolCallEnd():
                yield from self._close()

    def _text(self, text: str) -> Iterator[Json]:
        if self._open != "text":
            text = self._blank + text
            if not text.strip():
                self._blank = text
                return
            yield from self._begin("text", {"text": ""})
        yield self._delta("text_delta", "text", text)
        yield from self._cite()

    def _search(self, query: str) -> Iterator[Json]:
        self.searches += 1
        self._query = query
        self._call_id = f"srvtoolu_{token_hex(12)}"
        yield from self._begin("server_tool_use", {"id": self._call_id, "name": "web_search", "input": {}})
        yield self._input(encode_json({"query": query}))
        yield from self._close()

    def _results(self) -> Iterator[Json]:
        """The results of the search before this, if there was one. Sources may come without any, or late."""
        if self._found and not self._call_id:
            yield from self._search(self._query)
        if self._call_id:
            found = [_result(source) for source in self._found]
            self._snippets |= {source.url: source.snippet for source in self._found}
            yield from self._begin("web_search_tool_result", {"tool_use_id": self._call_id, "content": found})
            yield from self._close()
            self._call_id = ""
            self._found.clear()

    def _citation(self, url: str, title: str) -> Json:
        cited = self._snippets.get(url) or title or url
        return {
            "type": "web_search_result_location",
            "url": url,
            "title": title or url,
            "cited_text": cited[:MAX_CITED],
            "encrypted_index": OPAQUE,
        }

    def _cite(self) -> Iterator[Json]:
        for citation in self._citations:
            yield self._delta("citations_delta", "citation", citation)
        self._citations.clear()

    def _input(self, piece: str) -> Json:
        self._has_input = True
        return self._delta("input_json_delta", "partial_json", piece)

    def _begin(self, kind: Kind, fields: Json) -> Iterator[Json]:
        yield from self._close()
        self._open = kind
        self._blank = ""
        self._has_input = False
        self._begun += 1
        yield {"type": "content_block_start", "index": self._begun - 1, "content_block": {"type": kind, **fields}}

    def _delta(self, kind: str, field: str, value: Any) -> Json:
        return {"type": "content_block_delta", "index": self._begun - 1, "delta": {"type": kind, field: value}}

    def _close(self) -> Iterator[Json]:
        if self._open is None:
            return
        if self._open == "thinking":
            yield self._delta("signature_delta", "signature", OPAQUE)
        if self._open == "tool_use" and not self._has_input:
            yield self._input("{}")
        self._open = None
        yield {"type": "content_block_stop", "index": self._begun - 1}


def _result(source: Source) -> Json:
    return {
        "type": "web_search_result",
        "url": source.url,
        "title": source.title or source.url,
        "encrypted_content": OPAQUE,
        "page_age": None,
    }
