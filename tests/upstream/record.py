"""What the stand-in was asked."""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    """One file of a multipart body."""

    filename: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Recorded:
    """One request. `headers` are looked up in any case; `at` is `time.monotonic()` at its arrival, `first_sent` at the
    first event of a stream; both mean the same in every process of the machine.

    `name` is the endpoint's short name ("refresh", "chat", …; "" for an unknown path). `status` is the HTTP status
    and `code` the envelope's, where it was refused. `number` counts requests from 0. `ignored` says what the service
    took no notice of, and why: pictures of another shape, or with a model that only reads text. `done` says that
    nothing more will be sent (of a stream: nothing after its last event), `client_gone` that the client closed the
    connection before. `events` counts the pieces of a stream sent so far.
    """

    name: str
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    json: Any = None
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    account: str | None = None
    first_sent: float | None = None
    status: int | None = None
    code: int = 0
    number: int = -1
    ignored: list[str] = field(default_factory=list)
    events: int = 0
    done: bool = False
    client_gone: bool = False


class Record:
    """All requests in order of arrival, and a way to wait for something to happen."""

    def __init__(self, keep: int | None = None) -> None:
        """`keep`: how many requests are remembered, the newest; None: all."""
        self._changed = threading.Condition()
        self._requests: deque[Recorded] = deque(maxlen=keep)
        self._count = 0

    def add(self, recorded: Recorded) -> None:
        with self._changed:
            recorded.number = self._count
            self._count += 1
            self._requests.append(recorded)
            self._changed.notify_all()

    def changed(self) -> None:
        """Something that a test may be waiting for has changed."""
        with self._changed:
            self._changed.notify_all()

    def all(self) -> list[Recorded]:
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        with self._changed:
            self._requests.clear()

    def wait_for(self, predicate: Callable[[], object], timeout: float) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(lambda: bool(predicate()), timeout))
