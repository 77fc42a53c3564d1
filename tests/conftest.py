"""What most tests stand on: the stand-in upstream, and the bundle that talks to it."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.platforms import shared
from tests.upstream import Account, StandIn

# How long an example takes on a machine that is busy with other tests says nothing.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

FIRST = {"test_lambda.py", "test_vercel.py"}
"""They take longest, and make the builds that others use: those would wait, if they began at the same time."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The event loop of tests that are coroutines."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="also the minutes of chaos, and a broken build for each promise"
    )
    parser.addoption("--platforms", action="store_true", help="also the platforms' tools that take minutes")


def pytest_configure() -> None:
    shared.folder()  # Made here, the workers of pytest-xdist inherit it.


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """What is long may be another in each process (a token, a time); a test's name must not be."""
    is_text = isinstance(val, str | bytes)
    is_words = isinstance(val, str) and " " in val
    return argname if is_text and len(val) > (64 if is_words else 24) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for option, marker in (("--soak", "soak"), ("--platforms", "minutes")):
        if not config.getoption(option):
            items[:] = [item for item in items if item.get_closest_marker(marker) is None]
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: half of the time tests wait."""
    return (os.cpu_count() or 1) + 1


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


@pytest.fixture(scope="session")
def platform_stand_in() -> Iterator[Platform]:
    with Platform() as platform:
        yield platform


@pytest.fixture
def platform(platform_stand_in: Platform) -> Iterator[Platform]:
    """The stand-in for the open platform, as if new."""
    yield platform_stand_in
    platform_stand_in.reset()


@pytest.fixture(scope="session")
def both(stand_in: StandIn, platform_stand_in: Platform) -> Iterator[Bundle]:
    """A bundle that knows both upstreams."""
    environ = {
        "GLM_CHATGLM_URL": stand_in.url,
        "GLM_PLATFORM_URL": platform_stand_in.url,
        "GLM_ALLOW_PRIVATE_URLS": "1",
    }
    with serve(environ) as bundle:
        yield bundle
