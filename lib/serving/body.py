"""The body of a request: how large it may be, and how it is read."""

import asyncio
import zlib
from typing import Final

from starlette.requests import Request

from lib import settings
from lib.errors import BadRequest, TooLarge

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""The largest body besides the files that it may hold in base64. The platforms stop at 4.5 MB and 6 MB in all."""

_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_PACKINGS: Final = ("gzip", "x-gzip", "deflate")


def max_bytes(max_file_bytes: int) -> int:
    """How many bytes a body may have where a file may have so many."""
    return MAX_BODY_BYTES + max_file_bytes * 4 // 3


def too_large() -> TooLarge:
    """What is told whose body has more."""
    return TooLarge("The request is larger than this deployment takes: send files by URL, or raise GLM_MAX_FILE_MB.")


async def body_of(request: Request) -> bytes:
    """The body, which the request does not keep: it may hold files, and answering takes minutes.

    Unpacked where it came packed. Raises `BadRequest` where that cannot be done, `TooLarge` for too much.
    """
    body = b"".join([piece async for piece in request.stream()])
    packing = request.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity") or not body:
        return body
    if packing not in _PACKINGS:
        raise BadRequest("The body is packed in a way that is not known here: use gzip, or send it as it is.")
    return await asyncio.to_thread(_unpack, body, max_bytes(settings.current().max_file_bytes))


def _unpack(body: bytes, at_most: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        unpacked = unpacker.decompress(body, at_most + 1)
    except zlib.error:
        raise BadRequest("The body is not packed as its Content-Encoding says.") from None
    if len(unpacked) > at_most:
        raise too_large()
    if not unpacker.eof:
        raise BadRequest("The body is packed, and its end is missing.")
    return unpacked
