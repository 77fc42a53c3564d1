"""A thousand clients that leave at random moments: nothing runs on for them, and nothing is left behind."""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from lib.http.pool import KEEP_ALIVE
from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.upstream import Answer, StandIn, Text, Think

CLIENTS: Final = 1000
AT_ONCE: Final = 40
ACCOUNTS: Final = 100
SEED: Final = 13
LONGEST: Final = 1.0
"""Seconds that a client stays at most: an answer takes a third of that where nothing else is to do."""
TIDY_SECONDS: Final = 20.0


async def leave(url: str, key: str, seconds: float, *, stream: bool) -> None:
    """Ask, and leave so many seconds later, whatever has come by then."""
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps({"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}], "stream": stream})
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write((head + body).encode())
    await asyncio.sleep(seconds)
    writer.transport.abort()


async def crowd(url: str, keys: list[str]) -> None:
    chance = random.Random(SEED)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turns:
            await leave(url, keys[number % len(keys)], chance.uniform(0, LONGEST), stream=chance.random() < 0.7)

    async with asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            group.create_task(one(number))


def sockets(bundle: Bundle) -> int:
    """How many sockets the bundle holds open."""
    count = 0
    for entry in os.scandir(f"/proc/{bundle.process.pid}/fd"):
        with suppress(FileNotFoundError):  # Closed since.
            count += os.readlink(entry.path).startswith("socket:")
    return count


def wait_until(predicate: Callable[[], bool], seconds: float) -> bool:
    """Look at another process again and again: nothing tells when it changes."""
    ends_at = time.monotonic() + seconds
    while not predicate() and time.monotonic() < ends_at:
        time.sleep(0.1)
    return predicate()


def test_field_11_clients_that_leave(upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(ACCOUNTS)]
    words = [f"word {number} " for number in range(8)]
    upstream.script(Answer(Think("Hm. ", "So. "), Text(*words), delay=0.02, before=0.02, lingers=True), times=None)
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        before = sockets(bundle)
        asyncio.run(crowd(bundle.url, [account.refresh_token for account in accounts]))
        upstream.wait_for(
            lambda: not any(one["running"] or one["conversations"] for one in upstream.counts()), TIDY_SECONDS
        )
        assert sum(one["generated"] for one in upstream.counts()) > CLIENTS / 10
        assert wait_until(lambda: sockets(bundle) <= before, 2 * KEEP_ALIVE + 1)
        assert len(bundle.log()) == CLIENTS
        assert not [line for line in bundle.log() if line["level"] != "info"]
        assert ask(bundle, accounts[0]).choices[0].finish_reason == "stop"
