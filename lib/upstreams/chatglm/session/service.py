"""Calls to the service: signed, with the headers of its page, and with its refusals made into errors."""

import asyncio
import math
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from functools import lru_cache
from hashlib import md5
from json import JSONEncoder
from secrets import token_hex
from typing import Any, NamedTuple

import httpx

from lib import settings
from lib.errors import Error, RiskControl, UpstreamFailed, UpstreamRefused, UpstreamUnavailable, UpstreamUncertain
from lib.http import content
from lib.http.alarm import Alarm
from lib.http.clients import CONNECT_TIMEOUT, IDLE_TIMEOUT, file_client, service_client
from lib.http.request import ONCE
from lib.http.transport import NOT_DELIVERED
from lib.invocation import context, reports
from lib.invocation.retry import RISK, RISK_PAUSE
from lib.upstreams.chatglm.session import clock, envelope, signature
from lib.upstreams.chatglm.session.refusal import PHRASES, ClockRefused, CookieWanted, VerificationPage
from lib.upstreams.chatglm.session.token import Token

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""How much of an answer is read, packed or unpacked: a conversation's history is the longest, at some 2 MB."""
MAX_REFUSAL_BYTES = 64 * 1024
"""How much of an answer is read that should have been a stream and is not."""

_USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


_PAGE_HEADERS = _encoded(
    {  # protocol, "Signature and headers": [sure]
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
        "Accept-Encoding": "identity",  # Deltas must not wait in a compressor.
    }
)

_STREAMED = {
    **ONCE,
    "timeout": httpx.Timeout(connect=CONNECT_TIMEOUT, read=None, write=IDLE_TIMEOUT, pool=None).as_dict(),
}
"""A stream's first word may take minutes: its reader says how long to wait."""
_url = lru_cache(maxsize=64)(httpx.URL)  # Reading a URL takes a tenth of a call.
_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Upload(NamedTuple):
    """A body that is sent as it is read."""

    content_type: str
    length: int | None
    """Its bytes, where known."""
    pieces: AsyncIterable[bytes]


class Stream:
    """An event stream of the service, as it arrives."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._pieces = content.pieces(response)
        self._alarm = Alarm()
        context.current().deadline.when_shortened.append(self._alarm.ring)
        self._first = b""
        self._kept = bytearray()
        self._reports = bool(settings.current().reports)

    async def begins_with_events(self) -> bool:
        """Does a body of an unknown type begin like a stream: not with an object, nor with a page."""
        self._first = await self.read(IDLE_TIMEOUT)
        return self._first.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"[", b"<", b"")

    async def rest(self, at_most: int) -> bytes:
        """The first bytes of all that is left, after which it is closed."""
        body = bytearray()
        while len(body) < at_most and (piece := await self.read(IDLE_TIMEOUT)):
            body += piece
        await self.aclose()
        return bytes(body[:at_most])

    async def read(self, at_most: float = math.inf) -> bytes:
        """What has arrived since the last time; waits if that is nothing. `b""`: the end.

        Raises `UpstreamUncertain` where it breaks off, and `TimeoutError` where nothing comes in `at_most` seconds;
        then nothing more can be read.
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            piece = await self._alarm.wait(anext(self._pieces, b""), at_most)
            if self._reports and len(self._kept) < reports.MAX_BYTES:
                self._kept += piece
            return piece
        except httpx.RequestError as error:
            raise unreachable(error) from error

    def report(self) -> None:
        """Keep what came of it, where `GLM_REPORTS` says so: nobody could understand it."""
        _report(self._response, bytes(self._kept), streamed=True)

    async def aclose(self) -> None:
        """Nothing more is wanted of it."""
        self._alarm.stop()
        await self._pieces.aclose()
        await self._response.aclose()


