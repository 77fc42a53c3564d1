"""How much later a cold instance on Lambda has its token where a table remembers it, and not its own memory."""

import json
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from bench.table import Figure
from lib.store.seal import Sealer
from tests.platforms import aws

AT_MOST = 80.0
"""Milliseconds."""
TOKEN = "a-refresh-token"
STORES = {"memory": "memory:", "table": "dynamodb:glm-functions-dev"}

READ = f"""
import asyncio, sys
import api.v1.chat.completions
import httpx  # An instance calls the service over it, whatever remembers the token.
from lib.store import configured_store
from lib.store.entry import Entry

async def main():
    print(await Entry(configured_store(), "{TOKEN}").get(), flush=True)

asyncio.run(main())
"""


class _Table(BaseHTTPRequestHandler):
    """Answers every call with the token's item, at once: the service's own time is not counted."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    item = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(self.item)))
        self.end_headers()
        self.wfile.write(self.item)


@contextmanager
def _table() -> Iterator[str]:
    """Run the table, and give the URL of its endpoint."""
    sealed = b64encode(Sealer(TOKEN).seal(b"session " * 100)).decode()
    item = {"data": {"B": sealed}, "stamp": {"N": "1"}, "expires": {"N": "99999999999"}}
    _Table.item = json.dumps({"Item": item}).encode()
    with HTTPServer(("127.0.0.1", 0), _Table) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def remembered(rounds: int) -> Iterator[Figure]:
    """Milliseconds from starting the process until the token is there, and how many more they are with the table."""
    package = aws.package()
    with _table() as endpoint:
        took: dict[str, list[float]] = {name: [] for name in STORES}
        for _ in range(rounds):
            for name, setting in STORES.items():
                environ = {**package.environment("chat"), "AWS_ENDPOINT_URL": endpoint, "GLM_TOKEN_STORE": setting}
                took[name].append(_read(package, environ, found=name == "table"))
    section = "Lambda: a cold instance has its token"
    # The fastest of the rounds: whatever else the machine does meanwhile only adds.
    fastest = {name: min(seconds) * 1000 for name, seconds in took.items()}
    for name, milliseconds in fastest.items():
        yield Figure(section, f"from starting the process, by its {name}", milliseconds, "ms")
    yield Figure(section, "later by the table", fastest["table"] - fastest["memory"], "ms", at_most=AT_MOST)


def _read(package: aws.Package, environ: dict[str, str], *, found: bool) -> float:
    command = [str(package.python), "-c", READ]
    started = time.monotonic()
    done = subprocess.run(command, cwd=package.unpack("chat"), env=environ, capture_output=True, text=True, check=True)
    took = time.monotonic() - started
    assert done.stdout.startswith("b'session" if found else "None"), done.stdout + done.stderr
    return took
