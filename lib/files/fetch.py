"""A file that a caller named by its URL, opened safely and read as a stream.

A `data:` URL is decoded as it is read. An `http` or `https` URL is fetched, under rules that keep a caller from
reaching what only this function can reach:

- Its host is resolved once. Where any of the addresses is not public, the URL is refused.
- The connection goes to an address that was checked: the request's URL holds the address, and the name goes into the
  Host header and the TLS handshake. No second look-up can give another answer.
- Only ports 80 and 443. No user name or password: they would be sent as credentials, and they hide the host.
- Redirects are followed one by one under the same rules. From `https` to `http` too, as most clients do: `http` URLs
  are taken anyway, and nothing secret is sent.
- Nothing of the client's goes along: no header, cookie or credential that it holds.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

import httpx

from lib import settings
from lib.errors import BadRequest
from lib.files import data_url
from lib.files.addresses import Resolver, is_public, resolve
from lib.files.file_name import clean, file_name, from_content_disposition
from lib.files.media_type import PEEK, detect
from lib.files.remote_file import RemoteFile
from lib.http import content
from lib.http.request import DEFAULT_PORTS

FETCH_SECONDS = 30.0
"""For a whole fetch. Only waiting for the file's server counts, not what the reader does between two chunks."""
CONNECT_SECONDS = 10.0
"""For one connection, as towards the service."""
MAX_REDIRECTS = 5
"""More are a loop or a maze: a file behind a link shortener, a sign-in and a CDN needs three."""
MAX_ADDRESSES = 3
"""Tried of one host, so that a name with many dead addresses is not a way to knock at all of them."""

_LAST_PORT = 65535
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    # A pool that goes by address alone would use a connection again whose certificate was checked for another name.
    "Connection": "close",
    "User-Agent": "Mozilla/5.0 (compatible; glm-functions)",
}
_COULD_NOT = "could not be fetched"


class Limits(NamedTuple):
    """What a file may cost, and where it may come from."""

    max_bytes: int
    allow_private: bool = False
    """Take any address and any port: for tests and local use only."""
    fetch_seconds: float = FETCH_SECONDS
    connect_seconds: float = CONNECT_SECONDS

    @classmethod
    def configured(cls) -> "Limits":
        chosen = settings.current()
        return cls(chosen.max_file_bytes, chosen.allow_private_urls)


@asynccontextmanager
async def open_file(
    client: httpx.AsyncClient,
    url: str,
    *,
    field: str,
    limits: Limits,
    name: str | None = None,
    resolver: Resolver = resolve,
) -> AsyncIterator[RemoteFile]:
    """Open the file at `url`, an `http`, `https` or `data` URL, for as long as the context lasts.

    `field` is the place in the request that the URL came from, for messages. `name` is what the caller calls the file;
    without it the source's own name is taken. `client` must be made with `trust_env=False`, so that no proxy stands
    between it and the address that was checked, and keep no cookies.

    Raises `BadRequest`, which names the field, where the URL is refused, or the file is missing, empty, too large or
    broken; the latter two while it is read, too.
    """
    is_data = data_url.is_data_url(url)
    source_of = _decode(url, field, limits) if is_data else _Fetch(client, field, limits, resolver).open(url)
    async with source_of as source, aclosing(_checked(source, field, limits)) as chunks:
        head, is_whole = await _peek(chunks)
        known_as = next(filter(None, map(clean, (name or "", *source.names))), "")
        file_type = detect(head, name=known_as, declared=source.content_type)
        size = len(head) if is_whole else source.size
        yield RemoteFile(file_name(known_as, file_type), file_type, size, head, chunks)


class _Source(NamedTuple):
    """Where a file's bytes come from, and what is said of them there."""

    chunks: AsyncIterator[bytes]
    size: int | None
    names: tuple[str, ...]
    content_type: str


async def _checked(source: _Source, field: str, limits: Limits) -> AsyncGenerator[bytes]:
    """The chunks of `source`, no more of them than allowed and no fewer than promised."""
    total = 0
    async for chunk in source.chunks:
        total += len(chunk)
        if total > limits.max_bytes:
            raise _too_large(field, limits)
        yield chunk
    if source.size is not None and total != source.size:
        raise _bad(field, "broke off while it was read")
    if not total:
        raise _bad(field, "is empty")


