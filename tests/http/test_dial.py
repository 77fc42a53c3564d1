"""Connecting to hosts of which not every address answers."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from lib.http import dial
from tests.http.server import SOON, Server, forever

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """A place whose connections are neither taken nor refused: Linux drops what its full queue cannot hold."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()


def found(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """Have the resolver find these."""

    async def getaddrinfo(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place) for place in places]

    monkeypatch.setattr(dial, "_found", getaddrinfo)


async def test_a_silent_address_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]) -> None:
    async with Server(forever) as server, asyncio.timeout(SOON):
        found(monkeypatch, silent, ("127.0.0.1", server.port))
        with await dial.dial("files.example", 80) as connected:
            assert connected.getpeername() == ("127.0.0.1", server.port)


async def test_a_refusing_address_is_followed_by_the_next_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(forever) as server:
        monkeypatch.setattr(dial, "NEXT_AFTER", SOON)
        found(monkeypatch, ("127.0.0.1", 1), ("127.0.0.1", server.port))
        async with asyncio.timeout(SOON / 2):
            with await dial.dial("files.example", 80) as connected:
                assert connected.getpeername() == ("127.0.0.1", server.port)


async def test_where_none_answers_all_reasons_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, ("127.0.0.1", 1), ("127.0.0.2", 1))
    with pytest.raises(OSError, match=r"127\.0\.0\.1.*127\.0\.0\.2"):
        await dial.dial("files.example", 80)


async def test_who_is_cancelled_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]) -> None:
    found(monkeypatch, silent, silent)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(dial.NEXT_AFTER * 1.5):
            await dial.dial("files.example", 80)


async def test_the_two_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    families = [socket.AF_INET6, socket.AF_INET6, socket.AF_INET6, socket.AF_INET]

    async def getaddrinfo(*_: object) -> list[object]:
        return [(family, socket.SOCK_STREAM, 6, "", (str(number), 80)) for number, family in enumerate(families)]

    monkeypatch.setattr(dial, "_found", getaddrinfo)
    assert [address.place[0] for address in await dial.addresses("files.example", 80)] == ["0", "3", "1", "2"]
