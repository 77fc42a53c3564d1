"""The processes that a benchmark needs: the upstream, and the servers that are measured."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench import client
from tests.upstream import Account

if TYPE_CHECKING:
    from bench.measured import Used  # Importing it serves an app.

CHECKOUT = Path(__file__).parent.parent

BUNDLE = "api.index:app"
NAIVE = "bench.naive:app"


@contextmanager
def running(*command: str, **environ: str) -> Iterator[str]:
    """Run a Python module that prints its URL, and give the URL. It ends with the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GLM_")}
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=CHECKOUT, env=kept | environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    # Else a server that logs would stop when the pipe is full.
    drain = threading.Thread(target=lambda stream: [None for _ in stream], args=(process.stdout,), daemon=True)
    drain.start()
    try:
        yield url
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stdout.close()


@contextmanager
def upstream(*, tls: bool = False) -> Iterator[str]:
    """Run the upstream. With TLS, the URL's fragment is the path of the certificate that vouches for it."""
    with running("bench.upstream", *(["tls"] if tls else [])) as url:
        yield url


@contextmanager
def server(app: str, upstream_url: str, **environ: str) -> Iterator[str]:
    """Serve an app that asks the upstream, and that can be asked what it `used`."""
    place, _, certificate = upstream_url.partition("#")
    trusted = {"SSL_CERT_FILE": certificate} if certificate else {}
    environ |= {"BENCH_APP": app, "GLM_CHATGLM_URL": place, **trusted}
    with running("tests.serve", "bench.measured:app", **environ) as url:
        yield url


async def used(url: str, *, watch: bool = False) -> "Used":
    """What the server has used; `watch`: from now on how late its event loop is."""
    place = urlsplit(url)
    method = "POST" if watch else "GET"
    answer = await client.send(place.hostname or "", place.port or 0, method, "/_process", "")
    told: Used = json.loads(answer.body)
    return told


def tokens(count: int) -> list[str]:
    """Access tokens of so many accounts: one account generates one answer at a time."""
    return [Account(b"key").access_token() for _ in range(count)]
