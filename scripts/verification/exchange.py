"""One call as it went over the wire, and a client that keeps each."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from lib.errors import Error, RiskControl
from lib.invocation.reports import MAX_BYTES, Redactor, headers
from lib.upstreams.chatglm.session import envelope


class Stopped(Exception):
    """No further call is made, and why."""


@dataclass
class Exchange:
    """A call: its step, what was asked, and what came, piece by piece with its time."""

    step: str
    method: str
    path: str
    request_id: str = ""
    token: str = ""
    status: int | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    failure: str = ""
    left: bool = False
    """We closed it before its end."""
    seconds: float = 0.0

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    @property
    def is_stream(self) -> bool:
        """Does it hold events: the head says so, or the body begins so."""
        if "event-stream" in str(self.headers.get("content-type", "")):
            return True
        return self.body.lstrip()[:5] in (b"event", b"data:") or self.body.lstrip()[:1] == b":"

    @property
    def risk(self) -> bool:
        """Is it the risk control that answers."""
        if self.status is None or self.is_stream:
            return b"40012" in self.body and b"error" in self.body
        try:
            envelope.result(self.status, self.body)
        except RiskControl:
            return True
        except Error:
            return False
        return False

    def written(self, redactor: Redactor) -> dict[str, Any]:
        """The exchange as a report holds it."""
        text = redactor.stream(self.body) if self.is_stream else redactor.body(self.body)
        path, _, query = self.path.partition("?")
        parts = [
            part if not any(sign.isdigit() for sign in part[4:]) else redactor.text(part) for part in path.split("/")
        ]
        total, times = max(1, len(self.body)), []
        at = 0
        for seconds, piece in self.pieces[:2000]:
            at += len(piece)
            times.append([round(seconds, 3), round(at / total, 4)])
        return {
            "step": self.step,
            "method": self.method,
            "path": "/".join(parts) + (f"?{query}" if query == "tag=available_models" else ""),
            "request_id": redactor.text(self.request_id),
            "token": redactor.text(self.token),
            "status": self.status,
            "headers": dict(self.headers),
            "failure": self.failure,
            "left": self.left,
            "seconds": round(self.seconds, 3),
            "arrived": times,
            "body": text,
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Exchange":
        body = str(written.get("body", "")).encode()
        times = [one for one in written.get("arrived") or () if isinstance(one, list) and len(one) == 2]
        pieces, begin = [], 0
        for seconds, share in times:
            end = round(float(share) * len(body))
            pieces.append((float(seconds), body[begin:end]))
            begin = end
        if begin < len(body):
            pieces.append((pieces[-1][0] if pieces else 0.0, body[begin:]))
        return cls(
            step=str(written.get("step", "")),
            method=str(written.get("method", "GET")),
            path=str(written.get("path", "")),
            request_id=str(written.get("request_id", "")),
            token=str(written.get("token", "")),
            status=written.get("status"),
            headers=written.get("headers") or {},
            pieces=pieces,
            failure=str(written.get("failure", "")),
            left=bool(written.get("left")),
            seconds=float(written.get("seconds") or 0),
        )


class Recorder:
    """Stands for the bundle's client: one call after the other, some seconds apart, so many and no more."""

    def __init__(self, client: httpx.AsyncClient, most: int, pause: float) -> None:
        self.exchanges: list[Exchange] = []
        self.step = ""
        self.allowed = 0
        """Calls that the step may still make."""
        self.most = most
        self._client = client
        self._pause = pause
        self._lock = asyncio.Lock()

    def begin(self, step: str, calls: int = 1) -> None:
        """From now on calls belong to this step."""
        self.step, self.allowed = step, calls

    def of(self, step: str) -> list[Exchange]:
        return [one for one in self.exchanges if one.step == step]

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        async with self._lock:
            if any(one.risk for one in self.exchanges):
                raise Stopped("Risk control refuses this address or session.")
            if len(self.exchanges) >= self.most:
                raise Stopped(f"{self.most} calls were made.")
            if self.allowed < 1:
                raise Stopped("A call is not repeated.")
            self.allowed -= 1
            if self.exchanges:
                await asyncio.sleep(self._pause)
            exchange = Exchange(
                self.step,
                request.method,
                request.url.raw_path.decode(),
                request.headers.get("x-request-id", ""),
                request.headers.get("authorization", "").removeprefix("Bearer "),
            )
            self.exchanges.append(exchange)
            started = time.monotonic()
            try:
                response = await self._client.send(request, **options)
            except httpx.HTTPError as error:
                exchange.failure = type(error).__name__
                raise
            exchange.status = response.status_code
            exchange.headers = headers(response.headers, Redactor(), response.headers.get_list("set-cookie"))
            response.stream = _Kept(response.stream, exchange, started)
            return response


class _Kept(httpx.AsyncByteStream):
    def __init__(self, stream: Any, exchange: Exchange, started: float) -> None:
        self._stream, self._exchange, self._started = stream, exchange, started

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange, size, ended = self._exchange, 0, False
        pieces = aiter(self._stream)
        try:
            async for piece in pieces:
                size += len(piece)
                if size <= MAX_BYTES:
                    exchange.pieces.append((time.monotonic() - self._started, piece))
                yield piece
            ended = True
        except httpx.HTTPError as error:
            exchange.failure, ended = type(error).__name__, True
            raise
        finally:
            exchange.left = not ended
            exchange.seconds = time.monotonic() - self._started
            if hasattr(pieces, "aclose"):
                await pieces.aclose()

    async def aclose(self) -> None:
        await self._stream.aclose()


def parsed(body: bytes) -> Any:
    """JSON; None for what is none."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
