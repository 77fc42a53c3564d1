"""The frame reader: in either dialect, however the bytes are cut, the text comes out to the letter and at once."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.types.old_events import Code, DrawingPrompt, End, Event, Output, Picture, Source, Start, Text, Thought
from lib.upstreams.chatglm.events import DOUBT, MAX_FRAME_BYTES, REPEATS, Frames

CONVERSATION = "66f0a1b2c3d4e5f60718293a"
FIELDS = {"text": "text", "think": "think", "code": "code", "execution_output": "content"}


def part(logic_id: str, kind: str, text: str, status: str) -> dict[str, Any]:
    return {"logic_id": logic_id, "status": status, "content": [{"type": kind, FIELDS[kind]: text, "status": status}]}


def frame(*parts: dict[str, Any], status: str = "init", **more: Any) -> dict[str, Any]:
    return {"id": "m1", "conversation_id": CONVERSATION, "status": status, "parts": list(parts), **more}


def encode(frames: Iterable[dict[str, Any]], newline: str = "\n", *, ascii_only: bool = False) -> bytes:
    return "".join(
        f"event:message{newline}data: {json.dumps(frame, ensure_ascii=ascii_only)}{newline}{newline}"
        for frame in frames
    ).encode()


def fragments(parts: list[tuple[str, list[str]]]) -> Iterator[dict[str, Any]]:
    """The dialect of 2026: fragments, then the whole part, and the last frame repeats it all."""
    done = []
    for number, (kind, texts) in enumerate(parts):
        for text in texts:
            yield frame(part(f"p{number}", kind, text, "init"))
        done.append(part(f"p{number}", kind, "".join(texts), "finish"))
        yield frame(done[-1])
    yield frame(*done, status="finish")


def wholes(parts: list[tuple[str, list[str]]], *, carry: bool) -> Iterator[dict[str, Any]]:
    """The dialect of 2024: the whole text so far; `carry`: with all earlier parts again."""
    done: list[dict[str, Any]] = []
    for number, (kind, texts) in enumerate(parts):
        for end in range(1, len(texts) + 1):
            yield frame(*(done if carry else ()), part(f"p{number}", kind, "".join(texts[:end]), "init"))
        done.append(part(f"p{number}", kind, "".join(texts), "finish"))
        yield frame(*(done if carry else done[-1:]))
    yield frame(*done, status="finish")


def read(data: bytes, cuts: Iterable[int] = ()) -> list[Event]:
    reader = Frames()
    events: list[Event] = []
    start = 0
    for end in [*sorted(cuts), len(data)]:
        events += reader.feed(data[start:end])
        start = end
    assert reader.failure is None
    return events


def shown(events: list[Event]) -> list[tuple[type[Event], str]]:
    """The texts, neighbours of one kind joined."""
    joined: list[tuple[type[Event], str]] = []
    for event in events:
        if isinstance(event, Text | Thought | Code | Output):
            if joined and joined[-1][0] is type(event):
                joined[-1] = (type(event), joined[-1][1] + event.text)
            else:
                joined.append((type(event), event.text))
    return joined


def told(events: Iterable[Event]) -> list[tuple[object, ...]]:
    """The events with their kinds: as tuples, two of different kinds can be equal."""
    return [(type(event), *event) for event in events]


def expected(parts: list[tuple[str, list[str]]]) -> list[tuple[type[Event], str]]:
    make: dict[str, Callable[[str], Event]] = {
        "text": Text,
        "think": Thought,
        "code": lambda text: Code(text, ""),
        "execution_output": lambda text: Output(text, ""),
    }
    return shown([make[kind]("".join(texts)) for kind, texts in parts if "".join(texts)])


repeating = st.lists(st.sampled_from(["ha", "haha", "h", "a", " ", "哈", "哈哈", "1", "10", "\n", ""]), max_size=30)
written = st.lists(st.text(max_size=8), max_size=12)
texts = st.one_of(repeating, written, st.lists(st.text(min_size=20, max_size=60), max_size=4))
several_parts = st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), texts), min_size=1, max_size=4)
cuts = st.lists(st.integers(0, 4000), max_size=20)
newlines = st.sampled_from(["\n", "\r\n"])


@given(several_parts, cuts, newlines, st.booleans())
@example([("text", ["ha", "ha", "haha"])], [], "\n", False)
@example([("text", ["h", "ha", "haha", "haha", "ha"])], [], "\n", False)
@example([("text", ["😀😀", "😀"])], list(range(4000)), "\r\n", False)
def test_fragments_come_out_to_the_letter(
    parts: list[tuple[str, list[str]]], cuts: list[int], newline: str, ascii_only: bool
) -> None:
    data = encode(fragments(parts), newline, ascii_only=ascii_only)
    events = read(data, [cut for cut in cuts if cut < len(data)])
    assert shown(events) == expected(parts)
    assert events[-1] == End("stop")


@given(several_parts, cuts, newlines, st.booleans())
@example([("text", ["ha", "ha", "haha"])], [], "\n", True)
def test_wholes_come_out_to_the_letter(
    parts: list[tuple[str, list[str]]], cuts: list[int], newline: str, carry: bool
) -> None:
    data = encode(wholes(parts, carry=carry), newline)
    events = read(data, [cut for cut in cuts if cut < len(data)])
    assert shown(events) == expected(parts)
    assert events[-1] == End("stop")


@given(written.filter(lambda texts: len(texts) > 2))
def test_a_fragment_is_handed_on_before_the_next_is_read(texts: list[str]) -> None:
    reader = Frames()
    sent = given_out = ""
    settled = False
    for number, text in enumerate(texts):
        sent += text
        given_out += "".join(text for _, text in shown(reader.feed(encode([frame(part("p", "text", text, "init"))]))))
        assert sent.startswith(given_out)
        settled = settled or (number > 0 and not text.startswith(texts[number - 1]))
        if settled or number == 0:
            assert given_out == sent


@given(st.text(alphabet="智谱清言abc, .", min_size=40, max_size=200), st.integers(1, 4))
def test_of_a_growing_whole_at_most_the_first_characters_wait(text: str, step: int) -> None:
    reader = Frames()
    given_out = ""
    for end in range(step, len(text) + 1, step):
        data = encode([frame(part("p", "text", text[:end], "init"))])
        given_out += "".join(piece for _, piece in shown(reader.feed(data)))
        assert text.startswith(given_out)
        assert given_out == text[:end] or end <= DOUBT


def test_what_waits_in_doubt_is_given_when_the_answer_stops_without_a_whole() -> None:
    frames = [frame(part("p", "text", text, "init")) for text in ("你", "你好")]
    frames.append(frame(status="intervene", last_error={"intervene_text": "换个话题吧"}))
    assert told(read(encode(frames))[1:]) == told([Text("你"), Text("好"), End("content_filter", "换个话题吧")])


def test_a_lost_fragment_is_made_good_by_the_whole() -> None:
    frames = [frame(part("p", "text", text, "init")) for text in ("One, ", "two, ")]
    frames.append(frame(part("p", "text", "One, two, three.", "finish"), status="finish"))
    assert shown(read(encode(frames))) == [(Text, "One, two, three.")]


def test_a_whole_that_differs_from_what_was_given_repeats_nothing() -> None:
    frames = [frame(part("p", "text", text, "init")) for text in (" Hello", " wor")]
    frames.append(frame(part("p", "text", "Hello world", "finish"), status="finish"))
    assert shown(read(encode(frames))) == [(Text, " Hello world")]


def test_the_first_frame_names_the_conversation_and_the_message() -> None:
    reader = Frames()
    assert told(reader.feed(encode([frame(part("p", "text", "Hi", "init"))]))) == told(
        [Start(CONVERSATION), Text("Hi")]
    )
    assert reader.message_id == "m1"


def test_sources_of_both_forms_come_once_and_in_order() -> None:
    new = {"tool_result_extra": {"search_results": [{"url": "https://a.cn/", "title": "A", "snippet": "…"}]}}
    old = {
        "metadata_list": [
            {"type": "webpage", "url": "https://a.cn/", "title": "A again"},
            {"type": "webpage", "url": "https://b.cn/", "title": ""},
            {"type": "webpage", "url": "javascript:alert(1)", "title": "no page"},
        ]
    }
    parts = [
        {"logic_id": "s", "status": "finish", "content": [{"type": "tool_result"}], "meta_data": new},
        {"logic_id": "q", "status": "finish", "content": [{"type": "quote_result"}], "meta_data": old},
    ]
    events = read(encode([frame(*parts), frame(*parts, status="finish")]))
    assert told(events[1:]) == told(
        [Source("https://a.cn/", "A"), Source("https://b.cn/", "https://b.cn/"), End("stop")]
    )


def test_pictures_that_come_together_are_in_their_order_and_come_once() -> None:
    urls = [f"https://sfile.chatglm.cn/testpath/abc_{number}_0.jpg" for number in range(4)]
    content = [{"type": "image", "image": [{"image_url": urls[n]} for n in (2, 0, 3, 1)]}]
    parts = {"logic_id": "i", "status": "finish", "content": content}
    events = read(encode([frame(parts), frame(parts, status="finish")]))
    assert told(events[1:]) == told([*(Picture(url, number) for number, url in enumerate(urls)), End("stop")])


def test_where_pictures_are_drawn_code_is_the_prompt() -> None:
    reader = Frames(draws=True)
    events = reader.feed(encode([frame(part("p", "code", "a cat, oil on canvas", "finish"), status="finish")]))
    assert told(events[1:]) == told([DrawingPrompt("a cat, oil on canvas"), End("stop")])


def test_programs_and_what_they_print_are_told_apart_by_block() -> None:
    parts = [
        part("c1", "code", "print(1)", "finish"),
        part("o1", "execution_output", "1", "finish"),
        part("c2", "code", "print(2)", "finish"),
    ]
    events = read(encode([frame(*parts, status="finish")]))
    assert told(events[1:-1]) == told([Code("print(1)", "c1/0"), Output("1", "o1/0"), Code("print(2)", "c2/0")])


def test_unknown_types_are_left_out_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    odd = {"logic_id": "x", "status": "finish", "content": [{"type": "hologram", "text": "not for you"}]}
    with caplog.at_level(logging.WARNING):
        events = read(encode([frame(odd), frame(odd), frame(part("p", "text", "Hi", "finish"), status="finish")]))
    assert shown(events) == [(Text, "Hi")]
    assert [record.getMessage() for record in caplog.records] == ["Left out a content of unknown type 'hologram'"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ({"error": {"error_code": 10024, "err_msg": "generator exit"}}, "generator exit (10024)"),
        ({"last_error": {"code": 5, "message": "out of luck"}}, "out of luck (5)"),
        ({}, "no reason given"),
    ],
)
def test_an_error_keeps_what_came_before_it(ending: dict[str, Any], words: str) -> None:
    reader = Frames()
    data = encode([frame(part("p", "text", "Hi", "init")), frame(status="error", **ending)])
    assert shown(reader.feed(data)) == [(Text, "Hi")]
    assert reader.ended
    assert reader.failure is not None
    assert words in reader.failure.message


@pytest.mark.parametrize(
    "data",
    [
        b"data: {not json\n\n",
        b"data: []\n\n",
        b'data: {"parts": 5}\n\n',
        b'data: {"parts": ["x"]}\n\n',
        b'data: {"parts": [{"content": [7]}]}\n\n',
        b'data: {"conversation_id": "\xff\xfe"}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"data: " + b"x" * (MAX_FRAME_BYTES + 1),
    ],
)
def test_what_is_no_frame_is_a_failure(data: bytes) -> None:
    reader = Frames()
    assert reader.feed(data) == []
    assert reader.ended
    assert reader.failure is not None


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    Frames().feed(data + b"\n\ndata:" + data + b"\n\n")


def test_half_of_a_surrogate_pair_becomes_a_replacement_character() -> None:
    data = encode([frame(part("p", "text", "a\ud83d", "finish"), status="finish")], ascii_only=True)
    assert shown(read(data)) == [(Text, "a\ufffd")]


def test_comments_other_fields_and_data_over_several_lines_are_read_as_the_standard_says() -> None:
    payload = json.dumps(frame(part("p", "text", "Hi", "finish"), status="finish"), indent=1)
    lines = "".join(f"data: {line}\n" for line in payload.split("\n"))
    assert shown(read(f": ping\n\nretry: 3\nid: 7\n{lines}\n".encode())) == [(Text, "Hi")]


def test_nothing_after_the_end_is_read() -> None:
    data = encode([frame(part("p", "text", "Hi", "finish"), status="finish"), frame(part("q", "text", "more", "init"))])
    assert read(data)[-1] == End("stop")


def test_a_fragment_that_comes_again_and_again_does_not_wait_for_the_end() -> None:
    reader = Frames()
    given_out = ""
    for number in range(1, 60):
        events = reader.feed(encode([frame(part("p", "text", "ha ", "init"))]))
        given_out += "".join(text for _, text in shown(events))
        assert given_out == "ha " * number or number <= REPEATS


def test_data_without_an_end_is_a_failure() -> None:
    reader = Frames()
    line = b"data: " + b"x" * 1_000_000 + b"\n"
    for _ in range(MAX_FRAME_BYTES // 1_000_000 + 1):
        reader.feed(line)
    assert reader.failure is not None
