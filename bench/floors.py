"""What parts of the work cost by themselves: no answer can cost less than reading, parsing and sending it.

`sending` and `reading` are apps that do one thing for each request, and are measured as the bundle is.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import httpx
from pydantic_core import from_json
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bench import processes
from bench.streams import FAST, SLOWLY, in_turn
from bench.table import Figure, compared
from bench.upstream import Order, chunks
from lib.http.transport import Transport
from lib.upstreams.chatglm.stream.event_reader import EventReader

EVENT = (
    b'data: {"id":"cccccccccccccccccccccccc","object":"chat.completion.chunk","created":1790732179,"model":"glm-5.3",'
    b'"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n'
)
LAST = b"data: [DONE]\n\n"


async def sending(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the events of an answer, at its pace, and reads nothing."""
    order = await _order(Request(scope, receive))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for text in order.deltas:
        await asyncio.sleep(order.gap)
        await send({"type": "http.response.body", "body": EVENT % text.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": LAST})


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads an answer from the upstream, and sends nothing of it until it is there."""
    await _read_answer(_client(ours=True), scope, receive, send)


async def reading_by_httpx(scope: Scope, receive: Receive, send: Send) -> None:
    """The same through httpx's own transport."""
    await _read_answer(_client(ours=False), scope, receive, send)


@cache
def _client(*, ours: bool) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(transport=Transport() if ours else None, trust_env=False, timeout=60, limits=limits)


async def _read_answer(http: httpx.AsyncClient, scope: Scope, receive: Receive, send: Send) -> None:
    order = await _order(Request(scope, receive))
    async with http.stream("POST", os.environ["GLM_CHATGLM_URL"], json={"text": str(order)}) as response:
        async for _ in response.aiter_raw():
            pass
    body = b"".join(EVENT % text.encode() for text in order.deltas) + LAST
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _order(request: Request) -> Order:
    found = re.search(r"order:(\w+):(\d+):(\d+):([\d.]+)", (await request.body()).decode())
    assert found is not None
    return Order(found[1], int(found[2]), int(found[3]), float(found[4]))


def floors(rounds: int) -> Iterator[Figure]:
    """Parsing alone, reading alone, sending alone, and the memory of a connection."""
    yield from _parsing(rounds)
    yield from _reading(rounds)
    yield from _sending(rounds)
    yield from _tls(rounds)


def _parsing(rounds: int) -> Iterator[Figure]:
    section = "Floors: parsing alone, CPU"
    for name, order in (("200 deltas", FAST), ("2000 events, 12 MB", Order("snapshots", 2000, 2))):
        events = [chunk.split(b"\r\n", 1)[1][:-2] for chunk in chunks(order)]
        bodies = [event.split(b"data: ")[1] for event in events]
        for tool, read in (("json.loads", json.loads), ("pydantic_core.from_json", from_json)):
            yield Figure(section, f"{name}, {tool}", processor_time(lambda: list(map(read, bodies)), rounds), "ms")  # noqa: B023
        yield Figure(section, f"{name}, our reader of events", processor_time(lambda: _read(events), rounds), "ms")  # noqa: B023


def _read(events: list[bytes]) -> None:
    reader = EventReader()
    for event in events:
        reader.feed(event)
    assert reader.ended


def processor_time(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of CPU that `work` takes in this process."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append((time.process_time() - begun) * 1000)
    return statistics.median(times)


PACES = [("200 deltas, 10 ms apart, 20 at once", SLOWLY, 20), ("as fast as they come, 8 at once", FAST, 8)]


def _reading(rounds: int) -> Iterator[Figure]:
    section = "Floors: reading alone, CPU of the server for one answer, against httpx's own transport"
    with ExitStack() as stack:
        behind = stack.enter_context(processes.upstream())
        apps = ("bench.floors:reading", "bench.floors:reading_by_httpx")
        urls = [stack.enter_context(processes.server(app, behind)) for app in apps]
        for pace, order, at_once in PACES:
            ours, theirs = in_turn(urls, order, at_once, rounds)
            yield compared(section, pace, "ms", ours, "ms", theirs)


def _sending(rounds: int) -> Iterator[Figure]:
    section = "Floors: sending alone, CPU of the server for one answer"
    with processes.server("bench.floors:sending", "") as url:
        for pace, order, at_once in PACES:
            (times,) = in_turn([url], order, at_once, rounds)
            yield Figure(section, pace, statistics.median(times), "ms")


def _tls(rounds: int) -> Iterator[Figure]:
    with processes.running("bench.tls_memory", "serve") as url:
        kilobytes = statistics.median(_memory(url) for _ in range(rounds))
    yield Figure("Floors: memory of a TLS connection", "median", kilobytes, "KB", at_most=90)


def _memory(url: str) -> float:
    command = [sys.executable, "-m", "bench.tls_memory", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=processes.CHECKOUT)
    return float(done.stdout)
