"""The key: pasted, checked, folded away, and kept only where that was asked for."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import violations
from tests.browser.visitor import Visitor
from tests.bundle import Bundle, serve
from tests.upstream import Account, StandIn

pytestmark = pytest.mark.browser

ACCESS_KEY = "letmein"


def checked(visitor: Visitor) -> str:
    """What a check finds wrong."""
    with visitor.page.expect_response("**/token/check"):
        visitor.button("Check").click()
    expect(visitor.key.get_by_role("alert")).to_be_visible()
    return visitor.key.get_by_role("alert").inner_text()


def test_it_is_checked_when_it_is_pasted_and_folded_when_it_is_good(visitor: Visitor, account: Account) -> None:
    visitor.paste(account)
    year = (datetime.now().astimezone() + timedelta(days=180)).year
    expect(visitor.key).to_contain_text("✓ until ")
    expect(visitor.key).to_contain_text(f"{year} · Change")
    assert visitor.key.evaluate("(node) => node.offsetHeight") < 40, "one line"
    expect(visitor.token).to_have_count(0)
    expect(visitor.message).to_be_focused()


def test_enter_checks_it(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    visitor.token.press("Enter")
    expect(visitor.key).to_contain_text("✓ until")


def test_the_verdict_goes_when_the_key_changes(visitor: Visitor, account: Account) -> None:
    visitor.bring("something-else")
    assert "no ChatGLM token" in checked(visitor)
    visitor.token.fill("something-else-again")
    expect(visitor.key.get_by_role("alert")).to_have_count(0)

    visitor.token.fill("")
    visitor.paste(account)
    expect(visitor.key).to_contain_text("✓ until")
    visitor.button("Change the key").click()
    expect(visitor.token).to_be_focused()
    expect(visitor.token).to_have_value(account.refresh_token)
    visitor.button("Cancel").click()
    expect(visitor.key).to_contain_text("✓ until")
    visitor.button("Change the key").click()
    visitor.token.press_sequentially("x")
    expect(visitor.button("Cancel")).to_have_count(0)
    expect(visitor.key).not_to_contain_text("✓")


def test_it_has_expired(visitor: Visitor, account: Account) -> None:
    visitor.bring(account.expired_refresh_token())
    assert "has expired, or a newer one" in checked(visitor)


def test_it_is_refused(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    account.kill()
    assert "has expired, or a newer one" in checked(visitor)


def test_it_is_a_visitors(visitor: Visitor, upstream: StandIn) -> None:
    visitor.bring(upstream.account(guest="answered"))
    assert "visitor’s token" in checked(visitor)


def test_it_lasts_a_day(visitor: Visitor, account: Account) -> None:
    visitor.paste(account.access_token())
    expect(visitor.key).to_contain_text("access token, until ")


def test_an_api_key_of_the_open_platform_has_no_date(visitor: Visitor) -> None:
    visitor.page.route("**/token/check", lambda route: route.fulfill(json={"live": True, "kind": "api_key"}))
    visitor.paste("0123456789abcdef.secret")
    expect(visitor.key).to_contain_text("✓ API key accepted")


@pytest.mark.parametrize("form", ["chatglm_refresh_token={};", "Bearer {}", "  {}\n", "“{}”"])
def test_what_was_copied_with_it_is_left_out(visitor: Visitor, account: Account, form: str) -> None:
    visitor.paste(form.format(account.refresh_token))
    expect(visitor.key).to_contain_text("✓ until")


def test_a_failed_check_is_told(visitor: Visitor, account: Account, upstream: StandIn) -> None:
    upstream.fail("refresh", status=503, times=None)
    visitor.bring(account)
    visitor.button("Check").click()
    expect(visitor.key.get_by_role("alert")).to_have_text("The service failed, or cannot be reached.")


@pytest.mark.parametrize("act", [lambda visitor: visitor.ask("Hello"), lambda visitor: visitor.button("Check").click()])
def test_without_one_the_page_asks_for_it(visitor: Visitor, act: Callable[[Visitor], None]) -> None:
    act(visitor)
    expect(visitor.page.get_by_role("alert").filter(has_text="Paste your key first.")).to_be_visible()
    expect(visitor.token).to_be_focused()


def test_a_key_that_an_answer_refuses_is_asked_for_again(visitor: Visitor, account: Account) -> None:
    visitor.paste(account)
    expect(visitor.key).to_contain_text("✓ until")
    body = {"error": {"message": "The service refuses this token.", "code": "invalid_api_key"}}
    visitor.page.route("**/v1/chat/completions", lambda route: route.fulfill(status=401, json=body))
    visitor.ask("Hello")
    expect(visitor.error).to_contain_text("The key is refused")
    expect(visitor.token).to_be_visible()


def test_it_is_not_kept_unasked(user: Visitor) -> None:
    user.hear("Hello")
    user.button("中文").click()
    assert user.page.evaluate("Object.keys(localStorage)") == []
    other = Visitor(user.page.context.new_page(), user.url)
    other.open()
    expect(other.token).to_have_value("")


def test_it_is_kept_where_that_is_asked(visitor: Visitor, account: Account) -> None:
    visitor.page.get_by_label("Keep it in this browser").check()
    visitor.paste(account)
    expect(visitor.key).to_contain_text("✓ until")
    visitor.open()
    expect(visitor.key).to_contain_text("✓ until")
    visitor.hear("Hello")

    visitor.button("Change the key").click()
    visitor.page.get_by_label("Keep it in this browser").uncheck()
    assert visitor.page.evaluate("Object.keys(localStorage)") == []


def test_it_is_not_shown(user: Visitor, account: Account) -> None:
    expect(user.token).to_have_attribute("type", "password")
    assert account.refresh_token not in user.page.locator("body").inner_text()
    assert account.refresh_token not in user.example("curl")
    assert account.refresh_token not in "".join(user.visited)


@pytest.fixture
def shared(stand_in: StandIn) -> Iterator[Bundle]:
    """A deployment with accounts of its own, two of three alive, and an access key for them."""
    tokens = [stand_in.account(dead=dead).refresh_token for dead in (False, True, False)]
    environ = {"GLM_CHATGLM_URL": stand_in.url, "GLM_TOKENS": ",".join(tokens), "GLM_ACCESS_KEYS": ACCESS_KEY}
    with serve(environ) as bundle:
        yield bundle


def test_a_deployment_with_accounts_of_its_own_asks_for_its_access_key(
    visit: Callable[..., Visitor], shared: Bundle
) -> None:
    visitor = visit(at=shared)
    field = visitor.page.get_by_label("Access key of this deployment")
    visitor.page.get_by_text("Where do I find it?").click()
    expect(visitor.key).to_contain_text("The owner of this deployment gives it to you.")
    expect(visitor.strip).to_contain_text("The API key is the access key.")
    field.fill("a wrong one")
    assert checked(visitor) == "This is not an access key of this deployment."
    field.fill(ACCESS_KEY)
    visitor.button("Check").click()
    expect(visitor.key).to_contain_text("✓ access key accepted · 2 of 3 accounts work")
    expect(visitor.message).to_be_focused()


def test_the_owner_sees_the_accounts(visit: Callable[..., Visitor], shared: Bundle) -> None:
    visitor = visit(at=shared)
    expect(visitor.page.get_by_role("tab", name="Accounts")).to_have_count(0)
    visitor.page.get_by_label("Access key of this deployment").fill(ACCESS_KEY)
    visitor.button("Check").click()
    expect(visitor.key).to_contain_text("✓")
    visitor.tab("Accounts")
    rows = visitor.panel.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("works")
    expect(rows.nth(1)).to_contain_text("does not work")
    expect(visitor.panel).to_contain_text("free")
    expect(visitor.panel).to_contain_text("no store (GLM_TOKEN_STORE)")
    assert visitor.panel.locator("input, textarea, select").count() == 0, "read-only"
    assert violations(visitor.page) == []


def test_each_of_several_keys_is_told(visitor: Visitor, account: Account, upstream: StandIn) -> None:
    dead = upstream.account(dead=True).refresh_token
    visitor.paste(f"{account.refresh_token},{dead}")
    expect(visitor.key).to_contain_text("✓ 1 of 2 accounts work")
    lines = visitor.key.locator(".accounts li")
    expect(lines.nth(0)).to_contain_text(f"✓ #1 …{account.refresh_token[-4:]}")
    expect(lines.nth(1)).to_contain_text(f"✗ #2 …{dead[-4:]}")


@pytest.mark.parametrize(
    ("pasted", "words"),
    [("eyJhbGciOi", "its end is missing"), ("sk-0123456789", "another service"), ("hello", "no ChatGLM token")],
)
def test_what_is_no_key_is_told_as_what_it_is(visitor: Visitor, pasted: str, words: str) -> None:
    visitor.bring(pasted)
    assert words in checked(visitor)


def test_a_whole_header_of_cookies_is_read(visitor: Visitor, account: Account) -> None:
    visitor.paste(f"a=b; chatglm_refresh_token={account.refresh_token}; chatglm_token=x")
    expect(visitor.key).to_contain_text("✓ until")


def test_a_token_near_its_end_is_no_plain_tick(visitor: Visitor) -> None:
    answer = {"live": True, "kind": "refresh", "expires_at": int(time.time()) + 5 * 86400 + 60, "points": 12}
    visitor.page.route(
        "**/token/check",
        lambda route: route.fulfill(
            json={**answer, **({"claimed": True} if "claim" in route.request.post_data else {})}
        ),
    )
    visitor.paste("eyJa.b.c")
    expect(visitor.key).to_contain_text("5 days left")
    expect(visitor.key).not_to_contain_text("✓")
    expect(visitor.key).to_contain_text("12 points left")
    visitor.button("Take today’s points").click()
    expect(visitor.key).to_contain_text("today’s points taken")


def test_settings_that_cannot_work_are_told_at_once(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    headers = {"x-deployment": "misconfigured", "x-version": "2.0.0"}
    visitor.page.route("**/ping", lambda route: route.fulfill(body="pong", headers=headers))
    visitor.open()
    expect(visitor.key).to_have_text(
        "The settings of this deployment cannot work. Its owner finds the reason in the log."
    )
