"""Files that a caller names: what is fetched, what is refused, and where no request ever goes."""

import asyncio
import base64
import gzip
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import BadRequest
from lib.files.addresses import Resolver, resolve
from lib.files.fetch import MAX_ADDRESSES, MAX_REDIRECTS, Limits, open_file
from lib.files.remote_file import RemoteFile
from lib.http.transport import Transport

FIELD = "messages[1].content[0].image_url.url"
PUBLIC = "93.184.215.14"
MEGABYTE = 1024 * 1024
LIMITS = Limits(max_bytes=MEGABYTE)
LOCAL = Limits(max_bytes=MEGABYTE, allow_private=True)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100

# For files.example, valid for a hundred years; it certifies itself.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBsTCCAVegAwIBAgIUOx8iU8U2scjZrlDgJA56/0gz2SIwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNZmlsZXMuZXhhbXBsZTAgFw0yNjExMjMxNjE4NDVaGA8yMTI2
MTAzMDE2MTg0NVowGDEWMBQGA1UEAwwNZmlsZXMuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABES65aU2nWVVIttbJXh9zt1YT7+KuEy72XBtbpk0P3Rz
va35A1/3cf5QMpF9joCM5PQrNaQDtqj0Wbf40ntEb4WjfTB7MB0GA1UdDgQWBBQw
I5HJxOWADu/H/alMIXEP/aHg2TAfBgNVHSMEGDAWgBQwI5HJxOWADu/H/alMIXEP
/aHg2TAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDWZpbGVzLmV4YW1wbGUw
DgYDVR0PAQH/BAQDAgKEMAoGCCqGSM49BAMCA0gAMEUCIGzymDX9czcKNdDrTOIa
8B+GaThbIRgx75Bu1qmNBsQEAiEAnVvue8NwGlUsiV541Ju3Y6TZHuFFdodudq5d
XHIXB/k=
-----END CERTIFICATE-----
"""
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/NpIcIiU9PNaIBNH
B62vuzpZS0guAwHz556iq6hgOPKhRANCAAREuuWlNp1lVSLbWyV4fc7dWE+/irhM
u9lwbW6ZND90c72t+QNf93H+UDKRfY6AjOT0KzWkA7ao9Fm3+NJ7RG+F
-----END PRIVATE KEY-----
"""


type Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Takes a request's head and a writer, and answers with whatever bytes it likes."""


