"""A response of events: kept alive while there is nothing to say, ended in order, or with the reason why not."""

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from unittest.mock import patch

import pytest
from starlette.types import Message

from lib.errors import DeadlineExceeded, Error, UpstreamFailed
from lib.invocation import context
from lib.invocation.context import Invocation
from lib.invocation.deadline import Deadline, uninterrupted
from lib.invocation.within_deadline import too_late
from lib.serving.sse import HEAD_AFTER, WRITE_TIMEOUT, EventStream
from lib.types.events import Event, Finish, Text, TurnLost, TurnTaken
from lib.wires.openai.wire import COMMENT, WIRE, SseComments
from tests.clock import Loop

type Sent = list[tuple[float, Message]]


class Encoder(SseComments):
    """Words texts as they are."""

    def __init__(self, preamble: bytes = b"") -> None:
        self._preamble = preamble
        self.finished = False

    def preamble(self) -> bytes:
        return self._preamble

    def feed(self, events: Sequence[Event]) -> bytes:
        self.finished = any(isinstance(event, Finish) for event in events)
        return "".join(event.text for event in events if isinstance(event, Text)).encode()

    def finish(self) -> bytes:
        if not self.finished:
            raise UpstreamFailed("no end")
        return b"end"


def error_event(error: Exception) -> bytes:
    known = (
        error
        if isinstance(error, Error)
        else Error("A fault of this deployment's own. Its log says more, under the request's id.")
    )
    return Encoder().fail(known, "id")


def respond(answer: AsyncGenerator[list[Event]], *, head: bytes = b"", seconds: float = math.inf) -> Sent:
    """What is sent, and when, in seconds from the beginning. `seconds`: what the platform gives."""
    sent: Sent = []

    async def main() -> None:
        request = Invocation("id")
        request.deadline = Deadline(seconds)
        context.begin(request)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def send(message: Message) -> None:
            sent.append((round(loop.time() - began, 3), message))

        async def receive() -> Message:
            raise AssertionError("the response does not read")

        await EventStream(answer, Encoder(head), WIRE)({"type": "http"}, receive, send)
        await asyncio.sleep(0)  # A task that was cancelled ends in the loop's next round.
        assert len(asyncio.all_tasks()) == 1

    with (
        patch.dict(os.environ, {"AWS_LAMBDA_FUNCTION_NAME": "glm", "AWS_LWA_INVOKE_MODE": "response_stream"}),
        asyncio.Runner(loop_factory=Loop) as runner,
    ):
        runner.run(main())
    return sent


def bodies(sent: Sent) -> list[bytes]:
    return [message["body"] for _, message in sent if message["type"] == "http.response.body"]


async def answer(
    *items: str | float | Exception | None, closed: Callable[[], None] = lambda: None, turn_after: float = 0.0
) -> AsyncGenerator[list[Event]]:
    """Has its turn, yields texts, waits for numbers of seconds, raises errors, and finishes; None: does not finish."""
    try:
        await asyncio.sleep(turn_after)
        yield [TurnTaken()]
        for item in items:
            if item is None:
                return
            if isinstance(item, str):
                yield [Text(item)]
            elif isinstance(item, float):
                await asyncio.sleep(item)
            else:
                raise item
        yield [Finish("stop")]
    finally:
        closed()


def test_each_chunk_is_sent_as_it_comes_and_then_the_end() -> None:
    sent = respond(answer("one", 2.0, "two", "three", 1.0))
    assert [moment for moment, _ in sent] == [0, 0, 2, 2, 3, 3]
    start, *body = [message for _, message in sent]
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert [message["body"] for message in body] == [b"one", b"two", b"three", b"end", b""]
    assert [message["more_body"] for message in body] == [True, True, True, True, False]


def test_a_comment_goes_out_after_each_15_seconds_of_silence() -> None:
    sent = respond(answer("one", 50.0, "two", 10.0, "three", 14.9, "four", 15.1))
    timed = [(moment, message["body"]) for moment, message in sent if "body" in message]
    assert timed == [
        (0, b"one"),
        (15, COMMENT),
        (30, COMMENT),
        (45, COMMENT),
        (50, b"two"),
        (60, b"three"),
        (74.9, b"four"),
        (89.9, COMMENT),
        (90, b"end"),
        (90, b""),
    ]
    assert COMMENT.startswith(b":")
    assert COMMENT.endswith(b"\n\n")


@pytest.mark.parametrize("turn_after", [0.0, 7.0])
def test_the_head_goes_out_ten_seconds_after_the_turn_was_had(turn_after: float) -> None:
    sent = respond(answer(20.0, "one", turn_after=turn_after), head=b"head")
    at = turn_after + HEAD_AFTER
    assert [(moment, message.get("body")) for moment, message in sent][:3] == [(at, None), (at, b"head"), (at, COMMENT)]
    assert bodies(sent) == [b"head", COMMENT, b"one", b"end", b""]


