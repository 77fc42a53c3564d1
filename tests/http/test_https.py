"""TLS, as users of httpx see it."""

import asyncio
import ssl

import httpx
import pytest

from tests.certificates import Authority
from tests.http.server import (
    CHUNKED,
    LARGE,
    SHORT,
    SOON,
    Peer,
    Server,
    connected,
    forever,
)

pytestmark = pytest.mark.anyio


async def test_https_is_as_http(authority: Authority, certified: ssl.SSLContext) -> None:
    async def behave(peer: Peer) -> None:
        while request := await peer.request():
            body = request.partition(b"\r\n\r\n")[2]
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async with Server(behave, certified) as server, connected(authority.client()) as (client, _):
        for size in (10, 100_000, len(LARGE)):
            assert (await client.post(server.url, content=LARGE[:size])).content == LARGE[:size]
        assert server.connections == 1


async def test_a_stream_over_tls_comes_as_it_is_sent_and_breaks_off_as_an_error(
    authority: Authority, certified: ssl.SSLContext
) -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for _ in range(5):
            await peer.send(b"2\r\nok\r\n")
            await asyncio.wait_for(received.wait(), SOON)
            received.clear()

    received = asyncio.Event()
    async with Server(behave, certified) as server, connected(authority.client()) as (client, _):
        response = await client.send(client.build_request("GET", server.url), stream=True)
        pieces = response.aiter_raw()
        for _ in range(5):
            assert await anext(pieces) == b"ok"
            received.set()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(pieces)


async def test_the_certificate_has_to_name_the_host_or_whom_the_request_names(authority: Authority) -> None:
    names: list[str] = []

    tls = authority.server("DNS:files.example")
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with Server(forever, tls) as server, connected(authority.client()) as (client, _):
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(server.url)
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(server.url, extensions={"sni_hostname": "other.example"})
        for _ in range(2):
            named = await client.get(server.url, extensions={"sni_hostname": "files.example"})
            assert named.text == "ok"
        # A connection that was checked for one name is not used for another.
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(server.url)
    assert [name for name in names if name] == ["other.example", "files.example"]


async def test_a_name_that_is_none_is_a_connect_error_and_leaves_no_connection(certified: ssl.SSLContext) -> None:
    async with Server(forever, certified) as server, connected(ssl.create_default_context()) as (client, made):
        with pytest.raises(httpx.ConnectError):
            await client.get(server.url, extensions={"sni_hostname": ".example"})
        await asyncio.sleep(0)
        assert made._connections == set()


async def test_an_unknown_authority_is_refused(certified: ssl.SSLContext) -> None:
    async with Server(forever, certified) as server, connected() as (client, _):
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await client.get(server.url)


async def test_a_server_that_does_not_speak_tls_is_a_connect_error(authority: Authority) -> None:
    async def behave(peer: Peer) -> None:
        await peer.send(b"220 mail.example ESMTP\r\n")
        await peer.closed()

    async with Server(behave) as server, connected(authority.client()) as (client, _):
        with pytest.raises(httpx.ConnectError, match="SSL"):
            await client.get(server.url.replace("http:", "https:"))


async def test_a_handshake_that_does_not_end_is_a_connect_timeout(authority: Authority) -> None:
    async def behave(peer: Peer) -> None:
        await peer.closed()
        closed.set()

    closed = asyncio.Event()
    timeout = httpx.Timeout(SOON, connect=SHORT)
    async with Server(behave) as server, connected(authority.client(), timeout) as (client, _):
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(server.url.replace("http:", "https:"))
        await asyncio.wait_for(closed.wait(), SOON)
