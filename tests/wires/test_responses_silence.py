"""A silent stream of Responses: it is kept alive, and still says in order what became of it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest
from starlette.types import Message

from lib.errors import UpstreamUnavailable
from lib.invocation import context
from lib.invocation.context import Invocation
from lib.serving.sse import HEAD_AFTER, EventStream
from lib.types.events import Event, Finish, Start, Text, TurnTaken
from lib.wires.responses.request import ResponseRequest
from lib.wires.responses.response import ResponseEncoder
from lib.wires.responses.wire import WIRE
from tests.clock import Loop

SILENCE = HEAD_AFTER + 50


@pytest.mark.parametrize("fails", [False, True])
def test_events_that_clients_count_go_out_until_there_is_something_to_say(fails: bool) -> None:
    async def answer() -> AsyncGenerator[list[Event]]:
        yield [TurnTaken()]
        await asyncio.sleep(SILENCE)
        if fails:
            raise UpstreamUnavailable("Down.")
        yield [Start("c1"), Text("Hi")]
        yield [Finish("stop")]

    sent: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        context.begin(Invocation())

        async def send(message: Message) -> None:
            if body := message.get("body"):
                sent.append((loop.time(), body.decode()))

        async def receive() -> Message:
            raise AssertionError("the response does not read")

        encoder = ResponseEncoder(request, request.chat_request())
        await EventStream(answer(), encoder, WIRE)({"type": "http"}, receive, send)

    request = ResponseRequest.model_validate({"input": "Hi", "stream": True})
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
    said = "".join(data for _, data in sent)
    events = [json.loads(line.removeprefix("data: ")) for line in said.splitlines() if line.startswith("data: ")]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:3]] == ["response.created"] + ["response.in_progress"] * 2
    assert events[-1]["type"] == ("response.failed" if fails else "response.completed")
    assert sent[0][0] == HEAD_AFTER
    assert max(later - at for (at, _), (later, _) in pairwise(sent)) <= 30, "proxies cut after that"