def test_a_turn_that_is_lost_again_counts_for_nothing() -> None:
    async def busy_at_first() -> AsyncGenerator[list[Event]]:
        yield [TurnTaken()]
        await asyncio.sleep(9)
        yield [TurnLost()]
        await asyncio.sleep(6)
        yield [TurnTaken()]
        await asyncio.sleep(20)
        yield [Text("one"), Finish("stop")]

    assert next(moment for moment, _ in respond(busy_at_first())) == 15 + HEAD_AFTER


def test_before_the_turn_nothing_goes_out() -> None:
    with pytest.raises(UpstreamFailed):
        respond(answer(UpstreamFailed("no"), turn_after=24.0))


@pytest.mark.parametrize("wait", [0.0, 9.0])
def test_an_error_before_anything_was_sent_is_raised(wait: float) -> None:
    with pytest.raises(UpstreamFailed):
        respond(answer(wait, UpstreamFailed("no")))


@pytest.mark.parametrize("error", [UpstreamFailed("broken"), KeyError("broken")])
def test_an_error_afterwards_is_the_last_event(error: Exception) -> None:
    assert bodies(respond(answer("one", error))) == [b"one", error_event(error), b""]


async def slow_to_close(turn_after: float = 0.0) -> AsyncGenerator[list[Event]]:
    """An answer whose clean-up, which nothing breaks off, takes longer than there is time to tell of its failure."""
    try:
        await asyncio.sleep(turn_after)
        yield [TurnTaken()]
        await asyncio.sleep(1000.0)
    finally:
        await uninterrupted(asyncio.sleep(4.0), 4.5)


def test_a_client_is_told_that_it_is_too_late_however_long_cleaning_up_takes() -> None:
    sent = respond(slow_to_close(), seconds=100.0)
    assert bodies(sent)[-2:] == [error_event(too_late()), b""]
    assert 95.0 < sent[-1][0] < 100.5
    with pytest.raises(DeadlineExceeded):
        respond(slow_to_close(turn_after=5.0), seconds=10.0)


def test_an_answer_without_an_end_is_an_error() -> None:
    assert bodies(respond(answer("one", None))) == [b"one", error_event(UpstreamFailed("no end")), b""]


def test_where_the_platform_allows_it_a_failed_stream_has_no_last_chunk() -> None:
    sent: list[bytes] = []

    async def main() -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                sent.append(message["body"])

        stream = EventStream(answer("one", UpstreamFailed("broken")), Encoder(), WIRE)
        await stream({"type": "http"}, asyncio.Queue[Message]().get, send)

    asyncio.run(main())
    assert sent == [b"one", error_event(UpstreamFailed("broken"))]


@pytest.mark.parametrize("fails", [False, True])
def test_the_answer_is_closed_before_the_response_ends(fails: bool) -> None:
    order: list[str] = []

    async def main() -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                order.append("sent" if message["more_body"] else "ended")

        items: list[str | Exception] = ["one", *([UpstreamFailed("broken")] if fails else [])]
        stream = EventStream(answer(*items, closed=lambda: order.append("closed")), Encoder(), WIRE)
        await stream({"type": "http", "aws.context": None}, asyncio.Queue[Message]().get, send)

    asyncio.run(main())
    assert order == (["sent", "closed", "sent", "ended"] if fails else ["sent", "sent", "closed", "ended"])


@pytest.mark.parametrize("slow", [False, True])
def test_the_answer_is_closed_when_the_client_leaves(slow: bool) -> None:
    closed: list[bool] = []

    async def main() -> None:
        started = asyncio.Event()

        async def send(message: Message) -> None:
            started.set()
            if slow:
                await asyncio.Event().wait()

        stream = EventStream(answer("one", 10.0, closed=lambda: closed.append(True)), Encoder(), WIRE)
        task = asyncio.ensure_future(stream({"type": "http"}, asyncio.Queue[Message]().get, send))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [True]

    asyncio.run(main())


def test_a_client_that_never_reads_is_given_up() -> None:
    closed: list[float] = []

    async def main() -> None:
        context.begin(Invocation("id"))
        loop = asyncio.get_running_loop()

        async def send(message: Message) -> None:
            if message.get("body"):
                await asyncio.Event().wait()

        stream = EventStream(answer("one", 1000.0, closed=lambda: closed.append(loop.time())), Encoder(), WIRE)
        await stream({"type": "http"}, asyncio.Queue[Message]().get, send)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
    assert closed[0] <= WRITE_TIMEOUT + HEAD_AFTER + 15


def test_no_two_messages_are_sent_at_once() -> None:
    """A server's `send` may wait while the client is slow: a comment must not go between the parts of an event."""
    sending = 0

    async def main() -> list[bytes]:
        sent: list[bytes] = []

        async def send(message: Message) -> None:
            nonlocal sending
            sending += 1
            assert sending == 1
            await asyncio.sleep(20)
            sending -= 1
            sent.append(message.get("body", b"start"))

        await EventStream(answer("one", 14.0, "two"), Encoder(), WIRE)(
            {"type": "http", "aws.context": None}, asyncio.Queue[Message]().get, send
        )
        return sent

    with asyncio.Runner(loop_factory=Loop) as runner:
        sent = runner.run(main())
    assert [data for data in sent if data != COMMENT] == [b"start", b"one", b"two", b"end", b""]
