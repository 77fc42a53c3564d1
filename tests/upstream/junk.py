"""Events that nobody can read, or that say something else than they should: an answer is to survive each of them."""

import json
from types import MappingProxyType

from .parts import Odd, Part, Raw


def _data(text: str | bytes) -> Raw:
    data = text.encode() if isinstance(text, str) else text
    return Raw(b"event:message\ndata: " + data + b"\n\n")


def _part(**fields: object) -> Odd:
    return Odd(parts=[{"logic_id": "junk", "role": "assistant", "status": "init", "content": [], **fields}])


JUNK = MappingProxyType(
    {
        "empty data": _data(""),
        "a word": _data("ping"),
        "a text": _data(json.dumps("ping")),
        "null": _data("null"),
        "a list": _data("[]"),
        "a number": _data("7"),
        "true": _data("true"),
        "broken JSON": _data('{"parts": [{"content": ['),
        "DONE": _data("[DONE]"),
        "a BOM": _data(b'\xef\xbb\xbf{"parts":[],"status":"init"}'),
        "invalid UTF-8": _data(b'{"parts":[],"status":"init","x":"\xff\xfe"}'),
        "a very long number": _data('{"parts":[],"status":"init","x":' + "1" * 5000 + "}"),
        "deep nesting": _data('{"x":' + "[" * 5000 + "]" * 5000 + "}"),
        "not a number": _data('{"parts":[],"status":"init","x":NaN}'),
        "an empty object": _data("{}"),
        "a comment": Raw(b": ping\n\n"),
        "another event": Raw(b"event:ping\ndata: {}\n\n"),
        "an id and a retry": Raw(b"id: 7\nretry: 3000\n\n"),
        "blank lines": Raw(b"\n\n\n"),
        "parts null": Odd(parts=None),
        "parts a text": Odd(parts="none"),
        "parts an object": Odd(parts={}),
        "a null part": Odd(parts=[None]),
        "a part that is a text": Odd(parts=["part"]),
        "content null": _part(content=None),
        "content an object": _part(content={"type": "system_error"}),
        "a null content": _part(content=[None]),
        "a content without type": _part(content=[{"text": ""}]),
        "a type that is a list": _part(content=[{"type": ["text"]}]),
        "text null": _part(content=[{"type": "text", "text": None}]),
        "meta_data a list": _part(meta_data=[]),
        "meta_data a text": _part(meta_data="none"),
        "an event's meta_data null": Odd(meta_data=None),
        "an event's meta_data a list": Odd(meta_data=[]),
        "last_error null": Odd(last_error=None),
        "search_results null": _part(meta_data={"tool_result_extra": {"search_results": None}}),
        "search_results an object": _part(meta_data={"tool_result_extra": {"search_results": {}}}),
        "a null among search_results": _part(meta_data={"tool_result_extra": {"search_results": [None]}}),
        "tool_result_extra a text": _part(meta_data={"tool_result_extra": "none"}),
        "metadata_list a number": _part(meta_data={"metadata_list": 3}),
        "image null": _part(content=[{"type": "image", "image": None}]),
        "image a number": _part(content=[{"type": "image", "image": 4}]),
        "a null among images": _part(content=[{"type": "image", "image": [None]}]),
        "tool_calls null": _part(content=[{"type": "tool_calls", "tool_calls": None}]),
        "tool_calls a list": _part(content=[{"type": "tool_calls", "tool_calls": []}]),
        "an unknown type": _part(content=[{"type": "hologram", "depth": 3}]),
        "ids that are numbers": Odd(id=7, conversation_id=8),
        "ids that are null": Odd(id=None, conversation_id=None),
        "status null": Odd(status=None),
        "an unknown status": Odd(status="thinking"),
    }
)
"""By name; each a part to put into an `Answer`."""


def all_junk() -> list[Part]:
    return list(JUNK.values())
