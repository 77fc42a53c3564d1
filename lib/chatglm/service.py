"""Calls to the service: signed, with the headers of its page, and with its refusals made into errors."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import md5
from http.cookiejar import CookieJar, DefaultCookiePolicy
from secrets import token_hex
from typing import Any
from weakref import WeakKeyDictionary

import httpx

from lib import settings
from lib.chatglm import envelope, signature
from lib.chatglm.token import Token
from lib.errors import UpstreamFailed, UpstreamUnavailable
from lib.transport import Transport

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the service; more means that it cannot be reached."""
IDLE_TIMEOUT = 60.0
"""Seconds of silence after which the service has gone: it sends something more often than that while it works."""
MAX_REFUSAL_BYTES = 64 * 1024
"""How much of an answer is read that should have been a stream and is not."""

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


class Service:
    """The service as one event loop reaches it."""

    def __init__(self, http: httpx.AsyncClient, base_url: str, sign_secret: str) -> None:
        self.http = http
        self._base_url = base_url
        self._sign_secret = sign_secret

    async def call(
        self,
        method: str,
        path: str,
        token: Token,
        *,
        json: Any = None,
        content: AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The `result` of one call. `headers` describe `content`.

        Raises what the refusal means, and `UpstreamUnavailable` where nothing answers.
        """
        try:
            response = await self.http.request(
                method,
                self._base_url + path,
                headers={**self._headers(token, "application/json"), **(headers or {})},
                json=json,
                content=content,
                extensions={"repeat": False},  # A signature is good for one call.
            )
        except httpx.TransportError as error:
            raise unreachable(error) from error
        return envelope.result(response.status_code, response.content, response.headers.get("retry-after"))

    @asynccontextmanager
    async def stream(self, path: str, token: Token, json: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of an event stream, as they arrive. Raises what the refusal means where it is none."""
        try:
            request = self.http.build_request(
                "POST", self._base_url + path, headers=self._headers(token, "text/event-stream"), json=json
            )
            response = await self.http.send(request, stream=True)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        try:
            if response.status_code != 200 or not _is_event_stream(response):
                envelope.result(response.status_code, await _start_of(response), response.headers.get("retry-after"))
                raise UpstreamFailed("The service answered with something else than a stream.")
            yield _pieces(response)
        finally:
            await response.aclose()

    def _headers(self, token: Token, accept: str) -> dict[str, str]:
        return {
            **_PAGE_HEADERS,
            **signature.headers(self._sign_secret),
            "Accept": accept,
            "Authorization": f"Bearer {token.text}",
            "X-Device-Id": _device_id(token),
            "X-Request-Id": token_hex(16),
        }


def unreachable(error: httpx.TransportError) -> UpstreamUnavailable:
    """The error that a failed connection means. It names the kind of failure, nothing of what was sent."""
    if isinstance(error, httpx.ReadTimeout):
        return UpstreamUnavailable(f"The service has been silent for {IDLE_TIMEOUT:.0f} s.")
    return UpstreamUnavailable(f"The service cannot be reached, or broke the connection off ({type(error).__name__}).")


def current() -> Service:
    """The service of the running event loop. Connections belong to a loop and are reused within it."""
    loop = asyncio.get_running_loop()
    service = _services.get(loop)
    if service is None:
        chosen = settings.current()
        http = httpx.AsyncClient(
            transport=Transport(),
            timeout=httpx.Timeout(IDLE_TIMEOUT, connect=CONNECT_TIMEOUT),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # One account's cookies are not another's.
            trust_env=False,
        )
        service = _services[loop] = Service(http, chosen.chatglm_url, chosen.sign_secret)
    return service


_services: WeakKeyDictionary[asyncio.AbstractEventLoop, Service] = WeakKeyDictionary()


def _device_id(token: Token) -> str:
    known = token.device_id
    return known or md5((token.account_id or token.text).encode(errors="replace"), usedforsecurity=False).hexdigest()


def _is_event_stream(response: httpx.Response) -> bool:
    content_type: str = response.headers.get("content-type", "")
    return content_type.startswith("text/event-stream")


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises `UpstreamUnavailable` where it breaks off."""
    # Not `aiter_raw`, which puts each piece through a chunker of its own: a third of what reading one costs.
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        async for piece in response.stream:
            yield piece
    except httpx.TransportError as error:
        raise unreachable(error) from error


async def _start_of(response: httpx.Response) -> bytes:
    body = b""
    async for piece in _pieces(response):
        body += piece
        if len(body) > MAX_REFUSAL_BYTES:
            break
    return body
