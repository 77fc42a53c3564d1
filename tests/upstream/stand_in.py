"""The stand-in as tests hold it: a server in a thread, and what to ask of it."""

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .accounts import Account
from .answer import Answer
from .app import Service
from .failures import Failure
from .files import Upload
from .record import Recorded
from .site import Page
from .videos import Job, Video


class StandIn:
    """A stand-in for chatglm.cn on a free port of 127.0.0.1, from `with` to its end.

    Every method may be called from any thread. See the package's docstring for how to use it.
    """

    def __init__(self, *, port: int = 0, delay: float = 0.0) -> None:
        """`delay`: seconds between the events of an answer that no test has scripted."""
        self.service = Service(delay)
        self.url = ""
        self._port = port
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        # Named in full: asyncio turns off Nagle's algorithm only for what it can see is TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.service.settle(self.url)
        self._server = _Server(self.service)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="stand-in", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(10):
            raise RuntimeError("the stand-in did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(10)

    def account(self, **options: Any) -> Account:
        """Make an account; for the options see `Account`."""
        return self.service.accounts.add(**options)

    def script(self, answer: Answer, *, account: Account | None = None, times: int | None = 1) -> Answer:
        """Queue an answer for the next chat call(s), of one account or of any; `times` None: for all."""
        self.service.conversations.script(answer, account, times)
        return answer

    def fail(self, endpoint: str, **options: Any) -> None:
        """Switch on a failure of an endpoint, by name or path; for the options see `Failure`."""
        self.service.failures.add(Failure(endpoint, **options))

    @property
    def record(self) -> list[Recorded]:
        """Every request so far, in order of arrival."""
        return self.service.record.all()

    def requests(self, endpoint: str | None = None, account: Account | None = None) -> list[Recorded]:
        """Return the requests to one endpoint, by name or path, on one account; None: to all, on any."""
        return [
            recorded
            for recorded in self.record
            if endpoint in (None, recorded.name, recorded.path) and (account is None or account.uid == recorded.account)
        ]

    def wait_for(self, predicate: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait until `predicate()` is true; it is asked again whenever something has happened. TimeoutError."""
        if not self.service.record.wait_for(predicate, timeout):
            seen = ", ".join(f"{one.name or one.path} {one.status}" for one in self.record)
            raise TimeoutError(f"did not come true in {timeout} s; requests so far: {seen}")

    def conversations(self, account: Account) -> list[str]:
        """Return the ids of the account's conversations that have not been deleted."""
        return self.service.conversations.of(account)

    def running(self, account: Account) -> list[str]:
        """Return the history ids of what the account is generating just now."""
        return [generation.history_id for generation in self.service.conversations.running(account)]

    def uploads(self, account: Account) -> list[Upload]:
        """Return what the account has uploaded, in order."""
        return self.service.uploads.of(account)

    def answer_uploads_as_list(self) -> None:
        """From now on an upload is answered as a list of one."""
        self.service.uploads.as_list = True

    def video(self, video: Video, *, account: Account | None = None) -> Video:
        """Queue how the next video job goes, of one account or of any."""
        self.service.videos.script(video, account)
        return video

    def videos(self, account: Account) -> list[Job]:
        """Return the account's video jobs that have not been deleted, in order."""
        return self.service.videos.of(account)

    def site(
        self,
        path: str,
        body: bytes = b"",
        content_type: str = "application/octet-stream",
        status: int = 200,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> str:
        """Serve this at `path` of the stand-in's own site, and return the URL; for the options see `Page`."""
        self.service.site.put(path, Page(body, content_type, status, headers or {}, **options))
        return self.url + path

    def reset(self) -> None:
        """Forget accounts, scripts, failures and the record; break off what is being sent.

        What a client of a forgotten account still asks is refused with 40102 and not recorded.
        """
        if self._server is None:
            self.service.clear()
        else:
            self._server.call(self.service.clear)


class _Protocol(H11Protocol):
    """Uvicorn's protocol, which also hands the app its connection, so that it can be dropped."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                service.app,
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
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the server's loop, and wait for it."""
        assert self._loop is not None

        async def run() -> None:
            function()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def stop(self) -> None:
        self.call(self._break_off)
        self.should_exit = self.force_exit = True

    def _break_off(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
