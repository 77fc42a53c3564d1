"""A body that does not come: the request ends by itself, and says so."""

import asyncio

import pytest
from starlette.types import Message

from api.index import app
from lib.serving import middleware


async def asked(pieces: int) -> list[Message]:
    sent: list[Message] = []
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [], "query_string": b""}

    async def receive() -> Message:
        nonlocal pieces
        pieces -= 1
        if pieces < 0:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope["headers"] = [(b"authorization", b"Bearer 0123456789abcdef0123456789abcdef.0123456789abcdef")]
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_body_that_stops_is_a_400(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT", 0.05)
    start, *rest = asyncio.run(asked(pieces))
    assert start["status"] == 400
    assert b"body_timeout" in b"".join(one.get("body", b"") for one in rest)
