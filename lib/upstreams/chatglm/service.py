"""Calls to the service: signed, with the headers of its page, and with its refusals made into errors."""

import math
import zlib
from collections.abc import AsyncIterable, Mapping
from functools import cached_property
from hashlib import md5
from json import JSONEncoder
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from lib import settings
from lib.errors import UpstreamFailed, UpstreamUnavailable
from lib.http.connection import DEFAULT_PORTS, Origin, Request, Timeouts
from lib.http.http_errors import OutOfTime, ReadTimeout, TransportError
from lib.http.pool import Pool, Response
from lib.runtime import context
from lib.upstreams.chatglm import envelope, signature
from lib.upstreams.chatglm.token import Token

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the service; more means that it cannot be reached."""
IDLE_TIMEOUT = 60.0
"""Seconds of silence after which the service has gone: it sends something more often than that while it works."""
MAX_REFUSAL_BYTES = 64 * 1024
"""How much of an answer is read that should have been a stream and is not."""

_TIMEOUTS = Timeouts(connect=CONNECT_TIMEOUT, read=IDLE_TIMEOUT, write=IDLE_TIMEOUT)
_USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
_PAGE_HEADERS = {  # protocol, "Signature and headers": [sure]
    "App-Name": "chatglm",
    "X-App-Platform": "pc",
    "X-App-Version": "0.0.1",
    "X-Lang": "zh",
    "X-App-fr": "default",
    "X-Device-Brand": "",
    "X-Device-Model": "",
    "Origin": "https://chatglm.cn",
    "Referer": "https://chatglm.cn/main/alltoolsdetail",
    "User-Agent": _USER_AGENT,
    "Accept-Encoding": "identity",  # Fragments must not wait in a compressor.
}

_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Upload(NamedTuple):
    """A body that is sent as it is read."""

    content_type: str
    length: int | None
    """Its bytes, where known."""
    pieces: AsyncIterable[bytes]


class Stream:
    """An event stream of the service, as it arrives."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def read(self, at_most: float = math.inf) -> bytes:
        """What has arrived since the last time; waits if that is nothing. `b""`: the end.

        Raises `UpstreamUnavailable` where it breaks off, and `TimeoutError` where nothing comes in `at_most` seconds:
        a stream has a timer already, and needs no further one for each piece.
        """
        try:
            return await self._response.read(at_most)
        except OutOfTime as error:
            raise TimeoutError from error
        except TransportError as error:
            raise unreachable(error) from error

    async def aclose(self) -> None:
        """Nothing more is wanted of it."""
        self._response.close()


class Service:
    """The service as one event loop reaches it.

    Calls go through a pool of connections, without an `httpx.AsyncClient`: that takes a fifth of a whole answer's CPU
    time, and 14 ms to import (`docs/performance.md`).
    """

    def __init__(self, base_url: str, sign_secret: str) -> None:
        """`base_url`: as `GLM_CHATGLM_URL` is read, so scheme and host are there."""
        place = urlsplit(base_url)
        host = place.hostname or ""
        self._pool = Pool()
        self._origin = Origin(place.scheme, host, place.port or DEFAULT_PORTS[place.scheme], host)
        self._path = place.path
        self._sign_secret = sign_secret
        self._page_headers = _encoded({"Host": place.netloc, **_PAGE_HEADERS})

    @cached_property
    def files(self) -> "httpx.AsyncClient":
        """A client for other servers, where files of callers and pictures are. It keeps no cookies."""
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx  # Here: most requests come without files, and starting is dear.

        from lib.http.transport import Transport

        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return httpx.AsyncClient(transport=Transport(self._pool), cookies=no_cookies, trust_env=False)

    async def call(
        self, method: str, path: str, token: Token, *, json: Any = None, upload: Upload | None = None
    ) -> Any:
        """The `result` of one call, with a body in JSON or one that is `upload`ed.

        Raises what the refusal means, and `UpstreamUnavailable` where nothing answers.
        """
        response = await self._ask(method, path, token, "application/json", json, upload)
        return envelope.result(response.head.status, await _content(response), response.head.value(b"retry-after"))

    async def stream(self, path: str, token: Token, json: Any) -> Stream:
        """Ask for an event stream, which the caller has to close. Raises what the refusal means where none comes."""
        response = await self._ask("POST", path, token, "text/event-stream", json)
        head = response.head
        if head.status == 200 and head.value(b"content-type").startswith("text/event-stream"):
            return Stream(response)
        content = await _content(response, at_most=MAX_REFUSAL_BYTES)
        envelope.result(head.status, content, head.value(b"retry-after"))
        raise UpstreamFailed("The service answered with something else than a stream.")

    async def _ask(
        self, method: str, path: str, token: Token, accept: str, json: Any, upload: Upload | None = None
    ) -> Response:
        body = b"" if json is None else _json(json).encode()
        content_type, length, pieces = upload or ("application/json", len(body), body)
        headers = {
            **signature.headers(self._sign_secret),
            "Accept": accept,
            "Authorization": f"Bearer {token.text}",
            "X-Device-Id": _device_id(token),
            "X-Request-Id": token_hex(16),
        }
        if json is not None or upload:
            headers["Content-Type"] = content_type
        if length is None:
            headers["Transfer-Encoding"] = "chunked"
        elif method != "GET":
            headers["Content-Length"] = str(length)
        request = Request(
            self._origin,
            method,
            (self._path + path).encode(),
            [*self._page_headers, *_encoded(headers)],
            body=pieces,
            length=length,
            timeouts=_TIMEOUTS,
            repeatable=False,  # A signature is good for one call.
        )
        try:
            return await self._pool.send(request)
        except TransportError as error:
            raise unreachable(error) from error


def unreachable(error: TransportError) -> UpstreamUnavailable:
    """The error that a failed connection means. It names the kind of failure, nothing of what was sent."""
    if isinstance(error, ReadTimeout):
        return UpstreamUnavailable(f"The service has been silent for {IDLE_TIMEOUT:.0f} s.")
    return UpstreamUnavailable(f"The service cannot be reached, or broke the connection off ({type(error).__name__}).")


def current() -> Service:
    """The service of the running event loop. Connections belong to a loop and are reused within it."""
    return context.shared(_configured)


def _configured() -> Service:
    chosen = settings.current()
    return Service(chosen.chatglm_url, chosen.sign_secret)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _device_id(token: Token) -> str:
    known = token.device_id
    return known or md5((token.account_id or token.text).encode(errors="replace"), usedforsecurity=False).hexdigest()


async def _content(response: Response, at_most: float = math.inf) -> bytes:
    """The body, or the start of it. Raises `UpstreamUnavailable` where it breaks off."""
    content = b""
    try:
        while len(content) <= at_most and (piece := await response.read()):
            content += piece
    except TransportError as error:
        raise unreachable(error) from error
    finally:
        response.close()
    return _unpacked(content) if response.head.value(b"content-encoding") in ("gzip", "deflate") else content


def _unpacked(content: bytes) -> bytes:
    """Content that was sent compressed, though we ask for it as it is: what stands before the service may do so."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content)
    except zlib.error:
        return b""  # Which is no data, and told as that.
