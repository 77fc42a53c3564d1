"""The clients: what they keep of an answer, and whom they go through."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from lib.http import clients
from lib.http.clients import file_client, service_client
from tests.certificates import Authority
from tests.http.proxy import Proxy
from tests.http.server import CHUNKED, OK, SOON, Peer, Server, answering, forever

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


@pytest.fixture
async def proxy(anyio_backend: object) -> AsyncIterator[Proxy]:
    async with Proxy() as proxy:
        yield proxy


@pytest.mark.parametrize("make", [service_client, file_client])
async def test_nothing_of_an_answer_is_kept(make: Callable[[], httpx.AsyncClient]) -> None:
    requests = []

    async def behave(peer: Peer) -> None:
        while True:
            requests.append(await peer.request())
            await peer.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")

    async with Server(behave) as server, make() as client:
        for _ in range(2):
            await client.get(server.url)
        assert len(client.cookies) == 0
    assert b"cookie" not in requests[1].lower()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
async def test_http_is_forwarded(monkeypatch: pytest.MonkeyPatch, proxy: Proxy, name: str) -> None:
    monkeypatch.setenv(name, proxy.url)
    async with Server(forever) as server, service_client() as client:
        assert (await client.post(server.url, content=b"question")).text == "ok"
        assert proxy.asked == [f"POST {server.url} HTTP/1.1"]


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
async def test_https_goes_through_a_tunnel_and_certificates_are_checked_beyond_it(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, proxy: Proxy, name: str
) -> None:
    monkeypatch.setenv(name, proxy.place)  # Without a scheme: a proxy of http.
    async with Server(forever, authority.server("IP:127.0.0.1")) as server:
        async with service_client() as client:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(server.url)
        monkeypatch.setattr(clients, "default_context", authority.client)
        async with service_client() as client:
            assert (await client.get(server.url)).text == "ok"
        assert proxy.asked == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"] * 2


async def test_a_stream_comes_through_a_tunnel_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, proxy: Proxy
) -> None:
    received = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for _ in range(5):
            await peer.send(b"2\r\nok\r\n")
            await asyncio.wait_for(received.wait(), SOON)
            received.clear()
        await peer.send(b"0\r\n\r\n")

    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setattr(clients, "default_context", authority.client)
    async with Server(behave, authority.server("IP:127.0.0.1")) as server, service_client() as client:
        pieces = []
        async with client.stream("GET", server.url) as response:
            async for piece in response.aiter_raw():
                pieces.append(piece)
                received.set()
        assert pieces == [b"ok"] * 5


async def test_a_name_and_password_for_the_proxy_are_sent_to_it(monkeypatch: pytest.MonkeyPatch, proxy: Proxy) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://user:secret@{proxy.place}")
    async with Server(forever) as server, service_client() as client:
        await client.get(server.url)
    assert proxy.authorizations == ["Basic dXNlcjpzZWNyZXQ="]


async def test_a_proxy_that_refuses_is_told_from_the_service(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    async with (
        Proxy("407 Proxy Authentication Required") as proxy,
        service_client_through(monkeypatch, proxy) as client,
    ):
        with pytest.raises(httpx.ProxyError):
            await client.get("https://127.0.0.1:1/")


async def test_a_proxy_that_is_not_there_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy() as proxy:
        pass
    async with service_client_through(monkeypatch, proxy) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("https://127.0.0.1:1/")


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://127.0.0.1:a"])
async def test_a_proxy_that_cannot_be_used_is_an_error_and_not_gone_around(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", url)
    async with Server(forever) as server, service_client() as client:
        with pytest.raises(httpx.ProxyError):
            await client.get(server.url)
        assert server.connections == 0


@pytest.mark.parametrize(
    ("no_proxy", "url", "goes_through"),
    [
        ("", "http://glm.example/", True),
        ("*", "http://glm.example/", False),
        ("other.example, *", "http://glm.example/", False),
        ("glm.example", "http://glm.example/", False),
        ("glm.example", "https://open.glm.example/", False),
        ("glm.example", "https://notglm.example/", True),
        (".glm.example", "https://open.glm.example/", False),
        ("a.example glm.example", "https://glm.example/", False),
        ("glm.example:8080", "http://glm.example:8080/", False),
        ("glm.example:8080", "http://glm.example/", True),
        ("localhost", "http://localhost:1/", False),
        ("127.0.0.1", "http://127.0.0.1:1/", False),
        ("127.0.0.1", "http://127.0.0.2:1/", True),
        ("::1", "http://[::1]:1/", False),
        ("https://glm.example", "https://glm.example/", False),
        ("https://glm.example", "http://glm.example/", True),
    ],
)
async def test_whom_no_proxy_names_is_asked_directly(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, goes_through: bool
) -> None:
    class Way(httpx.AsyncBaseTransport):
        def __init__(self, *_: object) -> None: ...

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text=type(self).__name__)

    class Direct(Way): ...

    monkeypatch.setattr(clients, "Transport", Direct)
    monkeypatch.setattr(clients, "_through", Way)
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    async with service_client() as client:
        assert (await client.get(url)).text == ("Way" if goes_through else "Direct")


async def test_urls_of_callers_never_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch, proxy: Proxy) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    async with Server(answering(OK)) as server, file_client() as client:
        assert (await client.get(server.url)).text == "ok"
    assert proxy.asked == []


def service_client_through(monkeypatch: pytest.MonkeyPatch, proxy: Proxy) -> httpx.AsyncClient:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    return service_client()
