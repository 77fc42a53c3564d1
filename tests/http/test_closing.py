"""Being cancelled, being closed: nothing is left open."""

import asyncio

import httpx
import pytest

from lib.http.transport import Transport
from tests.certificates import Authority
from tests.http.server import CHUNKED, SHORT, SOON, Peer, Server, connected, forever, session

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("where", ["handshake", "head", "body", "upload"])
async def test_who_is_cancelled_closes_the_connection(authority: Authority, where: str) -> None:
    waiting, closed = asyncio.Event(), asyncio.Event()

    async def behave(peer: Peer) -> None:
        if where in ("head", "body"):
            await peer.head()
        if where == "body":
            await peer.send(CHUNKED + b"2\r\nok\r\n")
        if where == "handshake":
            await peer.reader.read(1)
        if where != "body":
            waiting.set()
        if where == "upload":
            await asyncio.wait_for(cancelled.wait(), SOON)
        await peer.closed()
        closed.set()

    async def use() -> None:
        url = server.url.replace("http:", "https:" if where == "handshake" else "http:")
        async with client.stream("POST", url, content=bytes(1 << 24) if where == "upload" else b"") as response:
            async for _ in response.aiter_raw():
                waiting.set()

    cancelled = asyncio.Event()
    async with Server(behave) as server, connected(authority.client()) as (client, made):
        task = asyncio.create_task(use())
        await asyncio.wait_for(waiting.wait(), SOON)
        await asyncio.sleep(SHORT)  # Until the client waits, too.
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cancelled.set()
        await asyncio.wait_for(closed.wait(), SOON)
        assert (made._connections, made._idle) == (set(), {})


async def test_a_read_that_is_cancelled_closes_the_connection_though_nobody_closes_the_response() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await peer.closed()
        closed.set()

    closed = asyncio.Event()
    async with session(behave) as (client, server):
        response = await client.send(client.build_request("GET", server.url), stream=True)
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"ok"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await anext(pieces)
        await asyncio.wait_for(closed.wait(), SOON)


async def test_closing_the_client_ends_its_streams_and_closes_all_connections() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await peer.closed()
        closed.release()

    async def read() -> None:
        async with client.stream("GET", server.url) as response:
            async for _ in response.aiter_raw():
                reading.release()

    reading, closed = asyncio.Semaphore(0), asyncio.Semaphore(0)
    async with Server(behave) as server, connected() as (client, made):
        tasks = [asyncio.create_task(read()) for _ in range(3)]
        for _ in tasks:
            await reading.acquire()
        await client.aclose()
        assert made._connections == set()
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in errors] == [httpx.ReadError] * 3
        with pytest.raises(httpx.ConnectError):
            await made.send(httpx.Request("GET", server.url))
        for _ in tasks:
            await closed.acquire()


def test_a_transport_belongs_to_one_event_loop() -> None:
    transport = Transport()

    async def use() -> None:
        async with Server(forever) as server:
            await transport.handle_async_request(httpx.Request("GET", server.url))
            await transport.aclose()

    asyncio.run(use())
    with pytest.raises(RuntimeError, match="event loop"):
        asyncio.run(use())
