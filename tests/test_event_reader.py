"""The event reader: in either dialect, however the bytes are cut, the text comes out to the letter and at once."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.types.events import Code, DrawingPrompt, Event, Finish, Image, Output, Reasoning, Revision, Source, Text
from lib.upstreams.chatglm.stream.doubling import LEAST
from lib.upstreams.chatglm.stream.event_reader import EventReader
from lib.upstreams.chatglm.stream.part_text import DOUBT, REPEATS
from lib.upstreams.shared.sse_decoder import MAX_EVENT_BYTES

CONVERSATION = "66f0a1b2c3d4e5f60718293a"
FIELDS = {"text": "text", "think": "think", "code": "code", "execution_output": "content"}


def part(logic_id: str, kind: str, text: str, status: str) -> dict[str, Any]:
    return {"logic_id": logic_id, "status": status, "content": [{"type": kind, FIELDS[kind]: text, "status": status}]}


def event(*parts: dict[str, Any], status: str = "init", **more: Any) -> dict[str, Any]:
    return {"id": "m1", "conversation_id": CONVERSATION, "status": status, "parts": list(parts), **more}


def encode(sent: Iterable[dict[str, Any]], newline: str = "\n", *, ascii_only: bool = False) -> bytes:
    return "".join(
        f"event:message{newline}data: {json.dumps(event, ensure_ascii=ascii_only)}{newline}{newline}" for event in sent
    ).encode()


def deltas(parts: list[tuple[str, list[str]]]) -> Iterator[dict[str, Any]]:
    """The dialect of 2026: deltas, then the whole part, and the last event repeats it all."""
    done = []
    for number, (kind, texts) in enumerate(parts):
        for text in texts:
            yield event(part(f"p{number}", kind, text, "init"))
        done.append(part(f"p{number}", kind, "".join(texts), "finish"))
        yield event(done[-1])
    yield event(*done, status="finish")


def snapshots(parts: list[tuple[str, list[str]]], *, carry: bool) -> Iterator[dict[str, Any]]:
    """The dialect of 2024: the whole text so far; `carry`: with all earlier parts again."""
    done: list[dict[str, Any]] = []
    for number, (kind, texts) in enumerate(parts):
        for end in range(1, len(texts) + 1):
            yield event(*(done if carry else ()), part(f"p{number}", kind, "".join(texts[:end]), "init"))
        done.append(part(f"p{number}", kind, "".join(texts), "finish"))
        yield event(*(done if carry else done[-1:]))
    yield event(*done, status="finish")


def begun() -> EventReader:
    """A reader that has seen the empty event which an answer begins with."""
    reader = EventReader()
    assert reader.feed(encode([event()])) == []
    return reader


def read(data: bytes, cuts: Iterable[int] = ()) -> list[Event]:
    reader = EventReader()
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
        if isinstance(event, Text | Reasoning | Code | Output):
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
        "think": Reasoning,
        "code": lambda text: Code(text, ""),
        "execution_output": lambda text: Output(text, ""),
    }
    before = ""
    events = []
    for kind, text in ((kind, "".join(texts)) for kind, texts in parts if "".join(texts)):
        break_ = "\n" if kind == "text" and before and seam(before, text) else ""
        events.append(make[kind](break_ + text))
        if kind != "think":
            before = text if kind == "text" else ""
    return shown(events)


def seam(before: str, after: str) -> bool:
    """Does a line break belong between two texts: one ends a sentence, or the other begins a block."""
    if before[-1].isspace() or after[0].isspace():
        return False
    if before[-1] == "." and not (after[0].islower() or after[0].isdigit()):
        return True
    return before[-1] in "。！？!?…：:；;」』”" or bool(re.match(r"#{1,6} |[-*+] |\d{1,3}[.)] |```|\||>", after))


def looks_doubled(texts: list[str]) -> bool:
    """Do a stream's first deltas come in pairs, each long enough that nobody says it twice: such a one is read once."""
    pairs = len(texts) > 3 and texts[0] == texts[1] != texts[2] == texts[3]
    return pairs and min(map(len, texts[:4])) >= LEAST


repeating = st.lists(st.sampled_from(["ha", "haha", "h", "a", " ", "哈", "哈哈", "1", "10", "\n", ""]), max_size=30)
written = st.lists(st.text(max_size=8), max_size=12)
texts = st.one_of(repeating, written, st.lists(st.text(min_size=20, max_size=60), max_size=4))
several_parts = st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), texts), min_size=1, max_size=4).filter(
    lambda parts: not looks_doubled(parts[0][1])
)
cuts = st.lists(st.integers(0, 4000), max_size=20)
newlines = st.sampled_from(["\n", "\r\n"])


