"""Content that was sent packed, and how much of it is taken."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.http import content
from lib.http.content import PIECE_SIZE, ContentTooLarge

pytestmark = pytest.mark.anyio

MEGABYTE = 1 << 20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # Nothing here asks which loop it is.


def plain(body: bytes) -> bytes:
    return body


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": plain,
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
}


def response(body: bytes, encoding: str = "", step: int = 1 << 16) -> httpx.Response:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    return httpx.Response(200, headers={"Content-Encoding": encoding} if encoding else {}, content=pieces())


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("size", [0, 5, PIECE_SIZE, 3 * PIECE_SIZE + 1])
@pytest.mark.parametrize("step", [7, 1 << 16])
async def test_what_was_packed_is_unpacked(encoding: str, size: int, step: int) -> None:
    body = bytes(number * number % 251 for number in range(size))
    answer = response(PACKED[encoding](body), encoding, step)
    assert await content.read(answer, MEGABYTE) == body
    assert answer.is_closed


async def test_a_stream_is_unpacked_as_it_comes() -> None:
    packer = zlib.compressobj(wbits=31)
    events = [b"data: %d\n\n" % number for number in range(3)]
    packed = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]

    async def pieces() -> AsyncIterator[bytes]:
        for piece in packed:
            yield piece

    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=pieces())
    assert [piece async for piece in content.pieces(answer)] == events


@pytest.mark.parametrize("encoding", PACKED)
async def test_no_more_is_taken_than_is_wanted(encoding: str) -> None:
    body = b"a" * MEGABYTE
    assert await content.read(response(PACKED[encoding](body), encoding), MEGABYTE) == body
    answer = response(PACKED[encoding](body + b"a"), encoding)
    with pytest.raises(ContentTooLarge):
        await content.read(answer, MEGABYTE)
    assert answer.is_closed


async def test_what_unpacks_to_nothing_has_a_limit_too() -> None:
    empty_block = b"\0\0\0\xff\xff"
    nothing = gzip.compress(b"")[:10] + empty_block * 100_000
    with pytest.raises(ContentTooLarge):
        await content.read(response(nothing, "gzip"), 100_000)


async def test_a_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(bytes(64 * MEGABYTE))
    tracemalloc.start()
    try:
        with pytest.raises(ContentTooLarge):
            await content.read(response(bomb, "gzip"), 2 * MEGABYTE)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"{}", "gzip"), (b"{}", "deflate"), (b"{}", "br"), (b"{}", "gzip, gzip")]
)
async def test_what_cannot_be_unpacked_is_an_error(body: bytes, encoding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        await content.read(response(body, encoding), MEGABYTE)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_read_or_refused(body: bytes, encoding: str) -> None:
    async def read() -> None:
        with suppress(httpx.DecodingError, ContentTooLarge):
            await content.read(response(body, encoding), 1000)

    with pytest.raises(StopIteration):
        read().send(None)  # Nothing is waited for.
