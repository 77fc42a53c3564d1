"""All functions of a build behind one address, as Vercel's edge presents them."""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from mimetypes import guess_type
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from .build import Build
from .function import Function
from .instance import Instance, StartFailed, serve
from .routes import Target

MAX_BODY = 4_500_000
"""Bytes that the body of a request to a function may have."""
MAX_HEAD = 65536
PIECE = 65536

type Headers = list[tuple[str, str]]


class Deployment:
    """A build on a free port of 127.0.0.1, from `with` to its end. Functions start when they are first asked for.

    The route table decides who is asked, about the original path, which the function sees too. Bytes go both ways as
    they come; a client that leaves is seen leaving by the function. What the route table adds to the answer's headers
    is added to static files only.
    """

    def __init__(
        self, build: Build, environment: Mapping[str, str] | None = None, *, max_duration: float | None = None
    ) -> None:
        """`environment`: the deployer's variables; `max_duration`: seconds, in place of `maxDuration`."""
        self.build = build
        self.url = ""
        self.instances: dict[str, Instance] = {}
        """The running functions."""
        self._environment = environment
        self._max_duration = max_duration
        self._starting: dict[str, asyncio.Task[Instance]] = {}
        self._running = contextlib.ExitStack()
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="deployment", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._ready.result(10)}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._running.close()

    @property
    def log(self) -> str:
        """Everything the functions have printed or logged."""
        return "".join(instance.log for instance in self.instances.values())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        exchanges: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            exchange = asyncio.create_task(self._exchange(reader, writer))
            exchanges.add(exchange)
            exchange.add_done_callback(exchanges.discard)
            exchange.add_done_callback(lambda _: writer.close())  # Also where it is cancelled before it begins.

        server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=MAX_HEAD)
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for exchange in exchanges:
            exchange.cancel()
        await asyncio.gather(*exchanges, *self._starting.values(), return_exceptions=True)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; the connection then closes."""
        try:
            method, target, headers = _parse(await reader.readuntil(b"\r\n\r\n"))
            path = unquote(urlsplit(target).path)
            found = self.build.route(path, method, {name.lower() for name, _ in headers})
            if found.function is None:
                writer.write(self._static(found))
            elif _content_length(headers) > MAX_BODY:
                writer.write(_plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "FUNCTION_PAYLOAD_TOO_LARGE"))
            else:
                await self._invoke(self.build.functions[found.function], method, target, headers, reader, writer)
        except StartFailed as reason:  # The platform would keep the reason to its log.
            writer.write(_plain(HTTPStatus.INTERNAL_SERVER_ERROR, f"FUNCTION_INVOCATION_FAILED\n{reason}"))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client left, and so nobody waits for an answer.
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _static(self, found: Target) -> bytes:
        if found.static is None:
            return _plain(HTTPStatus(found.status), "NOT_FOUND")
        kind = guess_type(found.static)[0] or "application/octet-stream"
        body = self.build.static[found.static].read_bytes()
        return _response(HTTPStatus(found.status), {"Content-Type": kind, **found.headers}, body)

    async def _invoke(
        self,
        function: Function,
        method: str,
        target: str,
        headers: Headers,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        instance = await self._instance(function)
        seconds = self._max_duration or function.config["maxDuration"]
        function_reader, function_writer = await asyncio.open_connection("127.0.0.1", instance.port)
        function_writer.write(_head(f"{method} {target} HTTP/1.1", _forwarded(headers, seconds)))
        begun = asyncio.Event()
        upwards = asyncio.create_task(_pass_on(reader, function_writer))
        downwards = asyncio.create_task(_pass_on(function_reader, writer, begun))
        try:
            # Whichever side closes first: the function has answered, or the client has left.
            done, _ = await asyncio.wait((upwards, downwards), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            upwards.cancel()
            downwards.cancel()
            await asyncio.gather(upwards, downwards, return_exceptions=True)
            function_writer.close()
            with contextlib.suppress(ConnectionError):
                await function_writer.wait_closed()
        if not done and not begun.is_set():  # What has begun is cut off in mid-air, as the platform does.
            writer.write(_plain(HTTPStatus.GATEWAY_TIMEOUT, "FUNCTION_INVOCATION_TIMEOUT"))

    async def _instance(self, function: Function) -> Instance:
        if function.name not in self._starting:
            self._starting[function.name] = asyncio.create_task(asyncio.to_thread(self._start, function))
        return await asyncio.shield(self._starting[function.name])

    def _start(self, function: Function) -> Instance:
        instance = self._running.enter_context(serve(function, self._environment))
        self.instances[function.name] = instance
        return instance


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begun: asyncio.Event | None = None
) -> None:
    while piece := await reader.read(PIECE):
        if begun is not None:
            begun.set()
        writer.write(piece)
        await writer.drain()


def _parse(head: bytes) -> tuple[str, str, Headers]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    return method, target, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]


def _head(first: str, headers: Headers) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


def _forwarded(headers: Headers, seconds: float) -> Headers:
    """What the function is sent: the client's headers but those that only the platform may set, and the platform's."""
    ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
    platform = {
        "x-vercel-internal-deadline": ends_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "x-vercel-internal-invocation-id": secrets.token_hex(8),
        "x-vercel-internal-request-id": "1",
        "x-vercel-id": f"iad1::iad1::{secrets.token_hex(12)}",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
        "connection": "close",
    }
    return [(name, value) for name, value in headers if name.lower() not in platform] + list(platform.items())


def _content_length(headers: Headers) -> int:
    return next((int(value) for name, value in headers if name.lower() == "content-length"), 0)


def _plain(status: HTTPStatus, code: str) -> bytes:
    return _response(status, {"Content-Type": "text/plain"}, f"{status.phrase}\n\n{code}\n".encode())


def _response(status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> bytes:
    framing = {"Content-Length": str(len(body)), "Connection": "close"}
    return _head(f"HTTP/1.1 {status} {status.phrase}", [*headers.items(), *framing.items()]) + body
