"""What the service's search finds, in today's form and in the older one."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .parts import Part
from .piece import Piece


@dataclass(frozen=True)
class Source:
    """A page that a search found. `match_key`: what marks in the text name it by; None: the usual, "turn0search1"."""

    title: str
    url: str
    snippet: str = ""
    match_key: str | None = None


class Search(Part):
    """A search in today's form: the tool call, then its result. `turn`: which search of the answer it is."""

    def __init__(self, query: str, *sources: Source, turn: int = 0) -> None:
        self.query = query
        self.sources = sources
        self.turn = turn

    def pieces(self) -> list[Piece]:
        call = {"id": "call_1", "name": "search", "arguments": json.dumps({"query": self.query}, ensure_ascii=False)}
        results = [self._result(number, source) for number, source in enumerate(self.sources)]
        return [
            Piece(content=[{"type": "tool_calls", "tool_calls": call}], meta_data={"show_type": "mc_tool_call2"}),
            Piece(
                content=[{"type": "tool_result", "content": ""}],
                meta_data={"show_type": "mc_tool_result2", "tool_result_extra": {"search_results": results}},
                role="tool",
            ),
        ]

    def _result(self, number: int, source: Source) -> dict[str, Any]:
        return {
            "url": source.url,
            "title": source.title,
            "snippet": source.snippet,
            "host_name": urlsplit(source.url).hostname or "",
            "index": number,
            "match_key": f"turn{self.turn}search{number}" if source.match_key is None else source.match_key,
        }


class Quote(Part):
    """A search's result in the older form."""

    def __init__(self, *sources: Source) -> None:
        self.sources = sources

    def pieces(self) -> list[Piece]:
        found = [
            {"type": "webpage", "title": source.title, "url": source.url, "text": source.snippet}
            for source in self.sources
        ]
        return [Piece(content=[{"type": "quote_result"}], meta_data={"metadata_list": found}, role="tool")]
