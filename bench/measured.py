"""An app that also tells what its process costs: the one that `BENCH_APP` names, such as `api.index:app`.

`GET /_process` answers with `Used` so far. `POST` also forgets how late the event loop was, and watches it from then.
"""

import asyncio
import os
import re
import time
from importlib import import_module
from pathlib import Path
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

EVERY = 0.02
"""Seconds between two looks at how late the event loop is."""


class Used(TypedDict):
    """What the process has used."""

    cpu: float
    """Seconds, of all its threads."""
    memory: float
    """Megabytes of resident memory, at most."""
    late: list[float]
    """By how many seconds the event loop was late, each time that was looked at, in order of size."""


class Measured:
    """The app, and what its process uses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._late: list[float] = []
        self._watch: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/_process":
            await self._app(scope, receive, send)
            return
        used = Used(cpu=time.process_time(), memory=peak_memory(), late=sorted(self._late))
        if Request(scope).method == "POST":
            self._late.clear()
            self._watch = self._watch or asyncio.create_task(self._look())
        await JSONResponse(used)(scope, receive, send)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self._late.append(loop.time() - due)


def peak_memory() -> float:
    """Megabytes. Read from Linux: what `getrusage` says includes the process that started this one."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def named(path: str) -> ASGIApp:
    """The app at `module:name`."""
    module, name = path.split(":")
    app: ASGIApp = getattr(import_module(module), name)
    return app


app = Measured(named(os.environ["BENCH_APP"]))
