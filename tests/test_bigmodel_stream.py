"""The open platform's stream in any cut and any order: pure functions."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import UpstreamFailed
from lib.types.events import Event, Finish, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.upstreams.bigmodel.chunks import Chunks
from lib.upstreams.bigmodel.models import Wanted, row_of
from lib.upstreams.bigmodel.tool_calls import ToolCalls
from lib.upstreams.shared import sse_decoder
from lib.upstreams.shared.sse_decoder import SseDecoder
from tests.bigmodel_upstream import calls, finish, reasoning, text

LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(edges)]


@settings(deadline=None)  # A busy machine is no failure.
@given(st.lists(LINES, min_size=1), st.sampled_from(["\n", "\r\n"]), st.lists(st.integers(0, 10_000)))
def test_events_are_the_same_in_any_cut(payloads: list[str], end: str, places: list[int]) -> None:
    stream = "".join(f"data: {payload}{end}{end}" for payload in payloads).encode()
    decoder = SseDecoder()
    found = [data for piece in cut(stream, places) for data in decoder.feed(piece)]
    assert found == [payload.encode() for payload in payloads]


def test_lines_of_one_event_are_joined_and_what_is_no_data_is_skipped() -> None:
    decoder = SseDecoder()
    stream = b"\xef\xbb\xbfdata:one\nevent: x\n: comment\ndata: two\n\n\n\nid: 5\n\ndata: three"
    assert list(decoder.feed(stream)) == [b"one\ntwo"]
    assert list(decoder.finish()) == [b"three"]


@pytest.mark.parametrize("piece", [b"data: " + b"a" * 50, b"data: a\n" * 30])
def test_an_event_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(sse_decoder, "MAX_EVENT_BYTES", 100)
    decoder = SseDecoder()
    with pytest.raises(UpstreamFailed, match="too long"):
        list(map(list, map(decoder.feed, [piece] * 10)))


ARGUMENTS = st.dictionaries(st.text(max_size=5), st.text(max_size=10) | st.integers(), max_size=3)


@st.composite
def mixed_calls(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Some calls, and the deltas that tell them: each in order, one among the others."""
    told: list[tuple[str, str]] = []
    queues: list[list[dict[str, Any]]] = []
    for index in range(draw(st.integers(1, 4))):
        arguments = json.dumps(draw(ARGUMENTS), ensure_ascii=False)
        told.append((f"tool_{index}", arguments))
        pieces = [arguments[at : at + 4] for at in range(0, len(arguments), 4)]
        first = {"index": index, "id": f"call_{index}", "function": {"name": f"tool_{index}", "arguments": ""}}
        queues.append([first, *({"index": index, "function": {"arguments": piece}} for piece in pieces)])
    deltas = [queue.pop(0) for queue in queues]  # A call's beginning says where it stands.
    while any(queues):
        deltas.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    return told, deltas


@settings(deadline=None)  # A busy machine is no failure.
@given(mixed_calls())
def test_calls_come_whole_and_in_order_however_their_pieces_are_mixed(
    mixed: tuple[list[tuple[str, str]], list[dict[str, Any]]],
) -> None:
    told, deltas = mixed
    reader = ToolCalls(())
    events: list[Event] = [event for delta in deltas for event in reader.feed([delta])]
    events += reader.finish(cut=False)
    assert calls(events) == told
    assert [event.id for event in events if isinstance(event, ToolCallStart)] == [f"call_{i}" for i in range(len(told))]
    assert sum(isinstance(event, ToolCallEnd) for event in events) == len(told)


def test_arguments_are_told_as_they_come() -> None:
    reader = ToolCalls(())
    begun = reader.feed([{"index": 0, "id": "a", "function": {"name": "write", "arguments": '{"te'}}])
    assert begun == [ToolCallStart("a", "write"), ToolCallArguments('{"te')]
    assert reader.feed([{"index": 0, "function": {"arguments": 'xt": 1'}}]) == [ToolCallArguments('xt": 1')]
    assert reader.feed([{"index": 0, "function": {"arguments": "}"}}]) == [
        ToolCallArguments("}"),
        ToolCallEnd(),
    ]
    assert reader.finish(cut=False) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["choices", "delta", "message", "content", "reasoning_content", "tool_calls", "function", "name", "arguments", "id",
     "index", "finish_reason", "usage", "error", "code", "web_search", "link", "text", "model", "prompt_tokens"]
)  # fmt: skip
LIKE_CHUNKS = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)  # A busy machine is no failure.
@given(st.lists(LIKE_CHUNKS | st.fixed_dictionaries({"choices": st.lists(LIKE_CHUNKS, max_size=2)}), max_size=5))
def test_whatever_comes_is_read_without_harm(chunks: list[Any]) -> None:
    reader = Chunks(lambda: 1, Wanted(row_of("glm-5.3")))
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode(errors="replace")
    events = reader.feed(stream)
    if reader.failure is None:
        events += reader.finish()
    assert reader.failure is not None or isinstance(events[-1], Finish)
    calls(events)


@settings(deadline=None)  # A busy machine is no failure.
@given(
    st.lists(st.tuples(st.sampled_from(["content", "reasoning_content"]), LINES.filter(bool)), min_size=1),
    st.lists(st.integers(0, 10_000)),
)
def test_nothing_is_lost_or_doubled_in_any_cut(said: list[tuple[str, str]], places: list[int]) -> None:
    chunks = [{"choices": [{"delta": {field: words}}]} for field, words in said]
    last = {"choices": [{"delta": {"content": "."}, "finish_reason": "stop"}]}
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in [*chunks, last]).encode() + b"data: [DONE]\n\n"
    reader = Chunks(lambda: 1, Wanted(row_of("glm-5.3")))
    events = [event for piece in cut(stream, places) for event in reader.feed(piece)]
    events += reader.closing()
    assert text(events) == "".join(words for field, words in said if field == "content") + "."
    assert reasoning(events) == "".join(words for field, words in said if field != "content")
    assert finish(events) == "stop"
