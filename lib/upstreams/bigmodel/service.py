"""Calls to the platform: headers, time-outs, limits, and its refusals made into errors."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from lib import settings
from lib.errors import Error, NotConnected, UpstreamFailed, UpstreamUnavailable, UpstreamUncertain
from lib.http.clients import file_client, service_client
from lib.http.transport import NOT_DELIVERED
from lib.invocation import context
from lib.upstreams.bigmodel import errors

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to reach the platform; more means that it cannot be reached."""
WRITE_TIMEOUT: Final = 60.0
"""Seconds in which it takes nothing of a request."""
READ_TIMEOUT: Final = 600.0
"""Seconds of silence after which it has gone. The first word of a long prompt may take minutes, and so do the arguments
of a call with models before 4.6, which come whole; the invocation's deadline ends most waits sooner."""
MAX_JSON_BYTES: Final = 32 * 1024 * 1024
"""Of an answer that is not a stream: 64 vectors of 2048 numbers have 3 MB."""
MAX_REFUSAL_BYTES: Final = 64 * 1024
"""Of an answer that is a refusal."""
LARGE_JSON_BYTES: Final = 1024 * 1024
"""From this size on JSON is read in a thread: it would keep the event loop waiting for 10 ms and more."""

_TIMEOUT: Final = httpx.Timeout(connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT, read=READ_TIMEOUT, pool=None)

BASES: Final = {
    "bigmodel": "https://open.bigmodel.cn",
    "zai": "https://api.z.ai",
    "bigmodel-plan": "https://open.bigmodel.cn",
    "zai-plan": "https://api.z.ai",
}
"""What may stand behind a key's `@`, beside `plan`, which means a plan at `GLM_PLATFORM_URL`: keys of one host are
refused by the other."""
_QUOTA: Final = "/api/monitor/usage/quota/limit"
_OF_PLANS: Final = frozenset({"/chat/completions", "/models"})
"""What there is at the base of coding plans [documented]; the rest is asked at the general one."""

_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Service:
    """The platform as one event loop reaches it."""

    def __init__(self, client: httpx.AsyncClient, files: httpx.AsyncClient, base_url: str, *, plan: bool) -> None:
        """`base_url`: without a slash at its end. `plan`: chats go to the base that coding plans have for them."""
        self.files = files
        """For other servers, where callers' files are: it goes through no proxy and keeps no cookies."""
        self._client = client
        self._base_url = base_url
        self._plan = plan
        self._is_plan: dict[str, bool] = {}
        """Of keys that have no balance: are they a plan's. Asked once in an instance's life."""

    async def aclose(self) -> None:
        await self._client.aclose()
        await self.files.aclose()

    async def call(
        self,
        method: str,
        path: str,
        key: str,
        *,
        body: Mapping[str, Any] | None = None,
        form: tuple[Mapping[str, str], Mapping[str, Any]] | None = None,
        order: bool = False,
    ) -> dict[str, Any]:
        """What a call answers: a JSON object. Its body is JSON, or a `form` of fields and files.

        Raises what a refusal means, `NotConnected` where nothing was sent, and where something was and no answer came:
        for an `order`, which costs money each time, `UpstreamUncertain`, else `UpstreamUnavailable`.
        """
        request = self._request(method, path, key, "application/json", body, form)
        try:
            response = await self._send(request)
            try:
                content = await _content(response)
            finally:
                await response.aclose()
        except UpstreamUncertain as error:
            if order:
                raise
            raise UpstreamUnavailable(error.message) from error
        if response.status_code != 200:
            raise await self._explained(_refusal(response.status_code, content, order=order), key)
        answer = await parsed(content)
        if error_told := errors.of_body(answer):
            raise await self._explained(error_told, key)
        if not isinstance(answer, dict):
            kind = UpstreamUncertain if order else UpstreamFailed
            raise kind("The open platform answered with something else than data.")
        return answer

    async def stream(self, path: str, key: str, body: Mapping[str, Any]) -> httpx.Response:
        """The response to a request for an event stream, which the caller has to close.

        Raises what a refusal means, `NotConnected` where nothing was sent, `UpstreamUncertain` where no answer came.
        """
        response = await self._send(self._request("POST", path, key, "text/event-stream", body, None))
        if response.status_code == 200:
            return response
        try:
            content = await _content(response, MAX_REFUSAL_BYTES)
        finally:
            await response.aclose()
        raise await self._explained(errors.of_response(response.status_code, content), key)

    async def _explained(self, error: Error, key: str) -> Error:
        """`error`; where it says that there is no balance, whether that is so or the key is a coding plan's."""
        if not isinstance(error, errors.NoBalance) or self._plan:
            return error
        if key not in self._is_plan:
            try:
                told = await self.call("GET", _QUOTA, key)
            except (
                Error
            ) as refused:  # So it is told of a key without a plan; also where nobody answers, which is no plan.
                if isinstance(refused, NotConnected):
                    return error
                told = {}
            self._is_plan[key] = isinstance(told.get("data"), dict)
        return errors.no_balance(plan=self._is_plan[key])

    def _request(
        self,
        method: str,
        path: str,
        key: str,
        accept: str,
        body: Mapping[str, Any] | None,
        form: tuple[Mapping[str, str], Mapping[str, Any]] | None,
    ) -> httpx.Request:
        headers = {
            "Authorization": f"Bearer {plain_key(key)}",
            "Accept": accept,
            "Accept-Encoding": "identity",  # Events must not wait in a compressor.
            "Accept-Language": "en-US,en",  # Else errors are in Chinese.
            "User-Agent": "glm-functions",
        }
        base = self._base_url
        if path == _QUOTA:
            base = base.partition("/api/")[0]
        elif self._plan and path in _OF_PLANS:
            base = base.replace("/api/paas/", "/api/coding/paas/")
        url = base + path
        if form is not None:
            fields, files = form
            return self._client.build_request(
                method, url, headers=headers, data=dict(fields), files=dict(files), timeout=_TIMEOUT
            )
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = _json(body).encode(errors="replace")
        return self._client.build_request(method, url, headers=headers, content=content, timeout=_TIMEOUT)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except NOT_DELIVERED as error:
            raise NotConnected(f"The open platform cannot be reached ({type(error).__name__}).") from error
        except httpx.HTTPError as error:
            raise lost(error) from error


