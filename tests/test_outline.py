"""An event that only brings more text is not read field by field: what comes out is what it would be if it were."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lib.types.events import Event
from lib.upstreams.chatglm.stream.event_reader import EventReader

type Step = dict[str, Any] | None
"""An event; None: the stream is cut, and taken up again."""

words = st.sampled_from(["ha", "haha", "Hello. ", "", "# One", "【turn0search1】", 7, None, ["ha"]])
kinds = st.sampled_from(["text", "text", "text", "think", "code", "execution_output", "image"])
FIELDS = ("text", "think", "code", "content")
contents = st.fixed_dictionaries(
    {"text": words},
    optional={"type": kinds, "think": words, "code": words, "content": words, "status": st.just("finish")},
)
some_contents = st.one_of(
    st.lists(contents, max_size=2), contents, st.lists(st.one_of(contents, st.none()), max_size=2)
)
parts = st.fixed_dictionaries(
    {"logic_id": st.sampled_from(["p", "q", ""]), "content": some_contents},
    optional={
        "status": st.sampled_from(["init", "finish", "intervene"]),
        "role": st.sampled_from(["assistant", "tool"]),
        "meta_data": st.just({"metadata_list": [{"url": "https://a", "match_key": "turn0search1"}]}),
    },
)
some_parts = st.one_of(
    st.lists(parts, min_size=1, max_size=2), st.lists(st.lists(parts, max_size=1), max_size=1), parts
)
flags = st.sampled_from([{}, {"if_increase_push": True}, {"if_increase_push": False}])
events = st.fixed_dictionaries(
    {"id": st.just("m"), "parts": some_parts, "meta_data": flags},
    optional={"status": st.sampled_from(["init", "finish"])},
)


@st.composite
def streams(draw: st.DrawFn) -> list[Step]:
    """Streams in which most events are like the one before, but for a text."""
    steps: list[Step] = []
    for event in draw(st.lists(st.one_of(events, st.none()), max_size=5)):
        steps.append(event)
        for word in draw(st.lists(words, max_size=4)) if event else ():
            steps.append(json.loads(json.dumps(steps[-1])))
            found = list(texts_of(steps[-1]))
            if found:
                draw(st.sampled_from(found))[draw(st.sampled_from(FIELDS))] = word
    return steps


def texts_of(value: object) -> Iterator[dict[str, Any]]:
    """The contents in an event, however they are wrapped."""
    if isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, dict):
        if "text" in value:
            yield value
        for item in value.values():
            yield from texts_of(item)


def read(steps: Iterable[Step], *, alike: bool) -> tuple[object, ...]:
    """What comes out, and what is known then. Not `alike`: a field that nobody reads makes each event another one."""
    reader = EventReader()
    out: list[Event] = []
    for number in range(3):  # None of these is a double, so that no later one is taken for one.
        out += reader.feed(encode({"id": "m", "number": number}))
    for number, event in enumerate(steps):
        if event is None:
            reader.resume()
        else:
            out += reader.feed(encode(event if alike else {**event, "number": number}))
    out += reader.close()
    known = (reader.conversation_id, reader.message_id, reader.model, reader.ended, reader.complaint)
    return [(type(event), *event) for event in out], reader.failure is None, known


def encode(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def text_part(name: str, *texts: str, status: str = "init") -> dict[str, Any]:
    return {"logic_id": name, "status": status, "content": [{"type": "text", "text": text} for text in texts]}


@given(streams())
@example([{"parts": [text_part("p", text), text_part("q", "same")]} for text in ("a", "ab", "abc")])
@example([{"parts": [text_part("p", text, "same")]} for text in ("a", "b", "c")])
@example([{"parts": [text_part("p", text, status="finish")]} for text in ("a", "ab", "abc")])
@example([{"parts": [{"content": [{"text": text, "think": "b"}]}]} for text in ("a", "")])
@example([{"parts": [text_part("p", "Hello ")]}, None, {"parts": [text_part("p", "Hello ")]}])
def test_what_comes_out_does_not_depend_on_it(steps: list[Step]) -> None:
    assert read(steps, alike=True) == read(steps, alike=False)