class Service:
    """The service as one event loop reaches it."""

    def __init__(self, base_url: str, sign_secret: str) -> None:
        """`base_url`: as `GLM_CHATGLM_URL` is read, so scheme and host are there."""
        self._base_url = base_url
        self._sign_secret = sign_secret
        self._clock = clock.Clock()
        self._client = context.shared(service_client)
        self.files = context.shared(file_client)
        """A client for other servers, where files of callers and pictures are."""

    async def call(
        self,
        method: str,
        path: str,
        token: Token,
        *,
        json: Any = None,
        upload: Upload | None = None,
        repeatable: bool = False,
    ) -> Any:
        """The `result` of one call, with a body in JSON or one that is `upload`ed.

        Raises what the refusal means, `UpstreamUnavailable` where the service was not reached, and `UpstreamUncertain`
        where it may have been. `repeatable`: that makes no difference, since nothing is generated or ordered.
        """
        repeatable = repeatable or method in ("GET", "DELETE") or upload is not None

        async def ask() -> Any:
            response, sets = await self._ask(method, path, token, "application/json", json, upload)
            return _result(response, await _content(response, MAX_ANSWER_BYTES), ordered=not repeatable, sets=sets)

        try:
            return await self._signed(ask, token, once=upload is not None)
        except UpstreamUncertain as error:
            if repeatable:
                raise UpstreamUnavailable(error.message) from error
            raise

    async def stream(self, path: str, token: Token, json: Any, *, orders: bool = False) -> Stream:
        """Ask for an event stream, which the caller has to close. Raises what the refusal means where none comes.

        `orders`: pictures are ordered by it, which are not to be drawn twice.
        """

        async def ask() -> Stream:
            response, sets = await self._ask("POST", path, token, "text/event-stream", json)
            content_type = response.headers.get("content-type", "").lower()
            if response.is_success and not any(kind in content_type for kind in ("json", "html")):
                stream = Stream(response)
                if "event-stream" in content_type or not content_type or await stream.begins_with_events():
                    return stream
                body = await stream.rest(MAX_REFUSAL_BYTES)
            else:
                body = await _content(response, MAX_REFUSAL_BYTES)
            _result(response, body, ordered=orders, sets=sets)
            kind = UpstreamUncertain if orders else UpstreamFailed
            raise kind("The service answered with something else than a stream.")

        return await self._signed(ask, token)

    async def _signed[T](self, ask: Callable[[], Awaitable[T]], token: Token, *, once: bool = False) -> T:
        """What `ask` gives, asked once more where the service may take it then: signed by the service's own clock, or
        with the cookies that a refusal set.

        `once`: it cannot be asked again as it is; the caller is told by an `UpstreamUnavailable` that it may ask anew.
        """
        try:
            return await ask()
        except ClockRefused as error:
            refused: Error = error
            await self._set_clock(token, error)
        except CookieWanted as error:
            refused = error
            wait, now = RISK.wait(0), time.monotonic()
            if (
                token.jar is None
                or now - token.jar.tried_at < RISK_PAUSE
                or wait >= context.current().deadline.remaining()
            ):
                raise
            token.jar.tried_at = now
            context.current().retries += 1
            await asyncio.sleep(wait)
        if once:
            raise UpstreamUnavailable(refused.message) from refused
        return await ask()

    async def _set_clock(self, token: Token, refused: ClockRefused) -> None:
        """Go by the service's clock. Raises `refused` where that cannot be had, or makes no difference."""
        try:
            response, _ = await self._ask("GET", clock.PATH, token, "application/json", None)
            told = _result(response, await _content(response, MAX_REFUSAL_BYTES), ordered=False)
        except Error as error:
            raise refused from error
        if not self._clock.set(told):
            raise refused

    async def _ask(
        self, method: str, path: str, token: Token, accept: str, json: Any, upload: Upload | None = None
    ) -> tuple[httpx.Response, bool]:
        """The response, and whether it sets cookies."""
        headers = {
            **signature.headers(self._sign_secret, self._clock.milliseconds()),
            "Accept": accept,
            "Authorization": f"Bearer {token.text}",
            "X-Device-Id": _device_id(token),
            "X-Request-Id": token_hex(16),
        }
        body: bytes | AsyncIterable[bytes] | None = None
        if upload is not None:
            body = upload.pieces
            headers["Content-Type"] = upload.content_type
            if upload.length is not None:
                headers["Content-Length"] = str(upload.length)
        elif json is not None:
            body = _json(json).encode()
            headers["Content-Type"] = "application/json"
        # Not built by the client, which would add headers of its own. A signature is good for one call.
        request = httpx.Request(
            method,
            _url(self._base_url + path),
            headers=[*_PAGE_HEADERS, *_encoded(headers)],
            content=body,
            extensions=_STREAMED if accept == "text/event-stream" else ONCE,
        )
        if token.jar is not None:
            await token.jar.add_to(request, token.cookies)
        try:
            response = await self._client.send(request, stream=True, auth=None)
        except httpx.RequestError as error:
            raise unreachable(error) from error
        return response, token.jar is not None and await token.jar.keep(response)


