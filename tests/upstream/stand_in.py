"""The stand-in as tests hold it: a server in a thread, and what to ask of it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.server import Server

from .accounts import Account
from .answer import Answer
from .app import Service
from .conversations import Generation
from .counts import count
from .failures import failure
from .files import Upload
from .firewall import Firewall
from .manners import Manners
from .play import Asked, Played
from .record import Recorded
from .risk_control import RiskControl
from .site import Page
from .videos import Job, Video


class StandIn:
    """A stand-in for chatglm.cn on a free port of 127.0.0.1, from `with` to its end.

    Every method may be called from any thread. See the package's docstring for how to use it.
    """

    def __init__(self, *, port: int = 0, delay: float = 0.0, keep: int | None = None, **manners: Any) -> None:
        """`delay`: seconds between the events of an answer that no test has scripted. `keep`: how many requests the
        record holds, the newest (all). `manners`: see `Manners`; a `reset` returns to these.
        """
        self.service = Service(delay, keep, Manners(**manners))
        self.url = ""
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = Server(self.service.app, port=self._port)
        self.url = self._server.url
        self.service.settle(self.url)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()

    def account(self, **options: Any) -> Account:
        """Make an account; for the options see `Account`."""
        return self.service.accounts.add(**options)

    def script(self, answer: Answer, *, account: Account | None = None, times: int | None = 1) -> Answer:
        """Queue an answer for the next chat call(s), of one account or of any; `times` None: for all."""
        self.service.conversations.script(answer, account, times)
        return answer

    def play(self, play: Callable[[Asked], Played] | None) -> None:
        """Let a function be the model: it is called, in a thread, for every chat call that nothing is scripted for.

        It returns an answer, its parts, or a text; None: the demo answers.
        """
        self.service.chat.play(play)

    def fail(self, endpoint: str, refusal: str | None = None, **options: Any) -> None:
        """Switch on a failure of an endpoint, by name or path: one of `REFUSALS`, or what the options say."""
        self.service.failures.add(failure(endpoint, refusal, **options))

    def heal(self) -> None:
        """Switch off all failures."""
        self.service.failures.clear()

    def change(self, **manners: Any) -> None:
        """From now on, until the `reset`, the service has these manners; see `Manners`."""
        self.service.manners.change(**manners)

    @property
    def risk_control(self) -> RiskControl:
        """Risk control: `.begin()`, `.lift()`, `.asked`."""
        return self.service.risk_control

    @property
    def firewall(self) -> Firewall:
        """The firewall before the service: `.demands`, `.refused`, `.shared`."""
        return self.service.firewall

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

    def write_to_the_end(self, generation: Generation) -> None:
        """The service has written to its end what nobody reads any more, and nobody has stopped."""
        assert self._server is not None
        self._server.call(lambda: generation.end("cut"))

    def counts(self) -> list[dict[str, Any]]:
        """Return what each account generates and has left behind just now, and what it has been asked."""
        return count(self.service)

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
