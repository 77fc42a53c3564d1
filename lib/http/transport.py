"""What an `httpx.AsyncClient` sends its requests through: `httpx.AsyncClient(transport=Transport())`.

Callers use httpx as ever: the same responses, the same exceptions, the same `timeout` (but for `pool`: there is no
limit on the number of connections). httpx's own transport reads a streamed answer at 4.5 times the CPU, and a request
costs it the more, the more connections there are (`docs/performance.md`).

Whether a request that failed may have been delivered, its exception tells: see `NOT_DELIVERED`.
"""

import ssl
from collections.abc import AsyncIterator
from typing import Final

import httpx

from lib.http.connection import Connection
from lib.http.pool import Pool

NOT_DELIVERED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""Errors after which a request was certainly not delivered: no connection to the server came about, TLS included. After
any other (`WriteError`, `WriteTimeout`, `ReadError`, `ReadTimeout`, `RemoteProtocolError`) it may have been."""


class Transport(httpx.AsyncBaseTransport):
    """A pool as httpx sees it.

    Of requests that meet a connection which the server is just closing, those are repeated whose method is idempotent
    and whose body, if any, was given as bytes, unless their extensions are `lib.http.request.ONCE`. A POST is never
    repeated, since the server may have acted on it (RFC 9112, 9.3.1).
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        """`ssl_context`: for https, instead of `lib.http.tls.default_context()`."""
        self.pool = Pool(ssl_context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        head, connection = await self.pool.send(request)
        return httpx.Response(
            head.status,
            headers=head.headers,
            request=request,
            stream=_Body(connection, self.pool),
            extensions={"http_version": head.version, "reason_phrase": head.reason},
        )

    async def aclose(self) -> None:
        """Close all connections. Whoever still reads from one gets `httpx.ReadError`."""
        await self.pool.aclose()


class _Body(httpx.AsyncByteStream, AsyncIterator[bytes]):
    """The body of a response, as it arrives."""

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self._connection: Connection | None = connection
        self._pool = pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._connection is not None and (piece := await self._connection.read()):
            return piece
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Nothing more is wanted of it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.release(connection)
