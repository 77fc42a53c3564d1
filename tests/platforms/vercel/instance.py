"""A running function, through the platform's own bridge: the PyPI package `vercel-runtime`, which each build carries.

The platform lays the function out, listens on a unix socket, and starts Python on the file that the builder wrote. The
bridge connects, says by `server-started` on which port it serves HTTP, and from then on sends log lines and the end of
each invocation. Every message is JSON, ended by a NUL.
"""

import base64
import contextlib
import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .function import Function

START_SECONDS = 60
"""The longest start that is waited for; a cold start takes one or two seconds on an idle machine."""
STOP_SECONDS = 10

PLATFORM_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": ":UTC",
    "VERCEL": "1",
    "VERCEL_ENV": "production",
    "VERCEL_REGION": "iad1",
    # Its disk is read-only, so Python keeps nothing of what it compiles.
    "PYTHONDONTWRITEBYTECODE": "1",
    # Vercel's functions run on Lambda, whose variables it calls reserved: whoever finds them is not yet on Lambda.
    "AWS_LAMBDA_FUNCTION_NAME": "vercel",
    "AWS_REGION": "us-east-1",
}


class StartFailed(Exception):
    """The function did not start; the message says why, as far as the bridge does."""


class Instance:
    """One process that serves one function."""

    def __init__(self, directory: Path, python: Path, environment: Mapping[str, str]) -> None:
        """`directory`: where the function is laid out. Returns when it serves. Raises StartFailed."""
        self.messages: list[dict[str, Any]] = []
        """What the bridge has told the platform, in order."""
        self._changed = threading.Condition()
        self._closed = False
        with tempfile.TemporaryDirectory(prefix="vercel-ipc-") as folder, socket.socket(socket.AF_UNIX) as listener:
            path = f"{folder}/socket"
            listener.bind(path)
            listener.listen()
            listener.settimeout(START_SECONDS)
            self._output = directory.with_suffix(".log")
            self.started = time.monotonic()
            """When the process was started, by `time.monotonic`."""
            with self._output.open("ab") as output:
                self._process = subprocess.Popen(
                    [python, "-S", "-c", "import vc__handler__python"],
                    cwd=directory,
                    env={**PLATFORM_ENVIRONMENT, **environment, "VERCEL_IPC_PATH": path},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            try:
                self._start(listener)
            except BaseException:
                self.stop()
                raise

    def _start(self, listener: socket.socket) -> None:
        # Should the process end before it connects, nobody would: so its end is waited for as well.
        threading.Thread(target=self._connect_when_dead, args=(listener.getsockname(),), daemon=True).start()
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            raise StartFailed(f"no word from the function in {START_SECONDS} s: {self.log}") from None
        threading.Thread(target=self._read, args=(connection,), daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self.messages or self._closed, START_SECONDS)
        started = next((message for message in self.messages if message["type"] == "server-started"), None)
        if started is None:
            raise StartFailed(f"{self.messages} {self.log}")
        self.port: int = started["payload"]["httpPort"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.init_duration: int = started["payload"]["initDuration"]
        """Milliseconds from the start of Python code to readiness."""
        self.user_init_duration: int = started["payload"]["userInitDuration"]
        """Milliseconds of it that importing the project's file took."""

    def _connect_when_dead(self, path: str) -> None:
        self._process.wait()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as waker:
            waker.connect(path)

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            rest = b""
            while part := stream.read1():
                *whole, rest = (rest + part).split(b"\0")
                with self._changed:
                    self.messages += map(json.loads, whole)
                    self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def log(self) -> str:
        """Everything the function has printed or logged."""
        sent = [message["payload"]["message"] for message in self.messages if message["type"] == "log"]
        return "".join(base64.b64decode(text).decode() for text in sent) + self._output.read_text()

    def wait_ended(self, invocations: int, timeout: float = 10.0) -> None:
        """Wait until so many invocations have ended. Raises TimeoutError."""

        def ended() -> int:
            return sum(message["type"] == "end" for message in self.messages)

        with self._changed:
            if not self._changed.wait_for(lambda: ended() >= invocations, timeout):
                raise TimeoutError(f"{ended()} of {invocations} invocations ended in {timeout} s")

    def wait_logged(self, text: str, timeout: float = 10.0) -> None:
        """Wait until `text` stands in the log: a line may come after the answer that it tells of. TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: text in self.log, timeout):
                raise TimeoutError(f"{text} was not logged in {timeout} s: {self.log}")

    def terminate(self) -> None:
        """Tell the process to end. The platform then kills it after half a second."""
        self._process.terminate()

    def stop(self) -> None:
        """End the process, as the platform may at any time between two requests."""
        self.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def serve(function: Function, environment: Mapping[str, str] | None = None) -> Iterator[Instance]:
    """Run `function` in a fresh process, with `environment` as the deployer's variables. Raises StartFailed."""
    with tempfile.TemporaryDirectory(prefix="vercel-instance-") as folder:
        task = Path(folder, "task")
        function.lay_out(task)
        places = {"HOME": folder, "LAMBDA_TASK_ROOT": str(task)}
        instance = Instance(task, function.python, places | function.config["environment"] | dict(environment or {}))
        try:
            yield instance
        finally:
            instance.stop()
