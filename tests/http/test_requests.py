"""Requests as servers receive them, and answers that come before they have been sent."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.http.server import (
    LARGE,
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


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"x-length": request.headers.get("content-length", "none")})


async def refuse(request: Request) -> Response:
    return PlainTextResponse("too large", 413)


async def form(request: Request) -> Response:
    async with request.form() as data:
        file = data["file"]
        assert isinstance(file, UploadFile)
        return PlainTextResponse(f"{file.filename} {len(await file.read())}")


@contextmanager
def real_server() -> Iterator[str]:
    routes = [Route(f"/{handler.__name__}", handler, methods=["POST"]) for handler in (echo, refuse, form)]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with real_server() as url:
        yield url


@pytest.mark.parametrize("size", [1000, 100_000, len(LARGE)])
async def test_a_body_arrives_to_the_byte_with_a_length_and_in_chunks(url: str, size: int) -> None:
    async with connected() as (client, _):
        chunked = await client.post(f"{url}/echo", content=pieces_of(LARGE, size))
        assert (chunked.content, chunked.headers["x-length"]) == (LARGE, "none")
        length = {"Content-Length": str(len(LARGE))}
        sized = await client.post(f"{url}/echo", content=pieces_of(LARGE, size), headers=length)
        assert (sized.content, sized.headers["x-length"]) == (LARGE, length["Content-Length"])
        whole = await client.post(f"{url}/echo", content=LARGE[:size])
        assert (whole.content, whole.headers["x-length"]) == (LARGE[:size], str(size))
        assert (await client.post(f"{url}/echo")).content == b""


async def test_a_form_with_a_file_arrives(url: str) -> None:
    async with connected() as (client, _):
        assert (await client.post(f"{url}/form", files={"file": ("name", LARGE)})).text == f"name {len(LARGE)}"


async def test_an_upload_that_is_refused_is_not_sent_to_the_end(url: str) -> None:
    given = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1 << 16
            yield bytes(1 << 16)

    async with connected() as (client, made):
        response = await client.post(f"{url}/refuse", content=body())
        assert (response.status_code, response.text) == (413, "too large")
        assert given < 1 << 26
        assert made._idle == {}


async def test_an_answer_before_the_end_of_the_request_is_read_and_the_connection_closed() -> None:
    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope")
        await peer.closed()

    answered = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(SHORT)
        yield b"b"
        answered.set()
        await asyncio.sleep(SOON * 10)

    async with session(behave) as (client, server):
        response = await client.post(server.url, content=body())
        assert (response.status_code, response.text) == (401, "nope")
        assert not answered.is_set()


async def test_an_answer_from_a_server_that_then_breaks_off_is_still_read() -> None:
    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
        peer.writer.close()

    async with session(behave) as (client, server):
        response = await client.post(server.url, content=pieces_of(LARGE * 4, 1 << 16))
        assert response.text == "fine"


@pytest.mark.parametrize("length", ["4", "6"])
async def test_a_body_of_another_length_than_told_is_an_error_here(length: str) -> None:
    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.closed()

    async with session(behave) as (client, server):
        with pytest.raises(httpx.LocalProtocolError, match="Content-Length"):
            await client.post(server.url, content=pieces_of(b"12345", 1), headers={"Content-Length": length})


async def test_a_header_cannot_smuggle_another_one() -> None:
    async with session(forever) as (client, server):
        with pytest.raises(httpx.LocalProtocolError):
            await client.get(server.url, headers={"X-Name": "a\r\nX-Other: b"})
        assert (await client.get(server.url)).text == "ok"


async def test_the_error_of_a_body_reaches_the_caller_and_the_connection_is_closed() -> None:
    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.closed()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("file")

    async with Server(behave) as server, connected() as (client, made):
        with pytest.raises(KeyError, match="file"):
            await client.post(server.url, content=body())
        await asyncio.sleep(0)
        assert made._connections == set()


async def test_only_http_and_https_are_spoken() -> None:
    async with connected() as (client, _):
        for url in ("ftp://127.0.0.1/", "http:///x", "//127.0.0.1/"):
            with pytest.raises(httpx.UnsupportedProtocol):
                await client.get(url)
