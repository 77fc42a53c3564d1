"""The stand-in by itself, without the bundle."""

from collections.abc import Iterator

import httpx
import pytest

from tests.upstream import (
    StandIn,
)
from tests.upstream_tests.client import Client


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(server: StandIn) -> Iterator[StandIn]:
    yield server
    server.reset()


@pytest.fixture
def http(stand_in: StandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.url) as client:
        yield client


@pytest.fixture
def client(stand_in: StandIn, http: httpx.Client) -> Client:
    return Client(http, stand_in.account())
