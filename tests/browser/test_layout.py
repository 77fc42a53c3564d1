"""Where things are: the answer is seen without scrolling for it, on the screens that people have."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, StandIn, Text, Think

pytestmark = pytest.mark.browser

SCREENS = [(1280, 720), (1366, 768), (390, 844)]
LINES = [f"line {number}\n\n" for number in range(60)]

screens = pytest.mark.parametrize(("width", "height"), SCREENS)

type Visit = Callable[..., Visitor]


def looking_at(visit: Visit, width: int, height: int, **options: object) -> Visitor:
    return visit(viewport={"width": width, "height": height}, **options)


def is_at_the_end(log: Locator) -> bool:
    at: bool = log.evaluate("(log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2")
    return at


@screens
def test_after_send_the_first_line_of_the_answer_is_in_view(
    visit: Visit, upstream: StandIn, account: Account, width: int, height: int
) -> None:
    visitor = looking_at(visit, width, height)
    visitor.bring(account)  # The form of the key is not folded: there is less room than ever after.
    gate = Gate(after=1)
    upstream.script(Answer(Text("The very first line.\n\n", *LINES), gate=gate))
    visitor.ask("Tell me at length")
    expect(visitor.answer.get_by_text("The very first line.")).to_be_in_viewport(ratio=1)
    expect(visitor.button("Stop")).to_be_in_viewport(ratio=1)
    expect(visitor.message).to_be_in_viewport(ratio=1)

    gate.release()
    expect(visitor.answer.get_by_text("line 59")).to_be_in_viewport(ratio=1)
    expect(visitor.button("Send")).to_be_in_viewport(ratio=1)

    upstream.script(Answer(Think("Hm."), Text("The second answer.")))
    visitor.ask("And then?")
    expect(visitor.answer.get_by_text("The second answer.")).to_be_in_viewport(ratio=1)
    assert visitor.page.evaluate("scrollY") == 0, "the page itself does not scroll"


@screens
def test_all_of_the_page_is_in_view_when_it_opens(visit: Visit, width: int, height: int) -> None:
    visitor = looking_at(visit, width, height)
    for part in (visitor.token, visitor.button("Check"), visitor.message, visitor.button("Send")):
        expect(part).to_be_in_viewport(ratio=1)
    expect(visitor.panel.get_by_role("listitem").first).to_be_in_viewport(ratio=1)


@screens
def test_the_notice_is_one_line(visit: Visit, width: int, height: int) -> None:
    visitor = looking_at(visit, width, height)
    notice = visitor.page.locator(".notice")
    expect(notice.get_by_role("link")).to_have_attribute("href", "https://open.bigmodel.cn")
    for words, other in (("Not a public API", "中文"), ("非公开 API", "English")):
        expect(notice).to_contain_text(words)
        assert notice.evaluate("(node) => node.offsetHeight / parseFloat(getComputedStyle(node).lineHeight)") < 1.5
        visitor.button(other).click()


def test_the_view_follows_unless_the_reader_has_scrolled_up(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=40)
    upstream.script(Answer(Text(*LINES), gate=gate))
    user.ask("Tell me at length")
    expect(user.answer.get_by_text("line 39")).to_be_in_viewport()

    user.log.hover()
    user.page.mouse.wheel(0, -400)
    expect(user.button("Jump to latest")).to_be_visible()
    place = user.log.evaluate("(log) => log.scrollTop")
    gate.release(10)
    expect(user.answer.get_by_text("line 49")).to_be_attached()
    assert user.log.evaluate("(log) => log.scrollTop") == place

    user.button("Jump to latest").click()
    expect(user.button("Jump to latest")).to_be_hidden()
    gate.release()
    expect(user.answer.get_by_text("line 59")).to_be_in_viewport()
    assert is_at_the_end(user.log)


def test_what_is_sent_brings_the_reader_back_to_the_end(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text(*LINES)))
    user.hear("Tell me at length")
    user.log.evaluate("(log) => log.scrollTo(0, 0)")
    expect(user.button("Jump to latest")).to_be_visible()
    upstream.script(Answer(Text("Here.")))
    user.ask("Where?")
    expect(user.answer.get_by_text("Here.")).to_be_in_viewport()


def test_a_wide_screen_shows_the_strip_for_developers_beside_the_chat(visit: Visit) -> None:
    expect(looking_at(visit, 1280, 720).strip.get_by_text("Base URL", exact=True)).to_be_in_viewport()
    small = looking_at(visit, 390, 844)
    expect(small.strip).to_have_count(0)
    small.button("API").click()
    sheet = small.page.get_by_role("dialog", name="Use it from your own programs")
    expect(sheet.get_by_text("Base URL", exact=True)).to_be_in_viewport()
    small.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(small.button("API")).to_be_focused()


def test_fields_are_large_enough_that_phones_do_not_zoom(visit: Visit) -> None:
    visitor = looking_at(visit, 390, 844)
    visitor.button("Think").click()
    visitor.options()
    for tab in ("Video", "Pictures", "Chat"):
        visitor.tab(tab)
        sizes = visitor.page.locator("input:visible, textarea:visible, select:visible").evaluate_all(
            "(fields) => fields.map((field) => parseFloat(getComputedStyle(field).fontSize))"
        )
        assert sizes
        assert min(sizes) >= 16
