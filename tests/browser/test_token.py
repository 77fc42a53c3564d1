"""The token: pasted, checked, and kept only where that was asked for."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, StandIn

pytestmark = pytest.mark.browser


def checked(visitor: Visitor) -> str:
    """What a check finds."""
    with visitor.page.expect_response("**/token/check"):
        visitor.button("Check").click()
    status = visitor.page.locator("#token-form").get_by_role("status")
    expect(status).not_to_have_text("Checking…")
    return status.inner_text()


def test_it_works_and_until_when(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    year = (datetime.now().astimezone() + timedelta(days=180)).year
    assert checked(visitor).startswith("The token works until ")
    assert checked(visitor).endswith(f"{year}.")


def test_enter_checks_it(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    visitor.token.press("Enter")
    expect(visitor.page.get_by_text("The token works until")).to_be_visible()


def test_it_has_expired(visitor: Visitor, account: Account) -> None:
    visitor.bring(account.expired_refresh_token())
    assert "expired or was replaced" in checked(visitor)


def test_it_is_refused(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    account.kill()
    assert "expired or was replaced" in checked(visitor)


def test_it_is_a_visitors(visitor: Visitor, upstream: StandIn) -> None:
    visitor.bring(upstream.account(guest="answered"))
    assert "visitor’s" in checked(visitor)


def test_it_lasts_a_day(visitor: Visitor, account: Account) -> None:
    visitor.bring(account.access_token())
    assert "which lasts a day" in checked(visitor)


def test_it_is_none(visitor: Visitor) -> None:
    visitor.bring("sk-something-else")
    assert "not a ChatGLM token" in checked(visitor)


@pytest.mark.parametrize("form", ["chatglm_refresh_token={};", "Bearer {}", "  {}\n", "“{}”"])
def test_what_was_copied_with_it_is_left_out(visitor: Visitor, account: Account, form: str) -> None:
    visitor.bring(form.format(account.refresh_token))
    assert "The token works" in checked(visitor)


def test_a_failed_check_is_told(visitor: Visitor, account: Account, upstream: StandIn) -> None:
    upstream.fail("refresh", status=503, times=None)
    visitor.bring(account)
    visitor.button("Check").click()
    expect(visitor.page.locator("#token-form").get_by_role("alert")).to_contain_text("service")


@pytest.mark.parametrize("act", [lambda visitor: visitor.ask("Hello"), lambda visitor: visitor.button("Check").click()])
def test_without_one_the_page_asks_for_it(visitor: Visitor, act: Callable[[Visitor], None]) -> None:
    act(visitor)
    expect(visitor.page.get_by_role("alert").filter(has_text="Paste a token first.")).to_be_visible()
    expect(visitor.token).to_be_focused()


def test_it_is_not_kept_unasked(user: Visitor) -> None:
    checked(user)
    user.hear("Hello")
    user.button("中文").click()
    assert user.kept() == {}
    user.open()
    expect(user.token).to_have_value("")


def test_it_is_kept_where_that_is_asked(user: Visitor, account: Account) -> None:
    keep = user.page.get_by_label("Keep it in this browser")
    keep.check()
    user.open()
    expect(user.token).to_have_value(account.refresh_token)
    expect(keep).to_be_checked()
    user.hear("Hello")

    keep.uncheck()
    assert user.kept() == {}


def test_it_is_not_shown(user: Visitor, account: Account) -> None:
    expect(user.token).to_have_attribute("type", "password")
    assert account.refresh_token not in user.page.locator("body").inner_text()
    assert account.refresh_token not in user.example("curl")
    assert account.refresh_token not in "".join(user.visited)
