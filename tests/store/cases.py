"""What several files of these tests use."""

import logging
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lib.store.seal import name_of
from lib.store.shared import SharedStore
from tests.store.backend import Backend

ROOT = Path(__file__).parent.parent.parent
NAME, OTHER = name_of("one token"), name_of("another token")
DAY = 86400.0
LONG = 60.0
"""Far longer than anything here takes, so that a busy machine fails no test; nothing waits for it where all is well."""


@asynccontextmanager
async def opened(
    backend: Backend, port: int | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[SharedStore]:
    """One instance's store."""
    store = backend.store(port, clock)
    try:
        yield store
    finally:
        await store.aclose()


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


def warning(kind: str) -> str:
    return f"The token store cannot be used ({kind}). Until it can, this instance relies on its own memory."


def python(code: str, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """An instance of its own, in another process."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
