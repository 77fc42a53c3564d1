"""The content of a response, unpacked where it was sent packed, and never more of it than is wanted.

httpx unpacks too, but all of what arrived at once: 64 KB can become 64 MB.
"""

import math
import zlib
from collections.abc import AsyncGenerator
from typing import Final, cast

import httpx

PIECE_SIZE: Final = 64 * 1024
"""Bytes that are unpacked at once."""

_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


class ContentTooLarge(Exception):
    """A response holds more than is wanted."""


def pieces(response: httpx.Response, at_most: float = math.inf) -> AsyncGenerator[bytes]:
    """The content as it arrives, of at most so many bytes as they are sent.

    Whoever does not read it to its end closes it. Raises `httpx.TransportError`, `httpx.DecodingError` for what cannot
    be unpacked, and, where it was packed, `ContentTooLarge`.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        # Not `aiter_raw()`, which is another step for each piece, and leaves what is beneath it to the collector.
        return cast("AsyncGenerator[bytes]", aiter(cast("httpx.AsyncByteStream", response.stream)))
    return _unpacked(response, encoding, at_most)


async def read(response: httpx.Response, at_most: int) -> bytes:
    """All of the content, at most so many bytes of it, both as it is sent and unpacked; closes the response.

    Raises `ContentTooLarge`, and what `pieces` raises.
    """
    content = bytearray()
    try:
        async for piece in pieces(response, at_most):
            content += piece
            if len(content) > at_most:
                raise ContentTooLarge(f"The response holds more than {at_most} bytes.")
    finally:
        await response.aclose()
    return bytes(content)


async def _unpacked(response: httpx.Response, encoding: str, at_most: float) -> AsyncGenerator[bytes]:
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError("The content is packed in a way that was not asked for.")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    async for packed in response.aiter_raw():
        if response.num_bytes_downloaded > at_most:
            raise ContentTooLarge(f"The response holds more than {at_most} bytes.")
        more = True
        while more:
            try:
                content = unpacker.decompress(packed, PIECE_SIZE)
            except zlib.error as error:
                raise httpx.DecodingError("The content is packed, and cannot be unpacked.") from error
            packed = unpacker.unconsumed_tail
            more = len(content) == PIECE_SIZE and not unpacker.eof
            if content:
                yield content