@given(several_parts, cuts, newlines, st.booleans())
@example([("text", ["ha", "ha", "haha"])], [], "\n", False)
@example([("text", ["h", "ha", "haha", "haha", "ha"])], [], "\n", False)
@example([("text", ["😀😀", "😀"])], list(range(4000)), "\r\n", False)
def test_deltas_come_out_to_the_letter(
    parts: list[tuple[str, list[str]]], cuts: list[int], newline: str, ascii_only: bool
) -> None:
    data = encode(deltas(parts), newline, ascii_only=ascii_only)
    events = read(data, [cut for cut in cuts if cut < len(data)])
    assert shown(events) == expected(parts)
    assert events[-1] == Finish("stop")


@given(several_parts, cuts, newlines, st.booleans())
@example([("text", ["ha", "ha", "haha"])], [], "\n", True)
def test_wholes_come_out_to_the_letter(
    parts: list[tuple[str, list[str]]], cuts: list[int], newline: str, carry: bool
) -> None:
    data = encode(snapshots(parts, carry=carry), newline)
    events = read(data, [cut for cut in cuts if cut < len(data)])
    assert shown(events) == expected(parts)
    assert events[-1] == Finish("stop")


@given(written.filter(lambda texts: len(texts) > 2))
def test_a_delta_is_handed_on_before_the_next_is_read(texts: list[str]) -> None:
    reader = begun()
    sent = given_out = ""
    settled = False
    for number, text in enumerate(texts):
        sent += text
        given_out += "".join(text for _, text in shown(reader.feed(encode([event(part("p", "text", text, "init"))]))))
        assert sent.startswith(given_out)
        settled = settled or (number > 0 and not text.startswith(texts[number - 1]))
        if settled or number == 0:
            assert given_out == sent


@given(st.text(alphabet="智谱清言abc, .", min_size=40, max_size=200), st.integers(1, 4))
def test_of_a_growing_snapshot_at_most_the_first_characters_wait(text: str, step: int) -> None:
    reader = begun()
    given_out = ""
    for end in range(step, len(text) + 1, step):
        data = encode([event(part("p", "text", text[:end], "init"))])
        given_out += "".join(piece for _, piece in shown(reader.feed(data)))
        assert text.startswith(given_out)
        assert given_out == text[:end] or end <= DOUBT


def test_what_waits_in_doubt_is_given_when_the_answer_stops_without_a_whole() -> None:
    sent = [event(part("p", "text", text, "init")) for text in ("你", "你好")]
    sent.append(event(status="intervene", last_error={"intervene_text": "换个话题吧"}))
    assert told(read(encode(sent))) == told([Text("你好"), Finish("content_filter", "换个话题吧")])


def test_a_lost_delta_is_made_good_by_the_whole() -> None:
    sent = [event(part("p", "text", text, "init")) for text in ("One, ", "two, ")]
    sent.append(event(part("p", "text", "One, two, three.", "finish"), status="finish"))
    assert shown(read(encode(sent))) == [(Text, "One, two, three.")]


def test_a_snapshot_that_differs_from_what_was_given_repeats_nothing() -> None:
    sent = [event(part("p", "text", text, "init")) for text in (" Hello", " wor")]
    sent.append(event(part("p", "text", "Hello world", "finish"), status="finish"))
    assert shown(read(encode(sent))) == [(Text, " Hello world")]


def test_the_first_frame_names_the_conversation_and_the_message() -> None:
    reader = EventReader()
    assert told(reader.feed(encode([event(part("p", "text", "Hi", "init"))]))) == told([Text("Hi")])
    assert (reader.message_id, reader.conversation_id) == ("m1", CONVERSATION)


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
    events = read(encode([event(*parts), event(*parts, status="finish")]))
    assert told(events) == told(
        [Source("https://a.cn/", "A", "…"), Source("https://b.cn/", "https://b.cn/"), Finish("stop")]
    )


def test_pictures_that_come_together_are_in_their_order_and_come_once() -> None:
    urls = [f"https://sfile.chatglm.cn/testpath/abc_{number}_0.jpg" for number in range(4)]
    content = [{"type": "image", "image": [{"image_url": urls[n]} for n in (2, 0, 3, 1)]}]
    parts = {"logic_id": "i", "status": "finish", "content": content}
    events = read(encode([event(parts), event(parts, status="finish")]))
    assert told(events) == told([*(Image(url, number) for number, url in enumerate(urls)), Finish("stop")])


def test_where_pictures_are_drawn_code_is_the_prompt() -> None:
    reader = EventReader(draws=True)
    events = reader.feed(encode([event(part("p", "code", "a cat, oil on canvas", "finish"), status="finish")]))
    assert told(events) == told([DrawingPrompt("a cat, oil on canvas"), Finish("stop")])


