"""A report played through the bundle: its session, its chat and its readers, with the report for a service."""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from scripts.verification.calls import Calls
from scripts.verification.exchange import Exchange, Recorder

_JWT = re.compile(rb"eyJ[\w\-]+\.([\w\-]+)\.[\w\-]*")
_LIFETIME = 180 * 24 * 3600


def played(exchanges: Sequence[Exchange]) -> list[str]:
    """What the bundle says of each step that fails for it."""
    return asyncio.run(_played(exchanges))


async def _played(exchanges: Sequence[Exchange]) -> list[str]:
    recorder = Recorder(_Replayer(exchanges), 10**6, 0.0)  # type: ignore[arg-type]
    calls = Calls(_token(), recorder)
    draw = any(one.step == "draw" for one in exchanges)
    why = await calls.run(draw=draw, film=any(one.step == "film" for one in exchanges))
    had = {one.step for one in exchanges}
    said = [f"{step}: the bundle says: {error}" for step, error in calls.errors.items() if step in had]
    return [*said, *([f"Stopped: {why}"] if why else [])]


class _Replayer:
    """Answers each call as the report does, in the report's order."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._left = list(exchanges)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        async for _ in request.stream:  # type: ignore[union-attr]
            pass
        path = _shape(request.url.raw_path.decode())
        found = next((one for one in self._left if one.method == request.method and _shape(one.path) == path), None)
        if found is None or found.status is None:
            raise httpx.ConnectError("The report has no answer to this.", request=request)
        self._left.remove(found)
        kept = {name: value for name, value in found.headers.items() if isinstance(value, str)}
        kept.pop("transfer-encoding", None)
        kept.pop("content-encoding", None)
        return httpx.Response(found.status, headers=kept, stream=_Body(found), request=request)


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: Exchange) -> None:
        self._pieces = (
            [_JWT.sub(_timed, exchange.body)] if not exchange.is_stream else [piece for _, piece in exchange.pieces]
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def _shape(path: str) -> str:
    path = path.partition("?")[0]
    return "/".join("…" if any(sign.isdigit() for sign in part[4:]) else part for part in path.split("/"))


def _timed(match: re.Match[bytes]) -> bytes:
    """A token of a report begins at no time: here, now."""
    try:
        payload = json.loads(base64.urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4)))
    except ValueError:
        return match[0]
    for name in ("iat", "nbf", "exp"):
        if isinstance(payload.get(name), int):
            payload[name] += int(time.time())
    return _jwt(payload).encode()


def _token() -> str:
    now = int(time.time())
    return _jwt({"type": "refresh", "uid": "replay", "device_id": "0" * 32, "iat": now, "exp": now + _LIFETIME})


def _jwt(payload: dict[str, Any]) -> str:
    written = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{written}.replayed"