class Server:
    """A server on 127.0.0.1 that answers every request with the same bytes, or as a handler does."""

    def __init__(self, answer: bytes | Handler, context: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._context = context
        self.requests: list[bytes] = []

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            if isinstance(self._answer, bytes):
                writer.write(self._answer)
                await writer.drain()
            else:
                await self._answer(head, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The client has gone, as some tests want it to.
        finally:
            writer.close()
            self._tasks.discard(task)


def ok(body: bytes, *headers: str, sized: bool = True) -> bytes:
    lines = ["HTTP/1.1 200 OK", *headers, *([f"Content-Length: {len(body)}"] if sized else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


def moved(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def certified() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=CERTIFICATE)


@pytest.fixture
async def client(anyio_backend: object) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=Transport(certified()), trust_env=False) as client:
        yield client


def names(*addresses: str) -> Resolver:
    """A resolver that finds these addresses for every host."""

    async def find(host: str, port: int) -> Sequence[str]:
        return addresses

    return find


class Recorder:
    """A client that goes nowhere: it records requests and answers as told."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.client = httpx.AsyncClient(
            transport=httpx.MockTransport(self._answer),
            headers={"Authorization": "Bearer secret", "X-Sign": "secret"},
            cookies={"session": "secret"},
            auth=("user", "secret"),
            trust_env=False,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answers.pop(0) if self._answers else httpx.Response(200, stream=httpx.ByteStream(b"Hello"))


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    limits: Limits = LOCAL,
    name: str | None = None,
    resolver: Resolver = resolve,
) -> tuple[RemoteFile, bytes]:
    async with open_file(client, url, field=FIELD, limits=limits, name=name, resolver=resolver) as file:
        return file, await file.read()


async def refusal(client: httpx.AsyncClient, url: str, *, limits: Limits = LOCAL, resolver: Resolver = resolve) -> str:
    with pytest.raises(BadRequest) as refused:
        await fetch(client, url, limits=limits, resolver=resolver)
    assert refused.value.param == FIELD
    assert refused.value.message.startswith(f"The file at {FIELD} ")
    return refused.value.message


class TestFetching:
    pytestmark = pytest.mark.anyio

    async def test_a_picture_that_calls_itself_a_text_is_a_picture(self, client: httpx.AsyncClient) -> None:
        async with Server(ok(PNG, "Content-Type: text/plain")) as server:
            file, content = await fetch(client, f"{server.url}/folder/notes.txt?x=1#y")
        assert (file.name, file.content_type, file.size, file.is_picture) == ("notes.png", "image/png", len(PNG), True)
        assert content == PNG

    async def test_the_callers_name_goes_before_the_servers_and_that_before_the_urls(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = ok(b"%PDF-1.7", "Content-Disposition: attachment; filename*=UTF-8''%e5%a0%b1.pdf")
        async with Server(answer) as server:
            assert (await fetch(client, f"{server.url}/a.pdf", name="mine"))[0].name == "mine.pdf"
            assert (await fetch(client, f"{server.url}/a.pdf"))[0].name == "報.pdf"
            assert (await fetch(client, f"{server.url}/a.pdf", name="../"))[0].name == "報.pdf"
        async with Server(ok(b"%PDF-1.7")) as server:
            assert (await fetch(client, f"{server.url}/x/%E5%A0%B1"))[0].name == "報.pdf"
            assert (await fetch(client, f"{server.url}/"))[0].name == "file.pdf"

    async def test_the_content_comes_as_it_arrives(self, client: httpx.AsyncClient) -> None:
        was_read = asyncio.Event()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(ok(PNG, sized=False))
            await writer.drain()
            await was_read.wait()
            writer.write(b"the rest")

        async with Server(answer) as server, open_file(client, server.url, field=FIELD, limits=LOCAL) as file:
            assert file.size is None
            assert file.is_picture
            received = b""
            async for chunk in file.aiter():
                received += chunk
                if received == PNG:
                    was_read.set()
        assert received == PNG + b"the rest"

    async def test_bytes_that_dribble_in_are_enough_to_tell_the_type(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(ok(b"", "Transfer-Encoding: chunked", sized=False))
            for byte in b"%PDF-1.7\n\xff":
                writer.write(b"1\r\n%c\r\n" % byte)
                await writer.drain()
            writer.write(b"0\r\n\r\n")

        async with Server(answer) as server:
            file, content = await fetch(client, server.url)
        assert (file.content_type, file.size, content) == ("application/pdf", 10, b"%PDF-1.7\n\xff")

    async def test_a_length_beside_chunks_means_nothing(self, client: httpx.AsyncClient) -> None:
        answer = ok(b"5\r\nHello\r\n0\r\n\r\n", "Content-Length: 3", "Transfer-Encoding: chunked", sized=False)
        async with Server(answer) as server:
            file, content = await fetch(client, server.url)
        assert (file.size, content) == (5, b"Hello")

    async def test_it_asks_for_exactly_the_url(self, client: httpx.AsyncClient) -> None:
        async with Server(ok(b"Hello")) as server:
            await fetch(client, f" http://files.example:{server.port}/a%2Fb/ü?x=%20+#z\n", resolver=names("127.0.0.1"))
        request_line, *lines = server.requests[0].decode().lower().split("\r\n")
        assert request_line == "get /a%2fb/%c3%bc?x=%20+ http/1.1"
        assert f"host: files.example:{server.port}" in lines
        assert "accept-encoding: identity" in lines

    async def test_a_file_can_be_read_once(self, client: httpx.AsyncClient) -> None:
        async with open_file(client, "data:,Hello", field=FIELD, limits=LIMITS) as file:
            assert await file.read() == b"Hello"
            with pytest.raises(RuntimeError, match="once"):
                await file.read()

    async def test_giving_up_closes_the_connection(self, client: httpx.AsyncClient) -> None:
        gone = asyncio.Event()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(ok(PNG, sized=False))
            try:
                while True:
                    await writer.drain()
                    writer.write(PNG)
                    await asyncio.sleep(0)
            finally:
                gone.set()

        async with Server(answer) as server:
            async with open_file(client, server.url, field=FIELD, limits=LOCAL) as file:
                await anext(file.aiter())
            async with asyncio.timeout(5):
                await gone.wait()


class TestFailures:
    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503, 304, 300])
    async def test_an_answer_that_is_no_file(self, client: httpx.AsyncClient, status: int) -> None:
        async with Server(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as server:
            assert f"its server answered {status}." in await refusal(client, server.url)

    async def test_too_large_by_its_length_is_refused_before_it_is_read(self, client: httpx.AsyncClient) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {MEGABYTE + 1}\r\n\r\n".encode()
        async with Server(head) as server:
            assert "is larger than 1 MB." in await refusal(client, server.url)

    async def test_too_large_without_a_length_is_refused_while_it_is_read(self, client: httpx.AsyncClient) -> None:
        sent = 0

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            writer.write(ok(b"", sized=False))
            while True:
                await writer.drain()
                writer.write(PNG)
                sent += len(PNG)

        async with Server(answer) as server:
            assert "is larger than 1 MB." in await refusal(client, server.url)
        assert sent < 20 * MEGABYTE

    async def test_as_large_as_allowed_is_taken(self, client: httpx.AsyncClient) -> None:
        for sized in (True, False):
            async with Server(ok(b"x" * MEGABYTE, sized=sized)) as server:
                assert len((await fetch(client, server.url))[1]) == MEGABYTE
            async with Server(ok(b"x" * MEGABYTE + b"x", sized=sized)) as server:
                await refusal(client, server.url)

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + PNG,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nHello",
            b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            b"nothing of HTTP\r\n\r\n",
            b"",
        ],
    )
    async def test_an_answer_that_breaks_off_or_is_no_http(self, client: httpx.AsyncClient, answer: bytes) -> None:
        async with Server(answer) as server:
            assert "the connection to its server broke off." in await refusal(client, server.url)

    async def test_a_content_shorter_than_promised_is_not_passed_off_as_whole(self) -> None:
        for length in ("4", "6", "-5"):
            answer = httpx.Response(200, headers={"Content-Length": length}, stream=httpx.ByteStream(b"Hello"))
            assert "broke off" in await refusal(Recorder(answer).client, "http://1.1.1.1/")

    async def test_an_empty_file(self, client: httpx.AsyncClient) -> None:
        async with Server(ok(b"")) as server:
            assert "is empty." in await refusal(client, server.url)
        assert "is empty." in await refusal(client, "data:image/png;base64,")

    async def test_content_that_is_packed_unasked_is_unpacked_within_the_limit(self, client: httpx.AsyncClient) -> None:
        async with Server(ok(gzip.compress(b"Hello"), "Content-Encoding: gzip")) as server:
            assert (await fetch(client, server.url))[1] == b"Hello"
        async with Server(ok(gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip")) as server:
            assert "is larger than" in await refusal(client, server.url)
        for body, encoding in ((b"Hello", "gzip"), (b"Hello", "br")):
            async with Server(ok(body, f"Content-Encoding: {encoding}")) as server:
                assert "cannot be unpacked" in await refusal(client, server.url)
        async with Server(ok(b"Hello", "Content-Encoding: Identity")) as server:
            assert (await fetch(client, server.url))[1] == b"Hello"

    async def test_nobody_there(self, client: httpx.AsyncClient) -> None:
        async with Server(b"") as server:
            pass
        message = await refusal(client, f"http://files.example:{server.port}/", resolver=names("127.0.0.1"))
        assert "no connection to its server." in message
        assert "127.0.0.1" not in message

    async def test_the_next_address_is_tried_where_one_does_not_answer(self, client: httpx.AsyncClient) -> None:
        async with Server(ok(b"Hello")) as server:
            url = f"http://files.example:{server.port}/"
            assert (await fetch(client, url, resolver=names("::1", "127.0.0.1")))[1] == b"Hello"
            await refusal(client, url, resolver=names(*["::1"] * MAX_ADDRESSES, "127.0.0.1"))

    @pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", ok(PNG, sized=False)])
    async def test_a_server_that_falls_silent(self, client: httpx.AsyncClient, sent: bytes) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(sent)
            await asyncio.Event().wait()

        async with Server(answer) as server:
            message = await refusal(client, server.url, limits=LOCAL._replace(fetch_seconds=0.2))
        assert "could not be fetched within 0.2 seconds." in message

    async def test_a_server_that_drips(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            for byte in ok(PNG):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)

        async with Server(answer) as server:
            message = await refusal(client, server.url, limits=LOCAL._replace(fetch_seconds=0.3))
        assert "within 0.3 seconds." in message

    async def test_a_resolver_that_hangs(self, client: httpx.AsyncClient) -> None:
        async def hang(host: str, port: int) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

        message = await refusal(client, "http://h/", limits=LIMITS._replace(fetch_seconds=0.1), resolver=hang)
        assert "within 0.1 seconds." in message

    async def test_redirects_share_the_time_of_one_fetch(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.1)
            writer.write(moved("/"))

        async with Server(answer) as server:
            message = await refusal(client, server.url, limits=LOCAL._replace(fetch_seconds=0.25))
        assert "within 0.25 seconds." in message
        assert len(server.requests) <= 3

    async def test_a_slow_reader_is_not_the_servers_fault(self, client: httpx.AsyncClient) -> None:
        content = bytes(MEGABYTE)
        limits = LOCAL._replace(fetch_seconds=1.0)
        async with (
            Server(ok(content)) as server,
            open_file(client, server.url, field=FIELD, limits=limits) as file,
        ):
            received = 0
            async for chunk in file.aiter():
                if not received:
                    await asyncio.sleep(1.2)
                received += len(chunk)
        assert received == len(content)


class TestRedirects:
    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_they_are_followed(self, client: httpx.AsyncClient, status: int) -> None:
        async with Server(ok(PNG)) as target, Server(moved(f"{target.url}/b.png", status)) as server:
            file, content = await fetch(client, f"{server.url}/a")
        assert (file.name, content) == ("b.png", PNG)

    async def test_a_relative_one_leads_to_the_same_host_by_name(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(ok(b"Hello") if b"/c/d?e" in head else moved("../c/d?e"))

        async with Server(answer) as server:
            url = f"http://files.example:{server.port}/a/b"
            await fetch(client, url, resolver=names("127.0.0.1"))
        assert [f"host: files.example:{server.port}".encode() in head.lower() for head in server.requests] == [True] * 2

    async def test_only_so_many(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            count = int(head.split()[1].strip(b"/"))
            writer.write(moved(f"/{count - 1}") if count else ok(b"Hello"))

        async with Server(answer) as server:
            await fetch(client, f"{server.url}/{MAX_REDIRECTS}")
            message = await refusal(client, f"{server.url}/{MAX_REDIRECTS + 1}")
        assert f"redirected more than {MAX_REDIRECTS} times." in message

    @pytest.mark.parametrize(
        "location",
        [
            "http://127.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "//127.0.0.1/",
            "http://2130706433/",
            "http://localhost/",
            "http://[::1]/",
            "http://8.8.8.8:8080/",
            "http://user@8.8.8.8/",
            "ftp://8.8.8.8/",
            "file:///etc/passwd",
            "data:,Hello",
            "javascript:x",
            "http://[",
            "http://a\tb/",
        ],
    )
    async def test_each_is_checked_anew(self, location: str) -> None:
        recorder = Recorder(httpx.Response(302, headers={"Location": location}))

        await refusal(recorder.client, "http://8.8.8.8/", limits=LIMITS)
        assert len(recorder.requests) == 1

    async def test_from_https_to_http_is_allowed(self) -> None:
        recorder = Recorder(httpx.Response(302, headers={"Location": "http://8.8.8.8/"}))
        await fetch(recorder.client, "https://8.8.4.4/", limits=LIMITS)
        assert [request.url.scheme for request in recorder.requests] == ["https", "http"]


class TestAddresses:
    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7F.1",
            "0x7f000001",
            "017700000001",
            "2130706433",
            "0",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "172.16.0.1",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "localhost",
            "LOCALHOST",
            "127。0。0。1",
            "１２７.0.0.1",
            "①②⑦.0.0.1",
            "ⓛocalhost",
            "loc\xadalhost",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "[fe80::1]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "example.com@127.0.0.1",
            "127.0.0.1#@example.com",
            "127.0.0.1\\@example.com",
        ],
    )
    async def test_no_spelling_of_a_private_one_is_let_through(self, host: str) -> None:
        recorder = Recorder()
        for scheme in ("http", "https"):
            message = await refusal(recorder.client, f"{scheme}://{host}/", limits=LIMITS)
            assert "127.0.0.1" not in message
        assert recorder.requests == []

    @pytest.mark.parametrize("port", [0, 22, 79, 81, 442, 444, 6379, 8080, 65535, 65536, 99999, "x", "８１"])
    async def test_only_the_ports_of_the_web(self, port: object) -> None:
        recorder = Recorder()
        await refusal(recorder.client, f"http://8.8.8.8:{port}/", limits=LIMITS)
        assert recorder.requests == []
        for number in (80, 443):
            await fetch(recorder.client, f"http://8.8.8.8:{number}/", limits=LIMITS)

    async def test_a_port_that_cannot_be_is_refused_even_locally(self, client: httpx.AsyncClient) -> None:
        for port in (0, 65536, 99999):
            assert f"port {port}" in await refusal(client, f"http://127.0.0.1:{port}/")

    async def test_one_private_address_among_public_ones_is_enough_to_refuse(self) -> None:
        recorder = Recorder()
        for addresses in ([PUBLIC, "10.0.0.1"], ["::1", PUBLIC], [PUBLIC, "fe80::1%eth0"], ["nonsense"], []):
            message = await refusal(recorder.client, "https://h.example/", limits=LIMITS, resolver=names(*addresses))
            assert "unknown or not public" in message
        assert recorder.requests == []

    async def test_an_unknown_name_and_a_private_one_look_the_same(self) -> None:
        async def unknown(host: str, port: int) -> Sequence[str]:
            raise OSError(f"{host} has no address, says 10.0.0.53")

        async def impossible(host: str, port: int) -> Sequence[str]:
            raise UnicodeError(f"{host} cannot be encoded")

        messages = {
            await refusal(Recorder().client, "https://h.example/", limits=LIMITS, resolver=resolver)
            for resolver in (unknown, impossible, names("10.0.0.1"), names())
        }
        assert len(messages) == 1

    async def test_the_connection_goes_to_the_address_that_was_checked(self) -> None:
        recorder = Recorder()
        asked: list[tuple[str, int]] = []

        async def rebind(host: str, port: int) -> Sequence[str]:
            asked.append((host, port))
            return [PUBLIC if len(asked) == 1 else "127.0.0.1"]

        await fetch(recorder.client, "https://Rebind.Example./x", limits=LIMITS, resolver=rebind)
        assert asked == [("rebind.example.", 443)]
        [request] = recorder.requests
        assert str(request.url) == f"https://{PUBLIC}/x"
        assert request.headers["Host"] == "rebind.example."
        assert request.extensions["sni_hostname"] == "rebind.example"

    async def test_a_redirect_to_the_same_name_is_resolved_and_checked_again(self) -> None:
        recorder = Recorder(httpx.Response(302, headers={"Location": "/again"}))
        answers = [PUBLIC, "127.0.0.1"]

        async def rebind(host: str, port: int) -> Sequence[str]:
            return [answers.pop(0)]

        await refusal(recorder.client, "https://rebind.example/", limits=LIMITS, resolver=rebind)
        assert [request.url.host for request in recorder.requests] == [PUBLIC]

    async def test_the_system_is_not_asked_for_the_name_again(self, client: httpx.AsyncClient) -> None:
        # The name does not exist: whoever looked it up a second time would find nothing.
        async with Server(ok(b"Hello")) as server:
            url = f"http://does-not-exist.invalid:{server.port}/"
            assert (await fetch(client, url, resolver=names("127.0.0.1")))[1] == b"Hello"

    async def test_an_international_name_is_resolved_as_the_net_writes_it(self) -> None:
        recorder = Recorder()
        asked: list[str] = []

        async def record(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return [PUBLIC]

        for host in ("例え.jp", "xn--"):
            await fetch(recorder.client, f"https://{host}/", limits=LIMITS, resolver=record)
        assert asked == ["xn--r8jz45g.jp", "xn--"]
        assert [request.headers["Host"] for request in recorder.requests] == asked

    async def test_an_ipv6_address(self) -> None:
        recorder = Recorder()
        await fetch(recorder.client, "http://[2606:4700:4700::1111]:443/", limits=LIMITS)
        assert recorder.requests[0].headers["Host"] == "[2606:4700:4700::1111]:443"


class TestSecrets:
    pytestmark = pytest.mark.anyio

    async def test_nothing_of_the_clients_is_sent(self) -> None:
        recorder = Recorder(httpx.Response(302, headers={"Location": "http://8.8.4.4/"}))
        await fetch(recorder.client, "http://8.8.8.8/", limits=LIMITS)
        assert len(recorder.requests) == 2
        for request in recorder.requests:
            assert set(request.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
            assert "secret" not in str(request.headers.raw)

    @pytest.mark.parametrize("userinfo", ["alice", "alice:wonder", ":wonder", "8.8.4.4:80"])
    async def test_a_url_with_credentials_is_refused(self, userinfo: str) -> None:
        recorder = Recorder()
        message = await refusal(recorder.client, f"https://{userinfo}@8.8.8.8/", limits=LIMITS)
        assert "user name or password" in message
        assert userinfo not in message
        assert recorder.requests == []


class TestCertificates:
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def context(self, tmp_path: Path) -> ssl.SSLContext:
        file = tmp_path / "server.pem"
        file.write_text(KEY + CERTIFICATE)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    async def test_the_name_in_the_url_is_the_one_that_the_server_must_prove(
        self, client: httpx.AsyncClient, context: ssl.SSLContext
    ) -> None:
        asked: list[str | None] = []
        context.sni_callback = lambda tls, name, _: asked.append(name)
        loopback = names("127.0.0.1")
        async with Server(ok(PNG), context) as server:
            for host in ("files.example", "FILES.example."):
                assert (await fetch(client, f"https://{host}:{server.port}/", resolver=loopback))[1] == PNG
            for host in ("other.example", "127.0.0.1"):
                message = await refusal(client, f"https://{host}:{server.port}/", resolver=loopback)
                assert "no connection to its server." in message
        assert asked[:3] == ["files.example", "files.example", "other.example"]
        assert len(server.requests) == 2


class TestUrls:
    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize(
        "url",
        [
            "",
            " ",
            "file",
            "//8.8.8.8/",
            "/etc/passwd",
            "ftp://8.8.8.8/",
            "file:///etc/passwd",
            "gopher://8.8.8.8/",
            "blob:http://8.8.8.8/x",
            "http:8.8.8.8",
            "http:/8.8.8.8/",
            "http:///x",
            "http://",
            "https://?",
            "http://8.8.8.8\x00/",
            "http://8.8.8.8/\r\nHost: x",
            "http://8.8.8.8/\ud800",
            "http://\ud800/",
            "http://8.8.8.8/" + "a" * 100_000,
            "data:",
            "data:image/png;base64",
            "SGVsbG8=",
        ],
    )
    async def test_a_url_that_is_none_or_of_another_scheme(self, url: str) -> None:
        recorder = Recorder()
        await refusal(recorder.client, url, limits=LIMITS, resolver=names(PUBLIC))
        assert recorder.requests == []

    def test_any_text_is_fetched_or_refused(self) -> None:
        pieces = ["http:", "https:", "data:", "//", "/", "h", "8.8.8.8", "[", "]", "::1", "@", ":", "80", "99999", "%"]
        pieces += [
            "%00",
            "..",
            "?",
            "#",
            "\\",
            "\t",
            " ",
            "１",
            "xn--",
            "-",
            ",",
            ";base64",
            "²",
            "。",
            "\x7f",
            "\ud800",
        ]
        urls = st.lists(st.sampled_from(pieces) | st.characters(), max_size=8).map("".join)

        @given(urls)
        @settings(deadline=None)
        def check(url: str) -> None:
            async def run() -> None:
                redirect = httpx.Response(302, headers=[(b"Location", url.encode("utf-8", "replace"))])
                for client, target in ((Recorder().client, url), (Recorder(redirect).client, "http://h/")):
                    try:
                        await fetch(client, target, limits=LIMITS, resolver=names(PUBLIC))
                    except BadRequest as error:
                        assert error.param == FIELD  # noqa: PT017

            asyncio.run(run())

        check()


class TestDataUrls:
    pytestmark = pytest.mark.anyio

    async def test_a_picture(self) -> None:
        client = Recorder().client
        url = "data:text/plain;base64," + base64.b64encode(PNG).decode()
        file, content = await fetch(client, url, limits=LIMITS)
        assert (file.name, file.content_type, file.size, file.is_picture) == ("file.png", "image/png", len(PNG), True)
        assert content == PNG

    async def test_a_document_with_a_name(self) -> None:
        url = "data:application/pdf;name=a.pdf,%25PDF-1.7"
        assert (await fetch(Recorder().client, url))[0].name == "a.pdf"
        assert (await fetch(Recorder().client, url, name="b.pdf"))[0].name == "b.pdf"

    async def test_it_is_refused_by_its_length_before_it_is_decoded(self) -> None:
        # Broken base64: whoever decoded it would say so.
        url = "data:;base64,!" + "A" * (MEGABYTE * 4 // 3 + 8)
        assert "is larger than 1 MB." in await refusal(Recorder().client, url)

    async def test_it_is_refused_while_it_is_decoded_where_its_length_says_little(self) -> None:
        url = "data:," + "%41" * (MEGABYTE + 1)
        assert "is larger than 1 MB." in await refusal(Recorder().client, url)
        url = "data:;base64," + "%41" * (MEGABYTE * 4 // 3 + 4)
        assert "is larger than 1 MB." in await refusal(Recorder().client, url)

    async def test_as_large_as_allowed_is_taken(self) -> None:
        content = bytes(MEGABYTE)
        for url in ("data:;base64," + base64.encodebytes(content).decode(), "data:," + quote(content)):
            assert (await fetch(Recorder().client, url))[1] == content

    async def test_a_broken_end_shows_while_it_is_read(self) -> None:
        url = "data:image/png;base64," + base64.b64encode(PNG * 10).decode() + "!"
        async with open_file(Recorder().client, url, field=FIELD, limits=LIMITS) as file:
            assert file.is_picture
            with pytest.raises(BadRequest, match="base64 is broken"):
                await file.read()

    async def test_others_get_their_turn_while_it_is_decoded(self) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(count())
        await fetch(Recorder().client, "data:;base64," + "AAAA" * 250_000)
        other.cancel()
        assert turns > 10


@asynccontextmanager
async def peak() -> AsyncIterator[Callable[[], int]]:
    """Gives a function that says how many bytes more than at the start were held at once."""
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()


class TestMemory:
    pytestmark = pytest.mark.anyio
    size = 20 * MEGABYTE
    limits = Limits(max_bytes=20 * MEGABYTE, allow_private=True)

    async def test_a_stream_holds_a_piece_of_a_data_url_at_a_time(self) -> None:
        url = "data:image/png;base64," + base64.b64encode(PNG + bytes(self.size - len(PNG))).decode()
        async with peak() as held, open_file(Recorder().client, url, field=FIELD, limits=self.limits) as file:
            assert sum([len(chunk) async for chunk in file.aiter()]) == self.size
            assert held() < MEGABYTE

    async def test_a_stream_holds_a_piece_of_a_fetched_file_at_a_time(self, client: httpx.AsyncClient) -> None:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {self.size}\r\n\r\n".encode())
            block = bytes(64 * 1024)
            for _ in range(self.size // len(block)):
                writer.write(block)
                await writer.drain()

        async with (
            Server(answer) as server,
            peak() as held,
            open_file(client, server.url, field=FIELD, limits=self.limits) as file,
        ):
            assert sum([len(chunk) async for chunk in file.aiter()]) == self.size
            assert held() < 3 * MEGABYTE

    async def test_a_whole_is_held_once(self) -> None:
        url = "data:;base64," + base64.b64encode(bytes(self.size)).decode()
        async with peak() as held:
            _, content = await fetch(Recorder().client, url, limits=self.limits)
            assert len(content) == self.size
            assert held() < self.size * 1.3
