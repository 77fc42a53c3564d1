"""A stand-in's web server, in a thread: on a free port of 127.0.0.1, with connections that can be dropped."""

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

START_TIMEOUT = 10.0
STOP_TIMEOUT = 10.0


class Server(uvicorn.Server):
    """Serves `app` from `start` to `stop`. Every method may be called from any thread."""

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        """`port` 0: a free one."""
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                backlog=4096,
                timeout_keep_alive=60,
            )
        )
        # Named in full: asyncio turns off Nagle's algorithm only for what it can see is TCP.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self.run, args=([self._listener],), name="stand-in", daemon=True)

    def start(self) -> None:
        """Return when it listens."""
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT):
            raise RuntimeError("the stand-in did not start")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._ready.set()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the server's loop, and wait for it."""
        assert self._loop is not None

        async def run() -> None:
            function()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(STOP_TIMEOUT)

    def stop(self) -> None:
        """Break off what is being sent, and return when the thread has ended."""
        self.call(self._break_off)
        self.should_exit = self.force_exit = True
        self._thread.join(STOP_TIMEOUT)

    def _break_off(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _Protocol(H11Protocol):
    """Uvicorn's protocol, which also hands the app its connection, so that it can be dropped."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