async def _peek(chunks: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """Read enough to tell the type, and tell whether that was all."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= PEEK:
            return head, False
    return head, True


@asynccontextmanager
async def _decode(url: str, field: str, limits: Limits) -> AsyncIterator[_Source]:
    try:
        data = data_url.parse(url)
    except ValueError as error:
        raise _bad(field, f"has a data URL that cannot be read: {error}") from error
    if data.least_size > limits.max_bytes:
        raise _too_large(field, limits)
    async with aclosing(_decoded(data, field)) as chunks:
        yield _Source(chunks, data.size, (data.name,), data.content_type)


async def _decoded(data: data_url.DataUrl, field: str) -> AsyncGenerator[bytes]:
    chunks = data.chunks()
    while True:
        try:
            chunk = next(chunks, None)
        except ValueError as error:
            raise _bad(field, f"has a data URL that cannot be read: {error}") from error
        if chunk is None:
            return
        yield chunk
        await asyncio.sleep(0)  # Decoding waits for nothing: without this it would keep everybody else waiting.


class _Fetch:
    """One fetch: where it may go, and how long it may still wait."""

    def __init__(self, client: httpx.AsyncClient, field: str, limits: Limits, resolver: Resolver) -> None:
        self._client = client
        self._field = field
        self._limits = limits
        self._resolver = resolver
        self._seconds_left = limits.fetch_seconds

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[_Source]:
        """Get the file at `url`, through redirects."""
        response = await self._get(url)
        try:
            size = self._size(response)
            names = (
                from_content_disposition(response.headers.get("content-disposition", "")),
                response.request.url.path,
            )
            async with aclosing(self._received(response)) as chunks:
                yield _Source(chunks, size, names, response.headers.get("content-type", ""))
        finally:
            await response.aclose()

    async def _get(self, url: str) -> httpx.Response:
        target = self._allowed(url.strip())
        for _ in range(MAX_REDIRECTS + 1):
            addresses = await self._wait(self._addresses(target))
            response = await self._wait(self._send(target, addresses))
            if not response.has_redirect_location:
                return response
            await response.aclose()
            target = self._allowed(response.headers["location"], base=target)
        raise _bad(self._field, f"{_COULD_NOT}: it was redirected more than {MAX_REDIRECTS} times")

    def _allowed(self, url: str, base: httpx.URL | None = None) -> httpx.URL:
        """Read a URL, and refuse what its letters alone show to be wrong."""
        try:
            target = base.join(url) if base else httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise _bad(self._field, "has a URL that cannot be read") from error
        if target.scheme not in DEFAULT_PORTS:
            raise _bad(self._field, "must have an http, https or data URL")
        if not target.raw_host:  # `host` would decode an international name, and can fail.
            raise _bad(self._field, "has a URL without a host")
        if target.userinfo:
            raise _bad(self._field, "has a URL with a user name or password in it")
        port = _port(target)
        if not 0 < port <= _LAST_PORT or not (self._limits.allow_private or port in DEFAULT_PORTS.values()):
            raise _bad(self._field, f"has a URL with port {port}; only 80 and 443 are open")
        return target

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """The addresses of the URL's host, each of which may be connected to."""
        try:
            addresses = await self._resolver(url.raw_host.decode("ascii"), _port(url))
        except (OSError, ValueError):
            addresses = ()
        if not addresses or not (self._limits.allow_private or all(map(is_public, addresses))):
            # One message for both: whether a name is known inside a private network is nobody's business.
            raise _bad(self._field, "has a URL whose host is unknown or not public")
        return addresses

    async def _send(self, url: httpx.URL, addresses: Sequence[str]) -> httpx.Response:
        """Send the request to the first of `addresses` that takes the connection."""
        headers = _HEADERS | {"Host": url.netloc.decode("ascii")}
        extensions = {
            "sni_hostname": url.raw_host.decode("ascii").removesuffix("."),
            "timeout": httpx.Timeout(self._limits.fetch_seconds, connect=self._limits.connect_seconds).as_dict(),
        }
        for address in addresses[:MAX_ADDRESSES]:
            # Not built by the client, which would add its own headers and cookies.
            request = httpx.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)
            try:
                return await self._client.send(request, stream=True, auth=None, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except (httpx.InvalidURL, ValueError) as error:  # httpx reads a Location also where it shall not follow it.
                raise _bad(self._field, f"{_COULD_NOT}: it was redirected to a URL that cannot be read") from error
        raise _bad(self._field, f"{_COULD_NOT}: no connection to its server")

    def _size(self, response: httpx.Response) -> int | None:
        """Read an answer's head: is it the file, and how large?"""
        if not response.is_success:
            raise _bad(self._field, f"{_COULD_NOT}: its server answered {response.status_code}")
        packed = response.headers.get("content-encoding", "identity").lower() != "identity"  # It was not asked for.
        if packed or "transfer-encoding" in response.headers:
            return None
        try:
            size = int(response.headers["content-length"])
        except (KeyError, ValueError):
            return None
        if size > self._limits.max_bytes:
            raise _too_large(self._field, self._limits)
        return size

    async def _received(self, response: httpx.Response) -> AsyncGenerator[bytes]:
        chunks = content.pieces(response, self._limits.max_bytes)
        try:
            while (chunk := await self._wait(anext(chunks, None))) is not None:
                yield chunk
        except content.ContentTooLarge as error:
            raise _too_large(self._field, self._limits) from error

    async def _wait[T](self, awaitable: Awaitable[T]) -> T:
        """Wait for the file's server, within what is left of the time, and tell its failures in the caller's terms."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds_left):
                return await awaitable
        except (TimeoutError, httpx.TimeoutException) as error:
            raise _bad(self._field, f"{_COULD_NOT} within {self._limits.fetch_seconds:g} seconds") from error
        except httpx.DecodingError as error:
            raise _bad(self._field, f"{_COULD_NOT}: its server sends it packed, and it cannot be unpacked") from error
        except httpx.HTTPError as error:
            raise _bad(self._field, f"{_COULD_NOT}: the connection to its server broke off") from error
        finally:
            self._seconds_left -= time.monotonic() - started


def _port(url: httpx.URL) -> int:
    return DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def _too_large(field: str, limits: Limits) -> BadRequest:
    return _bad(field, f"is larger than {limits.max_bytes / 1024 / 1024:g} MB")


def _bad(field: str, what: str) -> BadRequest:
    return BadRequest(f"The file at {field} {what}.", param=field)
