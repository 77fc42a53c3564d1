"""What goes wrong between us and a server, and within what time."""

import asyncio
import time

import httpx
import pytest

from lib.http.transport import NOT_DELIVERED
from tests.http.server import CHUNKED, OK, SHORT, SOON, Peer, Server, answering, connected, forever, session

pytestmark = pytest.mark.anyio


async def test_a_server_that_is_not_there_is_a_connect_error() -> None:
    async with Server(forever) as server:
        url = server.url
    async with connected() as (client, _):
        for target in (url, "http://nowhere.invalid/", f"http://{'a' * 64}.invalid/"):
            with pytest.raises(httpx.ConnectError) as caught:
                await client.get(target)
            assert isinstance(caught.value, NOT_DELIVERED)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"SSH-2.0\r\n\r\n"])
async def test_what_a_server_has_read_is_never_taken_for_undelivered(answer: bytes) -> None:
    async with session(answering(answer)) as (client, server):
        with pytest.raises(httpx.TransportError) as caught:
            await client.post(server.url, content=b"order")
        assert not isinstance(caught.value, NOT_DELIVERED)


async def test_a_connection_that_breaks_off_is_an_error_after_what_came_before_it() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await asyncio.wait_for(read.wait(), SOON)
        peer.reset()

    read = asyncio.Event()
    async with session(behave) as (client, server), client.stream("GET", server.url) as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"ok"
        read.set()
        with pytest.raises(httpx.ReadError):
            await anext(pieces)


async def test_silence_is_a_read_timeout_before_and_within_the_answer() -> None:
    async def behave(peer: Peer) -> None:
        request = await peer.request()
        if b"GET /body" in request:
            await peer.send(CHUNKED + b"2\r\nok\r\n")
        await peer.closed()

    async with Server(behave) as server, connected(timeout=httpx.Timeout(SOON, read=SHORT)) as (client, made):
        with pytest.raises(httpx.ReadTimeout):
            await client.get(server.url)
        async with client.stream("GET", f"{server.url}body") as response:
            pieces = response.aiter_raw()
            assert await anext(pieces) == b"ok"
            with pytest.raises(httpx.ReadTimeout):
                await anext(pieces)
        await asyncio.sleep(0)
        assert made._connections == set()


async def test_a_slow_stream_that_is_never_silent_for_long_has_no_timeout() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for _ in range(10):
            await asyncio.sleep(0.1)
            await peer.send(b"2\r\nok\r\n")
        await peer.send(b"0\r\n\r\n")

    async with Server(behave) as server, connected(timeout=httpx.Timeout(SOON, read=0.5)) as (client, _):
        assert (await client.get(server.url)).text == "ok" * 10


async def test_time_in_which_nobody_reads_is_not_silence() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await asyncio.wait_for(wanted.wait(), SOON)
        await peer.send(b"2\r\nok\r\n0\r\n\r\n")

    wanted = asyncio.Event()
    timeout = httpx.Timeout(SOON, read=SHORT)
    async with session(behave) as (client, server), client.stream("GET", server.url, timeout=timeout) as response:
        pieces = response.aiter_raw()
        await anext(pieces)
        await asyncio.sleep(3 * SHORT)
        wanted.set()
        assert await anext(pieces) == b"ok"


async def test_what_came_in_time_counts_though_the_event_loop_was_late() -> None:
    def hold_up_the_loop() -> None:
        time.sleep(2 * SHORT)

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await asyncio.wait_for(waiting.wait(), SOON)
        await peer.send(b"3\r\n in\r\n")
        waiting.clear()
        hold_up_the_loop()
        await asyncio.wait_for(waiting.wait(), SOON)
        await peer.send(b"5\r\n time\r\n0\r\n\r\n")

    waiting = asyncio.Event()
    timeout = httpx.Timeout(SOON, read=SHORT)
    async with session(behave) as (client, server), client.stream("GET", server.url, timeout=timeout) as response:
        text = ""
        async for piece in response.aiter_raw():
            text += piece.decode()
            waiting.set()
        assert text == "ok in time"


async def test_a_shorter_timeout_counts_after_a_longer_one() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.closed()

    async with Server(behave) as server, connected() as (client, _):
        await client.get(server.url)
        async with asyncio.timeout(SOON / 2):
            with pytest.raises(httpx.ReadTimeout):
                await client.post(server.url, timeout=httpx.Timeout(SOON, read=SHORT))


async def test_a_server_that_does_not_take_the_request_is_a_write_timeout() -> None:
    async def behave(peer: Peer) -> None:
        await asyncio.sleep(SOON * 10)

    async with Server(behave) as server, connected(timeout=httpx.Timeout(SOON, write=SHORT)) as (client, _):
        with pytest.raises(httpx.WriteTimeout):
            await client.post(server.url, content=bytes(1 << 25))


async def test_no_timeout_is_no_timeout() -> None:
    async with Server(forever) as server, connected(timeout=httpx.Timeout(None)) as (client, _):
        assert (await client.get(server.url)).text == "ok"
        assert (await client.get(server.url, extensions={"timeout": {}})).text == "ok"
