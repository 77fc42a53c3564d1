"""What an answer shows: thinking, sources, code, formulas, figures; and what it lets the reader do."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.upstream import Answer, Gate, Search, Source, StandIn, Text, Think, media

pytestmark = pytest.mark.browser


def test_thinking_is_shown_while_it_goes_on_and_folded_then(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Think("Let me see."), Text("It is so."), gate=gate))
    user.ask("Is it so?")
    thoughts = user.page.get_by_text("Let me see.")
    expect(thoughts).to_be_visible()
    expect(user.page.get_by_text("Thinking… 1 s")).to_be_visible()
    expect(user.status).to_have_text("Thinking…")
    gate.release()
    expect(user.answer).to_have_text("It is so.")
    expect(thoughts).to_be_hidden()
    user.page.get_by_text(re.compile(r"Thought for \d s")).click()
    expect(thoughts).to_be_visible()


def test_sources_are_links(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Search("cats", Source("All of cats", "https://cats.example/all")), Text("Cats.")))
    user.hear("Cats?")
    source = user.answers.last.get_by_role("link", name="All of cats")
    expect(source).to_have_attribute("href", "https://cats.example/all")
    expect(source).to_have_attribute("rel", "noopener")


def test_citations_are_numbered_links(user: Visitor, upstream: StandIn) -> None:
    upstream.script(
        Answer(Text("Cats purr [1](https://cats.example/all)[[2]](https://cats.example/more), see [3](x)."))
    )
    user.hear("Cats?")
    expect(user.answer.get_by_role("link", name="Source 1")).to_have_attribute("href", "https://cats.example/all")
    second = user.answer.get_by_role("link", name="Source 2")
    expect(second).to_have_text("2")
    expect(second).to_have_attribute("target", "_blank")
    expect(user.answer).to_contain_text("see [3](x).")


def test_code_is_coloured_and_copied(user: Visitor, upstream: StandIn) -> None:
    user.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    assert not any("highlight" in url for url in user.visited), "it is not waited for"
    upstream.script(Answer(Text("```python\n", "def f():\n", "    return 1\n", "```\n\n```\nplain\n```")))
    user.hear("Code?")
    expect(user.answer.locator(".hljs-keyword").first).to_have_text("def")
    assert sum("highlight" in url for url in user.visited) == 1
    code = user.answer.locator("figure.code").first
    expect(code).to_contain_text("Python")
    code.get_by_role("button", name="Copy Python").click()
    expect(code.get_by_role("button")).to_have_text("Copied")
    assert user.page.evaluate("navigator.clipboard.readText()") == "def f():\n    return 1"

    user.button("Copy the answer").click()
    user.button("Copied").wait_for()
    assert user.page.evaluate("navigator.clipboard.readText()").startswith("```python\ndef f()")


def test_formulas_are_set(user: Visitor, upstream: StandIn) -> None:
    assert not any("formulas" in url for url in user.visited)
    upstream.script(
        Answer(Text("Energy $E=mc^2$, not $5 or $6, \\(x\\), and\n\n$$\\int_0^1 x\\,dx = \\frac12$$\n\n$\\nope{$"))
    )
    user.hear("Formulas?")
    expect(user.answer.locator("math")).to_have_count(3)
    expect(user.answer.locator("math[display=block] msubsup")).to_have_count(1)
    expect(user.answer).to_contain_text("not $5 or $6,")
    expect(user.answer).to_contain_text("\\nope{")


HOSTILE_FORMULAS = [
    r"\href{javascript:alert(1)}{x}",
    r"\url{javascript:alert(1)}",
    r"\includegraphics{https://x.example/a.png}",
    r"\style{position:fixed}{x}",
    r"\class{hidden}{x}",
    r"\id{app}{x}",
    r"\data{a=b}{x}",
    r"\def\x{\x\x}\x",
    r"\rule{9999em}{9999em}",
]


def test_a_formula_does_nothing_but_stand_there(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("$y$", *(f" and ${formula}$" for formula in HOSTILE_FORMULAS))))
    user.hear("Formulas?")
    expect(user.answer.locator("math").first).to_be_visible()
    names = user.answer.locator("*").evaluate_all("(all) => all.flatMap((one) => one.getAttributeNames())")
    assert not [name for name in names if name in ("href", "src", "id") or name.startswith(("on", "data-"))]
    assert user.answer.evaluate("(text) => text.scrollHeight") < 2000


def test_tables_and_tasks(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("| a | b |\n|---|---|\n| 1 | 2 |\n\n", "- [x] bought\n- [ ] eaten\n")))
    user.hear("Lists?")
    expect(user.answer.get_by_role("cell")).to_have_text(["1", "2"])
    expect(user.answer.get_by_role("checkbox", name="done", exact=True)).to_be_checked()
    expect(user.answer.get_by_role("checkbox", name="not done")).not_to_be_checked()


def test_it_says_how_long_it_took_and_how_much_it_was(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Well, "), before=0.3))
    user.hear("How long?")
    figures = user.answers.last.locator(".figures")
    expect(figures).to_contain_text("first word after 0.")
    expect(figures).to_contain_text(" s in all · about ")
    expect(figures).to_contain_text("tokens")


def test_markdown_is_shown_as_it_is_written(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("# Cats\n\nThey **pu", "rr**:\n\n", "- by day\n", "- by night"), gate=gate))
    user.ask("Cats?")
    expect(user.answer.get_by_role("heading", name="Cats")).to_be_visible()
    expect(user.answer.locator("strong")).to_have_text("purr")
    gate.release()
    expect(user.answer.get_by_role("listitem")).to_have_text(["by day", "by night"])


def test_what_is_selected_stays_so_while_the_answer_grows(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("First words.\n\n", "Second.\n\n", "Third."), gate=gate))
    user.ask("Tell me")
    expect(user.answer).to_contain_text("Second.")
    user.answer.locator("p").first.select_text()
    gate.release()
    expect(user.answer).to_contain_text("Third.")
    assert user.page.evaluate("getSelection().toString()").strip() == "First words."


def test_pictures_in_an_answer_are_loaded_when_asked_for(user: Visitor, upstream: StandIn) -> None:
    pictures = [upstream.site(f"/{name}.jpg", media.picture(1), "image/jpeg") for name in ("a", "b")]
    upstream.script(Answer(Text(*(f"![Cat {url[-5]}]({url}?words=of+the+chat)\n\n" for url in pictures))))
    user.hear("Show me cats")
    assert user.elsewhere() == []

    user.may_ask = (upstream.url,)
    user.page.get_by_role("button", name="Show pictures from 127.0.0.1").first.click()
    for name in ("Cat a", "Cat b"):
        picture = user.answer.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        user.page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
