"""The page keeps work: over a reload, beside another tab, in several chats."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, StandIn, Text

pytestmark = pytest.mark.browser


def reload(visitor: Visitor) -> None:
    visitor.page.reload()
    expect(visitor.composer).to_be_visible()


def test_a_reload_loses_nothing(user: Visitor, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("One ", "two."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One ")
    user.message.fill("And then?")
    reload(user)
    gate.release()
    expect(user.answer).to_have_text("One ")
    expect(user.page.locator("article.you")).to_contain_text("Count")
    expect(user.message).to_have_value("And then?")
    expect(user.key).to_contain_text("✓ until")
    upstream.script(Answer(Text("two.")))
    user.button("Go on").click()
    expect(user.answer).to_have_text("One two.")


def test_a_refused_key_is_not_kept(user: Visitor, account: Account) -> None:
    account.kill()
    user.button("Check").click()
    expect(user.key.get_by_role("alert")).to_be_visible()
    assert not any(account.refresh_token in value for value in user.kept().values())


def test_pictures_and_the_tab_are_there_after_a_reload(user: Visitor, upstream: StandIn) -> None:
    user.may_ask = (upstream.url,)
    user.tab("Pictures")
    user.composer.fill("A cat")
    user.button("Draw").click()
    expect(user.panel.get_by_role("img")).to_have_count(1)
    assert user.page.url.endswith("#pictures")
    reload(user)
    expect(user.panel.get_by_role("img")).to_have_count(1)
    user.page.evaluate("location.hash = 'videos'")
    expect(user.panel).to_have_accessible_name("Video")


def test_several_chats_and_one_comes_back(user: Visitor, upstream: StandIn) -> None:
    for words in ("I am Ann", "I am Ben"):
        upstream.script(Answer(Text(f"Hello {words[-3:]}.")))
        user.hear(words)
        user.button("New chat").click()
        expect(user.answers).to_have_count(0)
    user.button("Chats").click()
    listed = user.page.get_by_role("group", name="Chats").get_by_role("listitem")
    expect(listed).to_contain_text(["I am Ben", "I am Ann"])
    listed.get_by_role("button", name="I am Ann", exact=True).click()
    expect(user.answer).to_have_text("Hello Ann.")
    user.button("Chats").click()
    user.button("Delete: I am Ann").click()
    expect(user.answers).to_have_count(0)
    user.page.keyboard.press("Escape")
    user.button("Undo").click()
    expect(user.answer).to_have_text("Hello Ann.")
    reload(user)
    expect(user.answer).to_have_text("Hello Ann.")
    user.button("Chats").click()
    expect(listed).to_have_count(2)


def test_two_tabs_do_not_lose_each_others_words(user: Visitor, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hello.")))
    user.hear("I am Ann")
    user.options().get_by_label("Keep my chats in this browser").check()
    other = Visitor(user.page.context.new_page(), user.url)
    other.open()
    expect(other.answer).to_have_text("Hello.")
    other.bring(account)
    for visitor, words in ((user, "First tab"), (other, "Second tab")):
        upstream.script(Answer(Text(f"{words}.")))
        visitor.hear(words)
    third = Visitor(user.page.context.new_page(), user.url)
    third.open()
    kept = "".join(third.kept().values())
    assert "First tab." in kept
    assert "Second tab." in kept


def test_a_link_brings_a_key_and_leaves_no_trace_of_it(visitor: Visitor, account: Account) -> None:
    visitor.page.goto("about:blank")
    visitor.open(f"?lang=en#key={account.refresh_token}")
    expect(visitor.key).to_contain_text("✓ until")
    assert account.refresh_token not in visitor.page.url


def test_a_phone_with_its_keyboard_open_has_room_for_the_text(visit: Callable[..., Visitor]) -> None:
    visitor = visit(viewport={"width": 390, "height": 400}, is_mobile=True, has_touch=True)

    def room(page: Page) -> int:
        height: int = page.evaluate("document.querySelector('.scroller').clientHeight")
        return height

    before = room(visitor.page)
    visitor.composer.focus()
    assert room(visitor.page) > max(before, 220)


def test_what_is_pressed_or_selected_is_seen_in_forced_colours(visit: Callable[..., Visitor]) -> None:
    visitor = visit(forced_colors="active")
    colour = "(node) => getComputedStyle(node).backgroundColor"
    tabs = visitor.page.get_by_role("tab")
    assert tabs.nth(0).evaluate(colour) != tabs.nth(1).evaluate(colour)
    tools = visitor.page.locator(".tool[aria-pressed]")
    assert tools.nth(0).evaluate(colour) != tools.nth(1).evaluate(colour)
