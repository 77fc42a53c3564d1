"""The platform as tests hold it: a server in a thread, and what to ask of it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.server import Server
from tests.upstream.record import Recorded
from tests.upstream.site import Page

from .answer import Answer
from .app import BASE, Service
from .chat import Model
from .failures import Failure
from .files import Parser
from .keys import Key
from .videos import Job, Video


class Platform:
    """A stand-in for the open platform on a free port of 127.0.0.1, from `with` to its end.

    Every method may be called from any thread. See the package's docstring for how to use it.
    """

    def __init__(self, *, port: int = 0, delay: float = 0.0) -> None:
        """`delay`: seconds between the deltas of an answer that no test has scripted."""
        self.service = Service(delay)
        self.site_url = ""
        self.url = ""
        """Of the API, as `GLM_PLATFORM_URL` wants it."""
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = Server(self.service.app, port=self._port)
        self.site_url = self._server.url
        self.url = self.site_url + BASE
        self.service.settle(self.site_url)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()

    def key(self, **options: Any) -> str:
        """Make an API key; for the options see `Key`."""
        return self.service.keys.add(Key(**options)).text

    def most_at_once(self, key: str) -> int:
        """Return how many requests of this key were answered at the same time, at most."""
        return self.service.keys.find(key).most_at_once

    def script(self, answer: Answer, *, key: str | None = None, times: int | None = 1) -> Answer:
        """Queue an answer for the next chat call(s), of one key or of any; `times` None: for all."""
        self.service.chat.script(answer, key, times)
        return answer

    def play(self, model: Model) -> None:
        """Let `model` answer chat calls that no script is for: it takes the body and returns an `Answer`."""
        self.service.chat.model = model

    def limit(self, tokens: int) -> None:
        """Refuse longer prompts with 1261."""
        self.service.chat.limit = tokens

    def fail(self, endpoint: str, **options: Any) -> None:
        """Switch on a failure of an endpoint, by name or path; for the options see `Failure`."""
        self.service.failures.add(Failure(endpoint, **options))

    @property
    def parser(self) -> Parser:
        """The file parser: `texts` by file name, `fails`."""
        return self.service.parser

    @property
    def record(self) -> list[Recorded]:
        """Every request so far, in order of arrival."""
        return self.service.record.all()

    def requests(self, endpoint: str | None = None, key: str | None = None) -> list[Recorded]:
        """Return the requests to one endpoint, by name or path, with one key; None: to all, with any."""
        return [
            recorded
            for recorded in self.record
            if endpoint in (None, recorded.name, recorded.path) and key in (None, recorded.account)
        ]

    def wait_for(self, predicate: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait until `predicate()` is true; it is asked again whenever something has happened. TimeoutError."""
        if not self.service.record.wait_for(predicate, timeout):
            seen = ", ".join(f"{one.name or one.path} {one.status}" for one in self.record)
            raise TimeoutError(f"did not come true in {timeout} s; requests so far: {seen}")

    def video(self, video: Video) -> Video:
        """Queue how the next video job goes."""
        self.service.videos.script(video)
        return video

    def videos(self, key: str) -> list[Job]:
        """Return the key's video jobs, in order."""
        return self.service.videos.of(key)

    def site(self, path: str, body: bytes = b"", content_type: str = "application/octet-stream", **options: Any) -> str:
        """Serve this at `path` of a site beside the API, and return the URL; for the options see `Page`."""
        self.service.site.put(path, Page(body, content_type, **options))
        return self.site_url + path

    def reset(self) -> None:
        """Forget keys, scripts, failures and the record."""
        if self._server is None:
            self.service.clear()
        else:
            self._server.call(self.service.clear)
