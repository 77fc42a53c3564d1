"""A stream of which nobody sees the pieces: few large deltas for many small ones, and an end in time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from lib.errors import UpstreamFailed
from lib.serving.joined import SLICE, batches
from lib.serving.platforms import LAMBDA_LIMIT
from lib.serving.sse import EventStream
from lib.types.chat import ChatRequest, Sampling
from lib.types.events import Code, Event, Finish, Output, Reasoning, Search, Start, Text, ToolCallArguments
from lib.wires.openai.chat_request import ChatRequest as Body
from lib.wires.openai.chat_response import ChatEncoder
from lib.wires.openai.wire import DONE, WIRE


async def answer(*lists: Sequence[Event], error: Exception | None = None) -> AsyncGenerator[list[Event]]:
    for events in lists:
        yield list(events)
        await asyncio.sleep(0)
    if error:
        raise error


def respond(answer: AsyncGenerator[list[Event]], copies: int = 1, stop: tuple[str, ...] = ()) -> bytes:
    """The body of a stream that Lambda passes on as a whole."""
    sent: list[bytes] = []

    async def main() -> None:
        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))

        wanted = ChatRequest(model="glm-5.3", messages=(), sampling=Sampling(stop=stop))
        encoder = ChatEncoder(Body.model_validate({"messages": [{"role": "user", "content": "Hello"}]}), wanted)
        encoder.text_copies = copies
        stream = EventStream(answer, encoder, WIRE)
        await stream({"type": "http", "aws.context": None}, asyncio.Queue[Message]().get, send)

    asyncio.run(main())
    return b"".join(sent)


def chunks(body: bytes) -> list[dict[str, Any]]:
    """The choices of its chunks."""
    lines = [line.removeprefix("data: ") for line in body.decode().split("\n\n")]
    return [json.loads(line)["choices"][0] for line in lines if line.startswith("{")]


def words(body: bytes) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in chunks(body))


def test_many_small_deltas_become_few() -> None:
    pieces = [f"word {number} " for number in range(31_000)]
    body = respond(answer([Start("id")], *[[Text(piece)] for piece in pieces], [Finish("stop")]))
    assert words(body) == "".join(pieces)
    assert body.endswith(DONE)
    assert len(chunks(body)) < 100


def test_what_came_before_an_error_is_told_before_it() -> None:
    body = respond(answer([Text("one ")], [Text("two ")], [Text("three")], error=UpstreamFailed("broken")))
    assert words(body.partition(b'data: {"error"')[0]) == "one two three"
    assert b"broken" in body


def test_the_callers_stop_sequences_end_it_all_the_same() -> None:
    body = respond(answer([Text("one")], [Text(" two STO")], [Text("P three")], [Finish("stop")]), stop=("STOP",))
    assert words(body) == "one two "
    assert body.endswith(DONE)


@pytest.mark.parametrize("letter", ["x", '"', "\\", "\n", "界", "\x01"])
@pytest.mark.parametrize("size", [100, 100_000], ids=["small", "large"])
def test_what_is_too_large_for_lambda_ends_in_order_with_length(letter: str, size: int) -> None:
    delta = Text(letter * size)
    body = respond(answer(*[[delta]] * (6_500_000 // size), [Finish("stop")]))
    assert 5_000_000 < len(json.dumps(body.decode(), ensure_ascii=False).encode()) < LAMBDA_LIMIT
    assert chunks(body)[-1]["finish_reason"] == "length"
    assert body.endswith(DONE)


def test_a_wire_that_repeats_each_text_has_less_room() -> None:
    body = respond(answer([Text("x" * 6_500_000)], [Finish("stop")]), copies=5)
    assert 1_000_000 < len(body) < LAMBDA_LIMIT / 5
    assert chunks(body)[-1]["finish_reason"] == "length"


texts = st.text(max_size=5) | st.just("x" * (2 * SLICE + 1))
events = st.one_of(
    *[st.builds(kind, texts) for kind in (Text, Reasoning, ToolCallArguments, Search)],
    *[st.builds(kind, texts, st.sampled_from("ab")) for kind in (Code, Output)],
)


@given(st.lists(events, max_size=20))
def test_batches_hold_the_same_events(given: list[Event]) -> None:
    found = list(batches(given))
    assert letters(event for batch in found for event in batch) == letters(given)
    assert all(sum(len(getattr(event, "text", "")) for event in batch) < 2 * SLICE for batch in found)


def letters(events: Any) -> list[Any]:
    """Each letter with what it is a delta of."""
    made: list[Any] = []
    for event in events:
        if isinstance(event, Search):
            made.append(event)
        else:
            made += [(type(event), getattr(event, "block", None), letter) for letter in event.text]
    return made