def test_programs_and_what_they_print_are_told_apart_by_block() -> None:
    parts = [
        part("c1", "code", "print(1)", "finish"),
        part("o1", "execution_output", "1", "finish"),
        part("c2", "code", "print(2)", "finish"),
    ]
    events = read(encode([event(*parts, status="finish")]))
    assert told(events[:-1]) == told([Code("print(1)", "c1/0"), Output("1", "o1/0"), Code("print(2)", "c2/0")])


def test_unknown_types_are_left_out_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    odd: dict[str, Any] = {
        "logic_id": "x",
        "status": "finish",
        "content": [{"type": "hologram", "text": "not for you"}],
    }
    with caplog.at_level(logging.WARNING):
        events = read(encode([event(odd), event(odd), event(part("p", "text", "Hi", "finish"), status="finish")]))
    assert shown(events) == [(Text, "Hi")]
    assert [record.getMessage() for record in caplog.records] == [
        "Left out a content of type 'hologram' of the service"
    ]


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ({"error": {"error_code": 10024, "err_msg": "generator exit"}}, "generator exit (10024)"),
        ({"last_error": {"code": 5, "message": "out of luck"}}, "out of luck (5)"),
        ({}, "no reason given"),
    ],
)
def test_an_error_keeps_what_came_before_it(ending: dict[str, Any], words: str) -> None:
    reader = EventReader()
    data = encode([event(part("p", "text", "Hi", "init")), event(status="error", **ending)])
    assert shown(reader.feed(data)) == [(Text, "Hi")]
    assert reader.ended
    assert reader.failure is not None
    assert words in reader.failure.message


JUNK = [
    b"data: {not json\n\n",
    b"data: \n\n",
    b"data: ping\n\n",
    b'data: "ping"\n\n',
    b"data: null\n\n",
    b"data: []\n\n",
    b"data: 7\n\n",
    b"data: [DONE]\n\n",
    b'data: {"parts": 5}\n\n',
    b'data: {"parts": ["x", null, {}]}\n\n',
    b'data: {"parts": [{"content": [7, null, {"type": 3}]}]}\n\n',
    b'data: {"parts": [{"meta_data": "x", "content": {"type": "image", "image": 9}}]}\n\n',
    b'data: {"parts": [{"meta_data": {"tool_result_extra": {"search_results": [null, 1, {"url": 5}]}}}]}\n\n',
    b'data: {"meta_data": 5, "number": ' + b"9" * 5000 + b"}\n\n",
    b'data: {"conversation_id": "\xff\xfe"}\n\n',
    b"data: " + b"[" * 100_000 + b"\n\n",
    b"\xef\xbb\xbf: comment\n\n",
]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_cannot_be_read_is_skipped(junk: bytes, place: int) -> None:
    texts = ["One ", "two"]
    sent = [encode([event(part("p", "text", text, "init"))]) for text in texts]
    sent.append(encode([event(part("p", "text", "".join(texts), "finish"), status="finish")]))
    assert shown(read(b"".join([*sent[:place], junk, *sent[place:]]))) == [(Text, "One two")]


@pytest.mark.parametrize("kind", ["text", "think"])
def test_a_list_in_one_place_loses_only_that_place(kind: str) -> None:
    odd: dict[str, Any] = {
        "logic_id": 7,
        "status": None,
        "content": {"type": kind, FIELDS[kind]: ["x", "y"]},
        "meta_data": [],
    }
    sent = [event(odd), event(part("p", "text", "Hi", "finish"), status="finish")]
    assert shown(read(encode(sent))) == [(Text, "Hi")]


@pytest.mark.parametrize("status", ["finish", "finished", "done", "stop", "FINISH"])
def test_any_word_for_the_end_ends_the_answer(status: str) -> None:
    assert read(encode([event(part("p", "text", "Hi", status), status=status)]))[-1] == Finish("stop")


@pytest.mark.parametrize("told_by", ["parts", "done", "last line"])
def test_an_end_that_is_not_told_in_full_is_one(told_by: str) -> None:
    reader = EventReader()
    data = encode([event(part("p", "text", "Hi", "finish"))])
    if told_by == "done":
        data = encode([event(part("p", "text", "Hi", "init"))]) + b"data: [DONE]\n\n"
    if told_by == "last line":
        data = encode([event(part("p", "text", "Hi", "finish"), status="finish")]).rstrip(b"\n")
    assert told([*reader.feed(data), *reader.close()]) == told([Text("Hi"), Finish("stop")])


def test_an_unfinished_part_is_no_end() -> None:
    reader = EventReader()
    reader.feed(encode([event(part("p", "text", "Hi", "init"))]))
    assert reader.close() == []
    assert not reader.ended


@pytest.mark.parametrize("flag", [True, False])
def test_the_flag_says_which_dialect_it_is(flag: bool) -> None:
    texts = ["h", "ha"] if not flag else ["h", "a"]
    sent = [event(part("p", "text", text, "init"), meta_data={"if_increase_push": flag}) for text in texts]
    reader = EventReader()
    assert shown(reader.feed(encode(sent))) == [(Text, "ha")]


