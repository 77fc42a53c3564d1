"""A browser for all of these tests, and visitors who use it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import chromium
from tests.browser.visitor import Visitor
from tests.bundle import Bundle
from tests.upstream import Account, StandIn

TIMEOUT = 15_000
"""Milliseconds until something that should happen on the page must have happened."""

expect.set_options(timeout=TIMEOUT)


# Not for the whole session: Playwright's event loop would stand in the way of tests that run one of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        with chromium.launch() as browser:
            yield browser
    except chromium.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"a browser is needed on CI: {reason}")
        pytest.skip(str(reason))


@pytest.fixture
def visit(browser: Browser, bundle: Bundle, upstream: StandIn) -> Iterator[Callable[..., Visitor]]:
    """Open the page as a new visitor, of another deployment where one is named (`at`); for the options see
    `Browser.new_context`.

    No visitor may have met a fault of the page, and none's browser may have asked anybody but the deployment.
    """
    visitors: list[Visitor] = []
    with ExitStack() as contexts:

        def visit(query: str = "", at: Bundle | None = None, **options: Any) -> Visitor:
            context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 720}, **options})
            contexts.callback(context.close)
            context.set_default_timeout(TIMEOUT)
            visitor = Visitor(context.new_page(), (at or bundle).url)
            visitors.append(visitor)
            visitor.open(query)
            return visitor

        yield visit
        for visitor in visitors:
            assert visitor.faults == []
            assert [url for url in visitor.elsewhere() if not url.startswith(visitor.may_ask)] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody who has just opened the page."""
    return visit()


@pytest.fixture
def user(visitor: Visitor, account: Account) -> Visitor:
    """Somebody who has pasted a token, too."""
    visitor.bring(account)
    return visitor
