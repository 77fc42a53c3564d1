"""The bundle as its users meet it: the whole app behind a real web server, in a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

CHECKOUT = Path(__file__).parent.parent
START_TIMEOUT = 30.0


@dataclass
class Bundle:
    """A running bundle."""

    url: str
    process: "subprocess.Popen[str]"
    output: list[str] = field(default_factory=list)
    """Every line that it has written."""
    written: threading.Condition = field(default_factory=threading.Condition)
    http: Any = field(default_factory=openai.DefaultHttpxClient)
    """The connections of all clients made here, closed with the bundle."""

    def client(self, key: str, **options: Any) -> openai.OpenAI:
        """The official client, without retries of its own."""
        return openai.OpenAI(
            api_key=key, base_url=f"{self.url}/v1", http_client=self.http, **{"max_retries": 0, **options}
        )

    def read(self, lines: Iterable[str]) -> None:
        """Take what it writes, to the end."""
        for line in lines:
            with self.written:
                self.output.append(line)
                self.written.notify_all()

    def logged(self, request_id: str) -> dict[str, Any]:
        """The log's line of one request, once it is there."""

        def find() -> dict[str, Any] | None:
            requests = (line for line in self.log() if line["message"] == "request")
            return next((line for line in requests if line["request_id"] == request_id), None)

        with self.written:
            line = self.written.wait_for(find, START_TIMEOUT)
        assert line is not None, f"nothing was logged of {request_id}"
        return line

    def log(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.output if line.startswith("{")]


@contextmanager
def serve(environ: Mapping[str, str], app: str = "api.index:app", port: int = 0) -> Iterator[Bundle]:
    """Run the bundle with these settings on a port of 127.0.0.1, a free one where none is named."""
    command = [sys.executable, "-m", "tests.serve", app, str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GLM_")}
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env={**kept, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        output: list[str] = []
        while not (line := process.stdout.readline()).startswith("http://"):
            output.append(line)
            if not line:
                raise RuntimeError(f"the bundle did not start: {''.join(output)}")
        bundle = Bundle(line.strip(), process, output)
        reader = threading.Thread(target=bundle.read, args=(process.stdout,), daemon=True)
        reader.start()
        with bundle.http:
            yield bundle
        process.terminate()
        process.wait(START_TIMEOUT)
        reader.join(START_TIMEOUT)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
