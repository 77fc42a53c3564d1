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

import httpx
from pydantic_core import from_json
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bench import processes
from bench.streams import FAST, SLOWLY, in_turn
from bench.table import Figure
from bench.upstream import Order, chunks
from lib.chatglm.frames import Frames
from lib.transport import Transport

EVENT = (
    b'data: {"id":"cccccccccccccccccccccccc","object":"chat.completion.chunk","created":1790732179,"model":"glm-5.3",'
    b'"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n'
)
LAST = b"data: [DONE]\n\n"

IMPORTS = {
    "nothing": "pass",
    "asyncio": "import asyncio",
    "starlette": "import starlette.applications, starlette.routing, starlette.responses",
    "mangum": "import mangum",
    "httpx": "import httpx",
    "pydantic": "import pydantic",
    "all four": "import starlette.applications, starlette.routing, starlette.responses, mangum, httpx, pydantic",
    "api.ping": "import api.ping",
    "api.v1.models": "import api.v1.models",
    "api.token.check": "import api.token.check",
    "api.v1.chat.completions": "import api.v1.chat.completions",
}


async def sending(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the events of an answer, at its pace, and reads nothing."""
    order = await _order(Request(scope, receive))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for text in order.fragments:
        await asyncio.sleep(order.gap)
        await send({"type": "http.response.body", "body": EVENT % text.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": LAST})


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads an answer from the upstream, and sends nothing of it until it is there."""
    order = await _order(Request(scope, receive))
    async with httpx.AsyncClient(transport=Transport(), trust_env=False) as http:
        url = os.environ["GLM_CHATGLM_URL"]
        async with http.stream("POST", url, json={"text": str(order)}) as response:
            async for _ in response.aiter_raw():
                pass
    body = b"".join(EVENT % text.encode() for text in order.fragments) + LAST
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _order(request: Request) -> Order:
    found = re.search(r"order:(\w+):(\d+):(\d+):([\d.]+)", (await request.body()).decode())
    assert found is not None
    return Order(found[1], int(found[2]), int(found[3]), float(found[4]))


def floors(rounds: int) -> Iterator[Figure]:
    """Parsing alone, reading alone, sending alone, importing alone."""
    yield from _parsing(rounds)
    yield from _serving(rounds)
    yield from _importing(rounds)


def _parsing(rounds: int) -> Iterator[Figure]:
    section = "Floors: parsing alone, CPU"
    for name, order in (("200 fragments", FAST), ("2000 frames, 12 MB", Order("whole", 2000, 2))):
        frames = [chunk.split(b"\r\n", 1)[1][:-2] for chunk in chunks(order)]
        bodies = [frame.split(b"data: ")[1] for frame in frames]
        for tool, read in (("json.loads", json.loads), ("pydantic_core.from_json", from_json)):
            yield Figure(section, f"{name}, {tool}", _time(lambda: list(map(read, bodies)), rounds), "ms")  # noqa: B023
        yield Figure(section, f"{name}, our reader of frames", _time(lambda: _read(frames), rounds), "ms")  # noqa: B023


def _read(frames: list[bytes]) -> None:
    reader = Frames()
    for frame in frames:
        reader.feed(frame)
    assert reader.ended


def _time(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append((time.process_time() - begun) * 1000)
    return statistics.median(times)


def _serving(rounds: int) -> Iterator[Figure]:
    section = "Floors: reading alone and sending alone, CPU of the server for one answer"
    kinds = [("10 ms apart, 20 at once", SLOWLY, 20), ("as fast as they come, 8 at once", FAST, 8)]
    with ExitStack() as stack:
        behind = stack.enter_context(processes.upstream())
        apps = ("bench.floors:reading", "bench.floors:sending")
        urls = [stack.enter_context(processes.server(app, behind)) for app in apps]
        for pace, order, at_once in kinds:
            for what, times in zip(("reading", "sending"), in_turn(urls, order, at_once, rounds), strict=True):
                yield Figure(section, f"{what} 200 fragments, {pace}", statistics.median(times), "ms")


def _importing(rounds: int) -> Iterator[Figure]:
    section = "Floors: importing alone, CPU of a fresh Python"
    for name, code in IMPORTS.items():
        yield Figure(section, name, statistics.median(_start(code) for _ in range(rounds)), "ms")


def _start(code: str) -> float:
    # No site: what a virtual environment adds to a start is not the function's. click: httpx imports it where it is.
    path = [str(processes.CHECKOUT), *(entry for entry in sys.path if "site-packages" in entry)]
    told = f"import sys; sys.path[1:1] = {path!r}; sys.modules['click'] = None\n{code}\nimport time\n"
    command = [sys.executable, "-S", "-c", f"{told}print(time.process_time())"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) * 1000
