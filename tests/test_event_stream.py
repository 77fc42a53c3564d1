"""A response of events: kept alive while there is nothing to say, ended in order, or with the reason why not."""

import asyncio
import selectors
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from starlette.types import Message

from lib.errors import UpstreamFailed
from lib.runtime.sse import COMMENT, SILENCE, EventStream

type Sent = list[tuple[float, Message]]


class Selector(selectors.DefaultSelector):
    """Does not wait: the clock that is asked goes forward instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time."""

    def __init__(self) -> None:
        self.selector = Selector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now


def last_words(error: Exception) -> bytes:
    return str(error).encode()


def respond(chunks: AsyncGenerator[bytes]) -> Sent:
    """What is sent, and when, in seconds from the beginning."""
    sent: Sent = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def send(message: Message) -> None:
            sent.append((round(loop.time() - began, 3), message))

        async def receive() -> Message:
            raise AssertionError("the response does not read")

        await EventStream(chunks, last_words)({"type": "http"}, receive, send)
        await asyncio.sleep(0)  # A task that was cancelled ends in the loop's next round.
        assert len(asyncio.all_tasks()) == 1

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
    return sent


def bodies(sent: Sent) -> list[bytes]:
    return [message["body"] for _, message in sent if message["type"] == "http.response.body"]


async def chunks(*items: bytes | float | Exception, closed: Callable[[], None] = lambda: None) -> AsyncGenerator[bytes]:
    """Yields bytes, waits for numbers of seconds, raises errors."""
    try:
        for item in items:
            if isinstance(item, bytes):
                yield item
            elif isinstance(item, float):
                await asyncio.sleep(item)
            else:
                raise item
    finally:
        closed()


def test_each_chunk_is_sent_as_it_comes_and_then_the_end() -> None:
    sent = respond(chunks(b"one", 2.0, b"two", b"three", 1.0))
    assert [moment for moment, _ in sent] == [0, 0, 2, 2, 3]
    start, *body = [message for _, message in sent]
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert [message["body"] for message in body] == [b"one", b"two", b"three", b""]
    assert [message["more_body"] for message in body] == [True, True, True, False]


def test_a_comment_goes_out_after_each_15_seconds_of_silence() -> None:
    assert SILENCE == 15.0
    sent = respond(chunks(b"one", 50.0, b"two", 10.0, b"three", 14.9, b"four", 15.1))
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
        (90, b""),
    ]
    assert COMMENT.startswith(b":")
    assert COMMENT.endswith(b"\n\n")


def test_a_comment_also_goes_out_before_the_first_chunk() -> None:
    sent = respond(chunks(20.0, b"one"))
    assert [moment for moment, _ in sent] == [15, 15, 20, 20]
    assert bodies(sent) == [COMMENT, b"one", b""]


@pytest.mark.parametrize("wait", [0.0, 14.0])
def test_an_error_before_anything_was_sent_is_raised(wait: float) -> None:
    with pytest.raises(UpstreamFailed):
        respond(chunks(wait, UpstreamFailed("no")))


@pytest.mark.parametrize("error", [UpstreamFailed("broken"), KeyError("broken")])
def test_an_error_afterwards_is_the_last_event(error: Exception) -> None:
    assert bodies(respond(chunks(b"one", error))) == [b"one", b"data: " + last_words(error) + b"\n\n", b""]


def test_an_error_after_a_comment_is_an_event_too() -> None:
    assert bodies(respond(chunks(20.0, UpstreamFailed("broken")))) == [COMMENT, b"data: broken\n\n", b""]


@pytest.mark.parametrize("end", [b"", UpstreamFailed("broken")])
def test_the_chunks_are_closed_before_the_response_ends(end: Any) -> None:
    order: list[str] = []

    async def main() -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                order.append("sent" if message["more_body"] else "ended")

        stream = EventStream(chunks(b"one", end, closed=lambda: order.append("closed")), last_words)
        await stream({"type": "http"}, asyncio.Queue[Message]().get, send)

    asyncio.run(main())
    assert order == ["sent", *(["sent"] if end == b"" else []), "closed", *(["sent"] if end else []), "ended"]


@pytest.mark.parametrize("slow", [False, True])
def test_the_chunks_are_closed_when_the_client_leaves(slow: bool) -> None:
    closed: list[bool] = []

    async def main() -> None:
        started = asyncio.Event()

        async def send(message: Message) -> None:
            started.set()
            if slow:
                await asyncio.Event().wait()

        stream = EventStream(chunks(b"one", 10.0, closed=lambda: closed.append(True)), last_words)
        task = asyncio.ensure_future(stream({"type": "http"}, asyncio.Queue[Message]().get, send))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [True]

    asyncio.run(main())


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

        await EventStream(chunks(b"one", 14.0, b"two"), last_words)(
            {"type": "http"}, asyncio.Queue[Message]().get, send
        )
        return sent

    with asyncio.Runner(loop_factory=Loop) as runner:
        sent = runner.run(main())
    assert [data for data in sent if data != COMMENT] == [b"start", b"one", b"two", b""]
