"""The content of pictures that an upstream drew, fetched as the files of callers are: checked, and not too large."""

import asyncio
from collections.abc import Sequence

import httpx

from lib.errors import BadRequest, UpstreamFailed
from lib.files.fetch import Limits, open_file
from lib.types.images import DrawnImage

TRIES = 2
"""How often a picture is fetched: its server is another one than the service, and may fail for a moment."""


async def contents(client: httpx.AsyncClient, images: Sequence[DrawnImage], limits: Limits) -> list[bytes | None]:
    """The content of each of `images`, fetched at once; None for one that cannot be had.

    Raises `UpstreamFailed` where none can be had: it is the service that said where they are.
    """
    found = await asyncio.gather(*(_fetch(client, image.url, limits) for image in images))
    if not any(found):
        raise UpstreamFailed("The pictures that the service drew cannot be fetched.")
    return found


async def content(client: httpx.AsyncClient, image: DrawnImage, limits: Limits) -> bytes:
    """The content of one. Raises `UpstreamFailed`."""
    [found] = await contents(client, [image], limits)
    assert found is not None
    return found


async def _fetch(client: httpx.AsyncClient, url: str, limits: Limits) -> bytes | None:
    for _ in range(TRIES):
        try:
            async with open_file(client, url, field="the service", limits=limits) as file:
                if file.is_picture:
                    return await file.read()
        except BadRequest:
            continue
    return None
