"""What lets an `httpx.AsyncClient` use `lib.http.pool`: for files and pictures, whose URLs httpx knows best.

    client = httpx.AsyncClient(transport=Transport(pool), trust_env=False)

Callers use httpx as ever: the same responses, the same exceptions, the same `timeout` (but for `pool`: there is no
limit on the number of connections).
"""

from collections.abc import AsyncIterator

import httpx

from lib.http import http_errors
from lib.http.connection import DEFAULT_PORTS, Origin, Request, Timeouts
from lib.http.pool import Pool, Response

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, 9.2.2

_ERRORS: dict[type[http_errors.TransportError], type[httpx.TransportError]] = {
    http_errors.ConnectError: httpx.ConnectError,
    http_errors.ReadError: httpx.ReadError,
    http_errors.WriteError: httpx.WriteError,
    http_errors.ConnectTimeout: httpx.ConnectTimeout,
    http_errors.ReadTimeout: httpx.ReadTimeout,
    http_errors.WriteTimeout: httpx.WriteTimeout,
    http_errors.LocalProtocolError: httpx.LocalProtocolError,
    http_errors.RemoteProtocolError: httpx.RemoteProtocolError,
}


class Transport(httpx.AsyncBaseTransport):
    """A pool as httpx sees it.

    Of requests that meet a connection which the server is just closing, those are repeated whose method is idempotent
    and whose body, if any, was given as bytes. A POST is never repeated, since the server may have acted on it (RFC
    9112, 9.3.1).
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        try:
            response = await self.pool.send(_request(request))
        except http_errors.TransportError as error:
            raise _as_httpx(error) from error
        head = response.head
        return httpx.Response(
            head.status,
            headers=head.headers,
            request=request,
            stream=_Body(response),
            extensions={"http_version": head.version, "reason_phrase": head.reason},
        )

    async def aclose(self) -> None:
        """Close all connections, whoever made them. Whoever still reads from one gets `httpx.ReadError`."""
        await self.pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response:
                yield piece
        except http_errors.TransportError as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        self._response.close()


def _request(request: httpx.Request) -> Request:
    stream = request.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    seconds = request.extensions.get("timeout", {})
    chunked = "transfer-encoding" in request.headers
    return Request(
        _origin(request),
        request.method,
        request.url.raw_path,
        request.headers.raw,
        body=stream,
        length=None if chunked else int(request.headers.get("content-length", 0)),
        timeouts=Timeouts(seconds.get("connect"), seconds.get("read"), seconds.get("write")),
        repeatable=request.method in IDEMPOTENT_METHODS and isinstance(stream, httpx.ByteStream),
        last="close" in request.headers.get("connection", "").lower(),
    )


def _origin(request: httpx.Request) -> Origin:
    scheme, host = request.url.scheme, request.url.raw_host.decode("ascii")
    if scheme not in DEFAULT_PORTS or not host:
        raise httpx.UnsupportedProtocol("The URL is not one of http or https, or names no host.")
    port = request.url.port or DEFAULT_PORTS[scheme]
    return Origin(scheme, host, port, request.extensions.get("sni_hostname") or host)


def _as_httpx(error: http_errors.TransportError) -> httpx.TransportError:
    return _ERRORS[type(error)](str(error))
