"""Which connections are kept for the next request, and which requests are sent again."""

import asyncio
import socket
import threading
import time

import httpx
import pytest

from lib.http import pool
from lib.http.pool import KEEP_ALIVE, MAX_IDLE
from lib.http.request import ONCE
from tests.http.server import (
    CHUNKED,
    OK,
    SHORT,
    SOON,
    Peer,
    Server,
    connected,
    forever,
    pieces_of,
    session,
)

pytestmark = pytest.mark.anyio


async def test_requests_one_after_another_share_a_connection_and_requests_at_once_do_not() -> None:
    async with session(forever) as (client, server):
        for method in ("GET", "POST", "DELETE"):
            assert (await client.request(method, server.url)).text == "ok"
        assert server.connections == 1
        await asyncio.gather(*(client.get(server.url) for _ in range(5)))
        assert server.connections == 5


async def test_the_connection_used_last_is_used_next() -> None:
    async def behave(peer: Peer) -> None:
        number = server.connections
        while True:
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    async with session(behave) as (client, server):
        async with client.stream("GET", server.url) as first, client.stream("GET", server.url) as second:
            assert await second.aread() == b"2"
            assert await first.aread() == b"1"
        assert [(await client.get(server.url)).text for _ in range(3)] == ["1", "1", "1"]


async def test_a_response_whose_end_has_arrived_leaves_its_connection_though_it_was_not_read() -> None:
    async with session(forever) as (client, server):
        for _ in range(3):
            async with client.stream("GET", server.url):
                pass
        assert server.connections == 1


@pytest.mark.parametrize("read", [False, True])
async def test_a_response_that_is_not_read_to_its_end_ends_the_connection(read: bool) -> None:
    closed = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"2\r\nok\r\n")
        await peer.closed()
        closed.set()

    async with session(behave) as (client, server):
        async with client.stream("GET", server.url) as response:
            if read:
                async for _ in response.aiter_raw():
                    break
        await asyncio.wait_for(closed.wait(), SOON)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
    ],
)
async def test_a_connection_that_is_not_to_be_trusted_further_is_closed(answer: bytes) -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        await peer.closed()

    async with session(behave) as (client, server):
        for _ in range(3):
            assert (await client.post(server.url)).text == "ok"
        assert server.connections == 3


async def test_a_request_that_says_close_is_the_last_of_its_connection() -> None:
    async with session(forever) as (client, server):
        for _ in range(2):
            assert (await client.get(server.url, headers={"Connection": "close"})).text == "ok"
        assert server.connections == 2


@pytest.mark.parametrize("rounds", [0, 3], ids=["not yet read", "read by the loop"])
async def test_what_a_server_says_unasked_ends_the_connection_and_is_no_answer(rounds: int) -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await asyncio.wait_for(told.wait(), SOON)
        await peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        sent.set()
        await peer.closed()

    told, sent = asyncio.Event(), asyncio.Event()
    async with session(behave) as (client, server):
        await client.post(server.url)
        told.set()
        await sent.wait()
        for _ in range(rounds):
            await asyncio.sleep(0)
        assert (await client.post(server.url)).status_code == 200
        assert server.connections == 2


@pytest.mark.parametrize("frozen", [False, True], ids=["seen by the loop", "frozen meanwhile"])
async def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used(frozen: bool) -> None:
    """Also where the event loop has had no chance to notice, as when the platform froze the process."""
    closing, closed = threading.Event(), threading.Event()

    def serve() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ports.append(listener.getsockname()[1])
            listening.set()
            for _ in range(2):
                peer, _ = listener.accept()
                with peer:
                    received = b""
                    while not received.endswith(b"\r\n\r\n"):
                        received += peer.recv(1000)
                    peer.sendall(OK)
                    closing.wait(SOON)
                closed.set()

    ports: list[int] = []
    listening = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    listening.wait(SOON)
    async with connected() as (client, made):
        url = f"http://127.0.0.1:{ports[0]}/"
        await client.post(url)
        closing.set()
        closed.wait(SOON)  # Blocks the loop: this is the freezing.
        if not frozen:
            for _ in range(3):
                await asyncio.sleep(0)
            assert made._connections == set()
        assert (await client.post(url)).text == "ok"
    thread.join()


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_request_that_meets_a_closing_connection_is_repeated_only_where_it_may_be(how: str) -> None:
    requests = []

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        requests.append(await peer.request())
        if how == "reset":
            peer.reset()

    async with session(behave) as (client, server):
        await client.get(server.url)
        assert (await client.put(server.url, content=b"body")).text == "ok"
        assert [request.split()[0] for request in requests] == [b"PUT"]
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post(server.url, content=b"body")
        assert [request.split()[0] for request in requests] == [b"PUT", b"POST"]

        await client.get(server.url)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.put(server.url, content=pieces_of(b"body", 2), headers={"Content-Length": "4"})
        assert server.connections == 3

        await client.get(server.url)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get(server.url, extensions=ONCE)
        assert server.connections == 4


async def test_a_request_is_not_repeated_after_a_byte_of_the_answer_nor_on_a_fresh_connection() -> None:
    async def behave(peer: Peer) -> None:
        if server.connections == 1:
            await peer.request()
            await peer.send(OK)
        await peer.request()
        await peer.send(b"H" if server.connections == 1 else b"")

    async with session(behave) as (client, server):
        await client.get(server.url)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(server.url)
        assert server.connections == 1
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(server.url)
        assert server.connections == 2


async def test_a_connection_is_kept_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    async with session(forever) as (client, server):
        await client.get(server.url)
        now += KEEP_ALIVE - 0.1
        await client.get(server.url)
        assert server.connections == 1
        now += KEEP_ALIVE
        await client.get(server.url)
        assert server.connections == 2


async def test_idle_connections_are_closed_without_another_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEEP_ALIVE", SHORT)
    closed = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.closed()
        closed.set()

    async with Server(behave) as server, connected() as (client, made):
        await client.get(server.url)
        assert len(made._idle) == 1
        await asyncio.wait_for(closed.wait(), SOON)
        assert made._idle == {}
        assert made._sweep_timer is None


async def test_no_more_connections_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_IDLE >= 20
    monkeypatch.setattr(pool, "MAX_IDLE", 3)
    async with Server(forever) as one, Server(forever) as two, connected() as (client, made):
        await asyncio.gather(*(client.get(server.url) for server in (one, two) for _ in range(5)))
        await asyncio.sleep(0)
        assert len(made._connections) == sum(map(len, made._idle.values())) == 3
