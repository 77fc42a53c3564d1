"""Responses, as users of httpx see them: from servers that do what servers do, and what they should not."""

import asyncio
import gzip

import httpx
import pytest

from lib.http.connection import MAX_UNREAD
from lib.http.pool import READ_SIZE
from lib.http.response_reader import MAX_WITHOUT_CONTENT
from tests.http.server import CHUNKED, OK, SHORT, SOON, Peer, Server, answering, connected, session

pytestmark = pytest.mark.anyio

RECORDED = {
    "length": OK,
    "length, more comes": OK + b"more",
    "length, less comes": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
    "no length": b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nuntil the end",
    "old": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "chunked": CHUNKED + b"2;a=b\r\nok\r\n3\r\n!!!\r\n0\r\nTrailer: x\r\n\r\n",
    "chunked, cut": CHUNKED + b"2\r\nok\r\n",
    "chunked, wrong": CHUNKED + b"2\r\nokk\r\n0\r\n\r\n",
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "informational": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK,
    "changed protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "nothing": b"",
    "cut in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 500\r\ncontent-LENGTH: 2\r\n\r\nno",
    "cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d; Path=/\r\nContent-Length: 0\r\n\r\n",
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"ok" * 99),
    "latin": b"HTTP/1.1 200 OK\r\nX-Name: \xe4\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("name", RECORDED)
async def test_a_response_is_the_one_that_httpx_makes_of_it(name: str, method: str) -> None:
    async def look(client: httpx.AsyncClient) -> object:
        try:
            response = await client.request(method, server.url)
        except httpx.HTTPError as error:
            return type(error)
        head = (response.status_code, response.reason_phrase, response.http_version, response.headers.raw)
        return (*head, response.content, dict(response.cookies), response.extensions["reason_phrase"])

    # "changed protocol": httpx gives that answer to the caller, who cannot do anything with it here.
    async with Server(answering(RECORDED[name])) as server, connected() as (ours, _):
        async with httpx.AsyncClient(trust_env=False, timeout=SOON, verify=False) as theirs:
            expected = httpx.RemoteProtocolError if name == "changed protocol" else await look(theirs)
        assert await look(ours) == expected


async def test_a_head_that_is_too_large_is_refused() -> None:
    endless = b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_WITHOUT_CONTENT
    async with session(answering(endless)) as (client, server):
        with pytest.raises(httpx.RemoteProtocolError, match=str(MAX_WITHOUT_CONTENT)):
            await client.get(server.url)


async def test_pieces_are_handed_on_one_by_one_as_they_come() -> None:
    received = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for number in range(20):
            await peer.send(b"5\r\nno %02d\r\n" % number)
            await asyncio.wait_for(received.wait(), SOON)  # The next one is not sent before this one was read.
            received.clear()
        await peer.send(b"0\r\n\r\n")

    async with session(behave) as (client, server), client.stream("GET", server.url) as response:
        pieces = []
        async for piece in response.aiter_raw():
            pieces.append(piece)
            received.set()
        assert pieces == [b"no %02d" % number for number in range(20)]


async def test_pieces_that_arrive_together_leave_together() -> None:
    chunks = b"".join(b"5\r\nno %02d\r\n" % number for number in range(20))
    behaviour = answering(CHUNKED + chunks + b"0\r\n\r\n")
    async with session(behaviour) as (client, server), client.stream("GET", server.url) as response:
        pieces = [piece async for piece in response.aiter_raw()]
    assert pieces == [b"".join(b"no %02d" % number for number in range(20))]


async def test_a_server_that_sends_faster_than_is_read_has_to_wait() -> None:
    sent = 0

    async def behave(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 26))
        for number in range(1 << 10):
            await peer.send(bytes([number % 256]) * (1 << 16))
            sent += 1 << 16

    async with Server(behave) as server, connected() as (client, made), client.stream("GET", server.url) as response:
        (used,) = made._connections
        before = -1
        while before != sent:  # Until the server does not get rid of more.
            before = sent
            await asyncio.sleep(SHORT)
        assert sent < 1 << 25
        assert used._unread_size <= MAX_UNREAD + READ_SIZE
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
        assert body == b"".join(bytes([number % 256]) * (1 << 16) for number in range(1 << 10))


async def test_many_streams_at_once_do_not_get_in_each_others_way() -> None:
    async def behave(peer: Peer) -> None:
        name = (await peer.request()).split()[1]
        await peer.send(CHUNKED)
        for number in range(10):
            text = b"%b %d;" % (name, number)
            await peer.send(b"%x\r\n%b\r\n" % (len(text), text))
            await asyncio.sleep(0.01)
        await peer.send(b"0\r\n\r\n")

    async def read(number: int) -> str:
        return (await client.get(f"{server.url}{number}")).text

    async with session(behave) as (client, server):
        texts = await asyncio.gather(*map(read, range(200)))
        assert texts == ["".join(f"/{number} {part};" for part in range(10)) for number in range(200)]
        assert server.connections == 200
