"""A web site beside the service: whatever a test wants to be fetched, also slowly and wrongly."""

from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .call import Call, Reply
from .gate import Gate


@dataclass(frozen=True)
class Page:
    """What one path of the site answers to any method.

    `content_length`: "right"; None, none is sent (the body goes out chunked); or this number: where it is more than
    the body has, the connection closes early. `drip`: the body goes out in pieces of so many bytes, so many seconds
    apart. `delay`: seconds before the answer begins. `gate` holds the pieces (the whole body is one where there is no
    `drip`).
    """

    body: bytes
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_length: int | Literal["right"] | None = "right"
    drip: tuple[int, float] | None = None
    delay: float = 0.0
    gate: Gate | None = None


class Site:
    """The pages by path."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}

    def put(self, path: str, page: Page) -> None:
        self._pages[path] = page

    def clear(self) -> None:
        self._pages.clear()

    def has(self, path: str) -> bool:
        return path in self._pages

    async def visit(self, call: Call) -> Reply:
        return _Visit(call, self._pages[call.recorded.path])


class _Visit:
    def __init__(self, call: Call, page: Page) -> None:
        self._call = call
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, page = self._call, self._page
        length = len(page.body) if page.content_length == "right" else page.content_length
        headers = Response(None, page.status, page.headers, page.content_type).raw_headers
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        if not await call.pause(page.delay):
            return
        await send({"type": "http.response.start", "status": page.status, "headers": headers})
        size, pause = page.drip or (max(len(page.body), 1), 0.0)
        body = page.body[:length]
        for begin in range(0, len(body), size):
            if begin and not await call.pause(pause):
                return
            if page.gate is not None:
                call.watch()
                await page.gate.admit(call.halt)
            if call.halt.done():
                return
            if page.gate is not None:
                page.gate.passed()
            await send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
        if length is not None and length > len(body):
            await call.drop()
        else:
            await send({"type": "http.response.body", "body": b""})
