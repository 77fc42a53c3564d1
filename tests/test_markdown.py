"""Programs, what they print, and pictures, as Markdown: each block on lines of its own, and closed."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.types.events import Code, DrawingPrompt, Event, Image, Output, Reasoning, Source, Text
from lib.wires.shared.markdown import Markdown

plain = st.text("ab \n", max_size=6)
blocks = st.sampled_from(["1", "2"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Text, plain),
    st.builds(Code, plain, blocks),
    st.builds(Output, plain, blocks),
    st.just(Image("https://example.com/1.jpg", 0)),
)


def render(events: Iterable[Event]) -> str:
    markdown = Markdown()
    return "".join([*map(markdown.feed, events), markdown.finish()])


def read(text: str) -> list[tuple[str, str]]:
    """A reader's view: each block's language (`text` outside of any) and what is in it. The last one must be closed."""
    found: list[tuple[str, str]] = [("text", "")]
    fence = ""
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if fence and bare == fence:
            fence = ""
            found.append(("text", ""))
        elif not fence and (opened := re.fullmatch(r"(`{3,})(\w*)", bare)):
            fence = opened[1]
            found.append((opened[2], ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    assert not fence
    return found


@given(st.lists(events, max_size=10))
def test_every_block_is_closed_and_holds_its_own_text(given: list[Event]) -> None:
    expected: list[tuple[object, str]] = []
    for event in given:
        block = (type(event), event.block) if isinstance(event, Code | Output) else None
        text = f"![]({event.url})" if isinstance(event, Image) else event.text  # type: ignore[union-attr]
        if expected and expected[-1][0] == block:
            expected[-1] = (block, expected[-1][1] + text)
        else:
            expected.append((block, text))
    shown = [(kind, text) for kind, text in read(render(given)) if kind != "text"]
    programs = [(block, text) for block, text in expected if isinstance(block, tuple)]
    assert [kind for kind, _ in shown] == ["python" if block[0] is Code else "" for block, _ in programs]
    assert [text.rstrip("\n") for _, text in shown] == [text.rstrip("\n") for _, text in programs]


@given(st.lists(events, max_size=10))
def test_nothing_is_lost_and_nothing_but_marks_and_line_ends_is_added(given: list[Event]) -> None:
    letters = "".join(getattr(event, "text", "") for event in given)
    shown = render(given)
    assert "".join(re.sub(r"!\[\]\([^)]*\)|`{3,}(python)?", "", shown).split()) == "".join(letters.split())


@given(st.lists(plain, max_size=6))
def test_a_text_alone_is_left_as_it_is(texts: list[str]) -> None:
    assert render(map(Text, texts)) == "".join(texts)


def test_a_program_is_shown_as_it_comes() -> None:
    markdown = Markdown()
    assert markdown.feed(Code("print(", "1")) == "```python\nprint("
    assert markdown.feed(Code("1)", "1")) == "1)"
    assert markdown.feed(Output("1\n", "2")) == "\n```\n```\n1\n"
    assert markdown.feed(Text("One.")) == "```\nOne."
    assert markdown.finish() == ""


def test_an_answer_that_ends_in_a_program_is_completed() -> None:
    markdown = Markdown()
    markdown.feed(Code("x = 1", "1"))
    assert markdown.finish() == "\n```\n"
    assert markdown.finish() == ""


@pytest.mark.parametrize("run", range(3, 8))
def test_a_program_that_holds_a_fence_does_not_end_there(run: int) -> None:
    program = f"text = '''\n{'`' * run}\n'''"
    shown = render([Text("See:"), Code(program, "1"), Text("Done.")])
    assert read(shown) == [("text", "See:\n"), ("python", program + "\n"), ("text", "Done.")]


def test_pictures_stand_on_lines_of_their_own() -> None:
    shown = render([Text("Here:"), Image("https://a/1", 0), Image("https://a/2", 1), Text("Two.")])
    assert shown == "Here:\n![](https://a/1)\n![](https://a/2)\nTwo."
    assert render([Code("draw()", "1"), Image("https://a/1", 0)]) == "```python\ndraw()\n```\n![](https://a/1)\n"


@pytest.mark.parametrize("event", [Reasoning("Hm."), Source("https://a/", "A"), DrawingPrompt("a cat")])
def test_what_belongs_elsewhere_is_no_part_of_the_text(event: Event) -> None:
    assert render([event]) == ""
    assert render([Code("x =", "1"), event, Code(" 1", "1")]) == "```python\nx = 1\n```\n"
