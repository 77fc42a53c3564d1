"""A response of server-sent events that keeps its connection alive, and that ends in order or says why it does not."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from lib.runtime import context

SILENCE = 15.0
"""Seconds without a word after which a comment goes out: proxies cut connections that are silent for 30 to 60 s."""
PATIENCE = 0.25
"""The share of the grace, after the deadline at which `chunks` ends by itself, in which a client may read the end. The
rest is for cleaning up."""
COMMENT = b": still here\n\n"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the stream back.
]


class EventStream:
    """An ASGI response made of the events that `chunks` yields.

    An `Error` before the first of them is raised, so that the response can still get its status. Later ones become the
    last event, as `last_words` encodes them.
    """

    def __init__(self, chunks: AsyncGenerator[bytes], last_words: Callable[[Exception], bytes]) -> None:
        self._chunks = chunks
        self._last_words = last_words
        self._started = False
        self._last_sent = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events. Closes `chunks` before the response ends, so that nothing is left to do afterwards."""
        loop = asyncio.get_running_loop()
        self._last_sent = loop.time()
        sending = asyncio.Lock()

        async def write(data: bytes) -> None:
            async with sending:
                if not self._started:
                    self._started = True
                    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                self._last_sent = loop.time()
                await send({"type": "http.response.body", "body": data, "more_body": True})

        async def keep_alive() -> None:
            while True:
                silent_for = loop.time() - self._last_sent
                if silent_for >= SILENCE:
                    await write(COMMENT)
                    silent_for = 0.0
                await asyncio.sleep(SILENCE - silent_for)

        comments = asyncio.create_task(keep_alive())
        deadline = context.current().deadline
        last_moment = deadline.timeout(late_by=PATIENCE * deadline.grace)
        try:
            async with last_moment, aclosing(self._chunks) as chunks:
                async for data in chunks:
                    await write(data)
        except Exception as error:
            if last_moment.expired():  # Nothing can be told to a client that does not read.
                return
            if not self._started:
                raise
            await write(b"data: " + self._last_words(error) + b"\n\n")
        finally:
            comments.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
