"""The transport, as users of httpx see it, against servers that do what servers do, and what they should not."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lib.http import pool
from lib.http.connection import MAX_UNREAD
from lib.http.pool import KEEP_ALIVE, MAX_IDLE, READ_SIZE, Pool
from lib.http.request import ONCE
from lib.http.response_reader import MAX_WITHOUT_CONTENT
from lib.http.transport import Transport
from tests.certificates import Authority

pytestmark = pytest.mark.anyio

SOON = 10.0
"""Seconds within which what must happen happens; nothing waits for them where all is well."""

SHORT = 0.15
"""A time-out that is waited for."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def head(self) -> bytes:
        """The head of the next request. Raises `IncompleteReadError` when the client has closed the connection."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """The next request: its head, and its body if that has a length."""
        head = await self.head()
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + (await self.reader.readexactly(int(lengths[0])) if lengths else b"")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self) -> None:
        """Until the client has closed the connection."""
        async with asyncio.timeout(SOON):
            try:
                while await self.reader.read(1 << 16):
                    pass
            except ConnectionError:
                pass

    def reset(self) -> None:
        """Break the connection off, as a process that dies does."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


type Behaviour = Callable[[Peer], Awaitable[None]]


class Server:
    """A server whose behaviour a test writes out. It serves each connection with `behaviour`, then closes it."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.errors: list[BaseException] = []
        self._behaviour, self._tls = behaviour, tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls, backlog=1024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self.errors == []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            await self._behaviour(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The client has closed the connection, or the test is over.
        except Exception as error:
            self.errors.append(error)
        finally:
            writer.close()


@asynccontextmanager
async def connected(
    tls: ssl.SSLContext | None = None, timeout: httpx.Timeout | float = SOON
) -> AsyncIterator[tuple[httpx.AsyncClient, Pool]]:
    """A client, and its pool to look into."""
    transport = Transport(tls)
    made = transport.pool
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
        yield client, made
    assert made._connections == set()
    assert made._idle == {}


@asynccontextmanager
async def session(behaviour: Behaviour) -> AsyncIterator[tuple[httpx.AsyncClient, Server]]:
    async with Server(behaviour) as server, connected() as (client, _):
        yield client, server


def answering(*answers: bytes) -> Behaviour:
    """Each request of a connection gets the next answer; then the connection is closed."""

    async def behave(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.send(answer)

    return behave


async def forever(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.send(OK)


# Responses


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


async def test_fragments_are_handed_on_one_by_one_as_they_come() -> None:
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


async def test_fragments_that_arrive_together_leave_together() -> None:
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


# Requests


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


LARGE = bytes(range(256)) * 20_000


async def pieces_of(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


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


# Failures


async def test_a_server_that_is_not_there_is_a_connect_error() -> None:
    async with Server(forever) as server:
        url = server.url
    async with connected() as (client, _):
        for target in (url, "http://nowhere.invalid/", f"http://{'a' * 64}.invalid/"):
            with pytest.raises(httpx.ConnectError):
                await client.get(target)


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


# Connections that are kept


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


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def certified(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext:
    return authority.server("IP:127.0.0.1", "DNS:files.example", version=request.param)


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


# Being cancelled, being closed


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