def test_a_doubled_stream_is_read_once() -> None:
    sent = [event(part("p", "text", text, "init")) for text in ("Once", ", two", ", three")]
    sent.append(event(part("p", "text", "Once, two, three", "finish"), status="finish"))
    data = encode([one for one in sent for _ in range(2)])
    assert shown(read(data)) == [(Text, "Once, two, three")]


@pytest.mark.parametrize("again", [["Hello", " wor", "ld"], ["Hello", " w", "or", "l", "d"], [" wor", "ld"]])
@pytest.mark.parametrize("name", ["p", "q"])
def test_a_stream_that_is_taken_up_again_may_begin_anew(again: list[str], name: str) -> None:
    reader = EventReader()
    flag: dict[str, Any] = {"meta_data": {"if_increase_push": True}}
    events = reader.feed(encode([event(part("p", "text", "Hello", "init"), **flag)]))
    reader.resume()
    events += reader.feed(encode([event(part(name, "text", text, "init"), **flag) for text in again]))
    events += reader.feed(encode([event(part(name, "text", "Hello world", "finish"), status="finish")]))
    assert shown(events) == [(Text, "Hello world")]


def test_an_earlier_text_is_never_overtaken() -> None:
    sent = [event(part("a", "text", "你", "init")), event(part("a", "text", "你好", "init"))]
    sent += [event(part("b", "text", "再见", "init")), event(status="finish")]
    assert shown(read(encode(sent))) == [(Text, "你好再见")]


def test_texts_of_tools_are_not_the_answer() -> None:
    tool = {"role": "tool", "status": "error", **part("t", "text", "Traceback", "init")}
    sent = [event(tool), event(part("p", "text", "Hi", "finish"), status="finish")]
    assert shown(read(encode(sent))) == [(Text, "Hi")]


def test_the_finished_text_is_told_as_a_revision_where_it_changed() -> None:
    sent = [event(part("p", "text", "Helo wor", "init"), meta_data={"if_increase_push": True})]
    sent.append(event(part("p", "text", "Hello world", "finish"), status="finish"))
    assert Revision((Text("Hello world"),)) in read(encode(sent))


@pytest.mark.parametrize(
    ("first", "then", "between"),
    [
        ("I search.", "Found it", "\n"),
        ("我来搜索。", "找到了", "\n"),
        ("See:", "# Head", "\n"),
        ("Pi is 3.", "14", ""),
        ("an", "other", ""),
        ("One. ", "Two", ""),
        ("word", "- item", "\n"),
    ],
)
def test_a_line_break_stands_where_one_part_ends_and_the_next_begins(first: str, then: str, between: str) -> None:
    sent = [event(part("a", "text", first, "finish")), event(part("b", "text", then, "finish"), status="finish")]
    assert shown(read(encode(sent))) == [(Text, first + between + then)]


def test_data_that_is_too_long_is_a_failure() -> None:
    reader = EventReader()
    assert reader.feed(b"data: " + b"x" * (MAX_EVENT_BYTES + 1)) == []
    assert reader.ended
    assert reader.failure is not None


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    EventReader().feed(data + b"\n\ndata:" + data + b"\n\n")


def test_half_of_a_surrogate_pair_becomes_a_replacement_character() -> None:
    data = encode([event(part("p", "text", "a\ud83d", "finish"), status="finish")], ascii_only=True)
    assert shown(read(data)) == [(Text, "a\ufffd")]


def test_comments_other_fields_and_data_over_several_lines_are_read_as_the_standard_says() -> None:
    payload = json.dumps(event(part("p", "text", "Hi", "finish"), status="finish"), indent=1)
    lines = "".join(f"data: {line}\n" for line in payload.split("\n"))
    assert shown(read(f": ping\n\nretry: 3\nid: 7\n{lines}\n".encode())) == [(Text, "Hi")]


def test_nothing_after_the_end_is_read() -> None:
    data = encode([event(part("p", "text", "Hi", "finish"), status="finish"), event(part("q", "text", "more", "init"))])
    assert read(data)[-1] == Finish("stop")


def test_a_delta_that_comes_again_and_again_does_not_wait_for_the_end() -> None:
    reader = begun()
    given_out = ""
    for number in range(1, 60):
        events = reader.feed(encode([event(part("p", "text", "ha ", "init"))]))
        given_out += "".join(text for _, text in shown(events))
        assert given_out == "ha " * number or number <= REPEATS


def test_data_without_an_end_is_a_failure() -> None:
    reader = EventReader()
    line = b"data: " + b"x" * 1_000_000 + b"\n"
    for _ in range(MAX_EVENT_BYTES // 1_000_000 + 1):
        reader.feed(line)
    assert reader.failure is not None