def lost(error: httpx.HTTPError) -> UpstreamUncertain:
    """The error of a connection that failed after the request was sent. It names nothing of what was sent."""
    if isinstance(error, httpx.TimeoutException):
        return UpstreamUncertain(f"The open platform has been silent for {READ_TIMEOUT:.0f} s.")
    return UpstreamUncertain(
        f"The open platform broke the connection off, and may have acted on the request ({type(error).__name__})."
    )


async def parsed(content: bytes) -> Any:
    """What JSON says; None where it is none."""
    try:
        if len(content) > LARGE_JSON_BYTES:
            return await asyncio.to_thread(json.loads, content)
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def of_key(key: str) -> Service:
    """The platform as the running event loop reaches it for a key, by the base that stands behind its `@`."""
    services = context.shared(_services)
    base = key.partition("@")[2]
    if base not in services:
        url = settings.current().platform_url if base in ("", "plan") else f"{BASES[base]}/api/paas/v4"
        clients = context.shared(service_client), context.shared(file_client)
        services[base] = Service(*clients, url, plan=base.endswith("plan"))
    return services[base]


def plain_key(key: str) -> str:
    """A key as the platform knows it."""
    return key.partition("@")[0]


def _services() -> dict[str, Service]:
    return {}


def _refusal(status: int, content: bytes, *, order: bool) -> Error:
    error = errors.of_response(status, content)
    bare = not content.lstrip().startswith(b"{")
    if order and bare and isinstance(error, UpstreamUnavailable):
        # Not the platform refused, but something before it: the order may have passed.
        return UpstreamUncertain(f"The open platform may have taken the order, and did not say so (HTTP {status}).")
    return error


async def _content(response: httpx.Response, at_most: int | None = None) -> bytes:
    at_most = MAX_JSON_BYTES if at_most is None else at_most
    content = bytearray()
    try:
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > at_most:
                raise UpstreamUncertain("The open platform's answer is too large to be read.")
    except httpx.HTTPError as error:
        raise lost(error) from error
    return bytes(content)
