"""The server that AWS's runtime client takes its work from, on 127.0.0.1: Lambda's Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

MAX_PAYLOAD = 6_291_556
"""Bytes that an event or an answer may have: 6 MB and a little, as the service's own refusal says."""

ROOT = "/2018-06-01/runtime"


class FunctionError(Exception):
    """An invocation, or the start of the function, ended with an error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass
class Invocation:
    """An event that waits for the function's answer."""

    event: bytes
    seconds: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: "Future[Any]" = field(default_factory=Future)


class RuntimeApi:
    """Hands events to one runtime, one after another, and takes its answers."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        """The runtime has asked for its first event, or has said why it cannot start."""
        self.ready_at = 0.0
        """When that was, by `time.monotonic()`."""
        self.init_error: FunctionError | None = None
        self.idle = threading.Event()
        """The runtime waits for an event."""
        self._waiting: SimpleQueue[Invocation | None] = SimpleQueue()
        self._running: dict[str, Invocation] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="runtime-api", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: dict[str, Any], seconds: float) -> Any:
        """Return what the function answers; it is told that it has so many `seconds`.

        Raises FunctionError, and TimeoutError when the time is up.
        """
        invocation = Invocation(json.dumps(event).encode(), seconds)
        self._running[invocation.id] = invocation
        self._waiting.put(invocation)
        try:
            return invocation.answer.result(seconds)
        finally:
            del self._running[invocation.id]

    def started(self, error: FunctionError | None = None) -> None:
        """The runtime is ready, or has failed to start."""
        if not self.ready.is_set():
            self.ready_at = time.monotonic()
            self.init_error = error
            self.ready.set()

    def next(self) -> Invocation | None:
        """Wait for the next event; None when there will be none."""
        self.idle.set()
        self.started()
        invocation = self._waiting.get()
        self.idle.clear()
        return invocation

    def answered(self, invocation: str, body: bytes) -> HTTPStatus:
        """Take the function's answer, and say what the service says of it."""
        answer = self._running[invocation].answer
        if len(body) > MAX_PAYLOAD:
            answer.set_exception(FunctionError("Function.ResponseSizeTooLarge", f"{len(body)} bytes"))
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        answer.set_result(json.loads(body))
        return HTTPStatus.ACCEPTED

    def failed(self, invocation: str, body: bytes) -> HTTPStatus:
        """Take the function's error."""
        self._running[invocation].answer.set_exception(_error(body))
        return HTTPStatus.ACCEPTED


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, api: RuntimeApi, *connection: Any) -> None:
        self.api = api
        super().__init__(*connection)

    def do_GET(self) -> None:
        if self.path != f"{ROOT}/invocation/next":
            return self._answer(HTTPStatus.NOT_FOUND)
        invocation = self.api.next()
        if invocation is None:
            self.close_connection = True
            return None
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:test",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
        }
        return self._answer(HTTPStatus.OK, invocation.event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path.removeprefix(ROOT).split("/"):
            case ["", "invocation", invocation, "response"]:
                self._answer(self.api.answered(invocation, body))
            case ["", "invocation", invocation, "error"]:
                self._answer(self.api.failed(invocation, body))
            case ["", "init", "error"]:
                self.api.started(_error(body))
                self._answer(HTTPStatus.ACCEPTED)
            case _:
                self._answer(HTTPStatus.NOT_FOUND)

    def _answer(self, status: HTTPStatus, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")  # exactly this: the client looks for nothing else
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _error(body: bytes) -> FunctionError:
    error = json.loads(body)
    return FunctionError(error.get("errorType", "Unknown"), error.get("errorMessage", ""))
