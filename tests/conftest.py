"""What most tests stand on: the stand-in upstream, and the bundle that talks to it."""

from collections.abc import Iterator

import pytest

from tests.bundle import Bundle, serve
from tests.platforms import shared
from tests.upstream import Account, StandIn


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops that people run the bundle on, for tests that are coroutines."""
    return "asyncio", {"use_uvloop": request.param}


def pytest_configure() -> None:
    shared.folder()  # Made here, the workers of pytest-xdist inherit it.


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value may be another in each process (a token, a time); a test's name must not be."""
    return argname if isinstance(val, str | bytes) and len(val) > 24 else None


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def upstream(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in, as if new."""
    yield stand_in
    stand_in.reset()


@pytest.fixture
def account(upstream: StandIn) -> Account:
    return upstream.account()


@pytest.fixture(scope="session")
def bundle(stand_in: StandIn) -> Iterator[Bundle]:
    """One bundle for all tests that need no settings of their own."""
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_ALLOW_PRIVATE_URLS": "1"}) as bundle:
        yield bundle
