"""The shared stores of both kinds, and memory: what each test gets."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from lib.store import Store, open_store
from tests.store.backend import KINDS, Backend, run


class Servers(dict[str, Backend]):
    """The servers that run, each from the first time it is needed until `stack` is closed."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __missing__(self, kind: str) -> Backend:
        self[kind] = run(kind, self._stack)
        return self[kind]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A running, empty store that instances share."""
    found = servers[request.param]
    found.clear()
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture(params=KINDS)
def own_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """One that a test may stop and start; it comes back empty."""
    with ExitStack() as stack:
        yield run(request.param, stack)


@pytest.fixture(params=["memory", *KINDS])
async def store(
    request: pytest.FixtureRequest, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """A store of each kind, as its setting opens it."""
    url = "memory:"
    if request.param != "memory":
        found = servers[request.param]
        found.clear()
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        url = found.url
    opened = open_store(url)
    yield opened
    await opened.aclose()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "glm")
    return caplog