def unreachable(error: httpx.RequestError) -> UpstreamFailed:
    """The error that a failed connection means. It names the kind of failure, nothing of what was sent."""
    if isinstance(error, httpx.DecodingError):
        return UpstreamFailed("The service answered with something that cannot be unpacked.")
    if isinstance(error, httpx.ReadTimeout):
        return UpstreamUncertain(f"The service has been silent for {IDLE_TIMEOUT:.0f} s.")
    if isinstance(error, httpx.ProxyError):
        return UpstreamUnavailable(
            "The proxy that this deployment's HTTPS_PROXY or ALL_PROXY names does not let us through."
        )
    if isinstance(error, NOT_DELIVERED):
        return UpstreamUnavailable(f"The service cannot be reached ({type(error).__name__}).")
    return UpstreamUncertain(f"The service broke the connection off ({type(error).__name__}).")


def current() -> Service:
    """The service of the running event loop. Connections belong to a loop and are reused within it."""
    return context.shared(_configured)


def _configured() -> Service:
    chosen = settings.current()
    return Service(chosen.chatglm_url, chosen.sign_secret)


def _device_id(token: Token) -> str:
    known = token.device_id
    return known or md5((token.account_id or token.text).encode(errors="replace"), usedforsecurity=False).hexdigest()


def _result(response: httpx.Response, body: bytes, *, ordered: bool, sets: bool = False) -> Any:
    """The `result` of an answer. Raises what a refusal means. `sets`: the answer sets cookies."""
    try:
        return envelope.result(response.status_code, body, response.headers.get("retry-after"), ordered=ordered)
    except RiskControl as error:
        if sets and not isinstance(error, VerificationPage):
            raise CookieWanted(error.message) from error
        raise
    except (UpstreamFailed, UpstreamRefused) as error:
        if type(error) in (UpstreamFailed, UpstreamRefused):  # The others are known.
            _report(response, body, streamed=False)
        raise


def _report(response: httpx.Response, body: bytes, *, streamed: bool) -> None:
    if not (folder := settings.current().reports):
        return
    redactor = reports.Redactor(PHRASES)
    path = response.request.url.path
    exchange = {
        "step": "search" if streamed else "",
        "method": response.request.method,
        "path": "/".join(redactor.text(one) if any(map(str.isdigit, one[4:])) else one for one in path.split("/")),
        "status": response.status_code,
        "headers": reports.headers(response.headers, redactor),
        "body": redactor.stream(body) if streamed else redactor.body(body),
    }
    reports.keep(folder, exchange)


async def _content(response: httpx.Response, at_most: int) -> bytes:
    """The body. Raises `UpstreamFailed` where it is too large, `UpstreamUnavailable` where it breaks off."""
    try:
        return await content.read(response, at_most)
    except content.ContentTooLarge as error:
        raise UpstreamFailed(f"The service answered with more than {at_most // 1024} KB.") from error
    except httpx.RequestError as error:
        raise unreachable(error) from error
