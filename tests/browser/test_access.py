"""The page for everybody: by keyboard, by screen reader, on a small screen, by night, in either language."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import node
from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, Search, Source, StandIn, Text, Think, media

pytestmark = pytest.mark.browser

EVERYTHING = """# A heading

Some **bold**, *italic* and ~~struck~~ text, `code`, [a link](https://x.example/) and
https://x.example/a/very/long/address/that/does/not/fit/into/a/narrow/window/at/all?and=its&query=neither

1. one
   - nested
2. two

> a quotation

| a table | with | quite | a | few | columns | in | it |
|---|---|---|---|---|---|---|---|
| 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |

```python
print("a line of code that is longer than a narrow window is wide, so that it has to be scrolled")
```

Inline $E = mc^2$ and

$$\\int_0^1 a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w = 1$$

- [x] a task, and a source [1](https://x.example/all)

![A cat](https://x.example/cat.png)

Averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongword
"""


def fill(visitor: Visitor, upstream: StandIn, account: Account) -> None:
    """Bring the page into a state in which it shows nearly all that it can show. Works in both languages."""
    visitor.may_ask = (upstream.url,)
    page = visitor.page
    page.locator(".key summary").click()
    page.locator(".key input[type=password]").fill(account.refresh_token)
    page.locator(".key button").first.click()
    expect(page.locator(".key .good")).to_contain_text("20")

    visitor.drop(("cat.png", "image/png", media.picture(1, kind="PNG")), ("note.txt", "text/plain", b"Buy milk."))
    expect(page.locator(".composer .files li")).to_have_count(2)
    for _ in range(2):
        page.locator(".composer .files button").first.click()
    visitor.drop(("note.txt", "text/plain", b"Buy milk."))
    page.locator(".tool[aria-pressed=false]").click()
    visitor.composer.fill("What is this? " + "Averylongword" * 10)
    sources = Search("cats", Source("All of cats", "https://x.example/all"))
    upstream.script(Answer(Think("Hm."), sources, Text(*EVERYTHING.splitlines(keepends=True))))
    visitor.composer.press("Enter")
    expect(page.locator(".answer .sources a")).to_be_visible()
    expect(page.locator(".answer math")).to_have_count(2)
    expect(page.locator(".answer .hljs-string")).to_have_count(1)
    page.locator(".answer .thoughts summary").click()

    upstream.fail("chat", code=10001, message="内部错误")
    visitor.composer.fill("Again")
    visitor.composer.press("Enter")
    page.locator(".answer .failure summary").click()

    page.locator("#pictures-tab").click()
    visitor.composer.fill("A cat")
    page.locator(".go").click()
    expect(page.locator(".drawing img")).to_have_count(1)

    page.locator("#videos-tab").click()
    visitor.composer.fill("A cat")
    page.locator(".go").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.drop(("cat.png", "image/png", media.picture(1, kind="PNG")))


def each_state(page: Page) -> Iterator[str]:
    """Show one after the other what can be opened."""
    for tab in ("videos", "pictures", "chat"):
        page.locator(f"#{tab}-tab").click()
        yield tab
    for place in range(page.locator(".popover > button").count()):
        page.locator(".popover > button").nth(place).click()
        yield f"popover {place}"
        page.keyboard.press("Escape")
    page.locator("#pictures-tab").click()
    page.locator(".picture").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()  # Before that, Escape means nothing.
    yield "larger picture"
    page.keyboard.press("Escape")
    if (button := page.locator("header .row button").first) and page.locator("header .row button").count() > 1:
        button.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        yield "strip"
        page.keyboard.press("Escape")


def violations(page: Page) -> list[str]:
    """What axe finds, all of its rules, with the elements."""
    axe = (node.modules("axe") / "axe-core" / "axe.min.js").read_text()
    page.evaluate(f"() => {{ if (window.axe) return; {axe}; window.axe = axe; }}")
    found = page.evaluate(
        """async () => {
            const { violations } = await axe.run(document, { rules: { "target-size": { enabled: true } } });
            return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
        }"""
    )
    return list(found)


@pytest.mark.platform
@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("en-GB", "light", 1280), ("zh-CN", "dark", 1280), ("en-GB", "dark", 390)]
)
def test_axe_finds_nothing(
    visit: Callable[..., Visitor], upstream: StandIn, account: Account, locale: str, scheme: str, width: int
) -> None:
    visitor = visit(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(visitor.page) == []
    fill(visitor, upstream, account)
    for state in each_state(visitor.page):
        assert violations(visitor.page) == [], state


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_is_wider_than_a_small_screen(
    visit: Callable[..., Visitor], upstream: StandIn, account: Account, locale: str
) -> None:
    visitor = visit(locale=locale, viewport={"width": 360, "height": 740})
    fill(visitor, upstream, account)
    for state in each_state(visitor.page):
        wide = "[...document.querySelectorAll('#app *')].filter((one) => one.getBoundingClientRect().right > 361)"
        inside = ".filter((one) => !one.closest('pre, .table, .formula, math, .hidden')).map((one) => one.outerHTML)"
        assert visitor.page.evaluate("document.scrollingElement.scrollWidth") == 360, state
        assert visitor.page.evaluate(wide + inside) == [], state


def test_all_of_it_by_keyboard(visitor: Visitor, upstream: StandIn, account: Account) -> None:
    keyboard = visitor.page.keyboard

    def walk_to(role: str, name: str) -> None:
        wanted = visitor.page.get_by_role(role, name=name)  # type: ignore[arg-type]
        for _ in range(60):
            keyboard.press("Tab")
            focus = visitor.page.locator(":focus")
            if not focus.count():  # Between the end of the page and its beginning.
                continue
            outlines = focus.evaluate(
                """(node) => [node, node.closest('label') ?? node, node.closest('.composer') ?? node].map(
                    (one) => getComputedStyle(one).outlineColor + getComputedStyle(one).outlineStyle)"""
            )
            seen = [outline for outline in outlines if "none" not in outline and "rgba(0, 0, 0, 0)" not in outline]
            assert seen, f"nobody sees that the focus is on {focus.evaluate('node => node.outerHTML')}"
            if wanted.evaluate("(node) => node === document.activeElement"):
                return
        raise AssertionError(f"Tab does not lead to {name}")

    walk_to("textbox", "ChatGLM token")
    keyboard.insert_text(account.refresh_token)
    walk_to("button", "Check")
    keyboard.press("Enter")
    expect(visitor.key).to_contain_text("✓ until")
    expect(visitor.message).to_be_focused()

    gate = Gate(after=1)
    upstream.script(Answer(Text("One ", "two."), gate=gate))
    keyboard.type("Count")
    walk_to("button", "Send")
    keyboard.press("Space")
    expect(visitor.answer).to_have_text("One ")
    expect(visitor.message).to_be_focused()
    walk_to("button", "Stop")
    keyboard.press("Space")
    expect(visitor.status).to_have_text("Stopped.")
    upstream.wait_for(lambda: not upstream.conversations(account))

    walk_to("button", "Model: ")
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.press("ArrowDown")
    keyboard.press("Escape")
    expect(visitor.page.get_by_role("button", name="Model: glm-5.3")).to_be_focused()

    upstream.script(Answer(Text("two.")))
    walk_to("button", "Go on")
    keyboard.press("Enter")
    expect(visitor.answer).to_have_text("One two.")
    walk_to("button", "New chat")
    keyboard.press("Enter")
    expect(visitor.message).to_be_focused()

    visitor.page.get_by_role("tab", name="Chat").focus()
    for key, name in (
        ("ArrowRight", "Pictures"),
        ("ArrowRight", "Video"),
        ("ArrowRight", "Chat"),
        ("ArrowLeft", "Video"),
    ):
        keyboard.press(key)
        expect(visitor.page.get_by_role("tab", name=name, selected=True)).to_be_focused()
    expect(visitor.panel).to_have_accessible_name("Video")


def test_a_screen_reader_is_told_how_it_goes_and_not_every_word(user: Visitor, upstream: StandIn) -> None:
    expect(user.page.get_by_role("log")).to_have_attribute("aria-live", "off")
    gate = Gate(after=1)
    upstream.script(Answer(Text(*("word " * 20).split(" ")), gate=gate))
    user.page.evaluate(
        """() => {
            window.told = [];
            const status = document.querySelector("#chat-panel > [role=status]");
            const note = () => window.told.push(status.textContent);
            new MutationObserver(note).observe(status, { childList: true, characterData: true, subtree: true });
        }"""
    )
    user.ask("Hello")
    expect(user.status).to_have_text("Writing…")
    gate.release()
    expect(user.status).to_have_text("The answer is complete.")
    assert user.page.evaluate("told") == ["Thinking…", "Writing…", "The answer is complete."]


@pytest.mark.parametrize(
    ("locale", "language", "heading"),
    [
        ("en-GB", "en", "GLM functions"),
        ("zh-CN", "zh-CN", "GLM 云函数"),
        ("zh-TW", "zh-CN", "GLM 云函数"),
        ("fr-FR", "en", "GLM functions"),
    ],
)
def test_it_speaks_the_browsers_language(
    visit: Callable[..., Visitor], locale: str, language: str, heading: str
) -> None:
    visitor = visit(locale=locale)
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(visitor.page).to_have_title(heading)


def test_the_language_is_switched_and_stays_so(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Text("Hello.")))
    user.hear("Hello")
    user.button("中文").click()
    expect(user.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(user.status).to_have_text("回答完毕。")
    expect(user.answers.last.get_by_text("思考了")).to_be_visible()
    expect(user.button("复制回答")).to_be_visible()
    expect(user.answer).to_have_text("Hello.")
    user.page.reload()
    expect(user.page.get_by_role("heading", level=1)).to_have_text("GLM 云函数")
    user.button("English").click()
    expect(user.page.get_by_role("heading", level=1)).to_have_text("GLM functions")


def test_by_night_it_is_dark(visit: Callable[..., Visitor]) -> None:
    def brightness(visitor: Visitor) -> int:
        colour: str = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))

    assert brightness(visit(color_scheme="dark")) < 150 < 600 < brightness(visit(color_scheme="light"))
