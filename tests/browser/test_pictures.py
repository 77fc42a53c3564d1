"""Pictures: drawn, and not drawn."""

import pytest
from playwright.sync_api import expect

from tests.asking import sent
from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, Intervene, Pictures, StandIn, Text

pytestmark = pytest.mark.browser


@pytest.fixture
def painter(user: Visitor, upstream: StandIn) -> Visitor:
    """Somebody who is about to draw. The pictures are the service's own, so they come from there."""
    user.may_ask = (upstream.url,)
    user.tab("Pictures")
    return user


def draw(painter: Visitor, words: str = "A cat") -> None:
    painter.page.get_by_label("What to draw").fill(words)
    painter.button("Draw").click()


def test_four_pictures_come(painter: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Pictures(prompt="A cat in the evening sun")))
    draw(painter)
    pictures = painter.panel.get_by_role("img", name="A cat in the evening sun")
    expect(pictures).to_have_count(4)
    expect(painter.status).to_contain_text("Done in ")
    for picture in pictures.element_handles():
        painter.page.wait_for_function("image => image.naturalWidth > 0", arg=picture)


def test_as_many_as_wanted_in_the_shape_that_is_wanted(painter: Visitor, upstream: StandIn) -> None:
    painter.page.get_by_label("How many").select_option("2")
    painter.page.get_by_label("Shape").select_option("16:9")
    draw(painter)
    expect(painter.panel.get_by_role("img")).to_have_count(2)
    assert sent(upstream)["meta_data"]["cogview"]["aspect_ratio"] == "16:9"


def test_the_models_are_those_that_draw(painter: Visitor) -> None:
    offered = painter.panel.get_by_label("Model").locator("option").all_inner_texts()
    assert offered
    assert all(name.startswith("cogview") for name in offered)


def test_the_filter_refuses(painter: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("…"), ending=Intervene("换个话题吧")))
    draw(painter)
    expect(painter.error).to_contain_text("换个话题吧")
    expect(painter.panel.get_by_role("img")).to_have_count(0)
    expect(painter.status).to_have_text("")


def test_drawing_is_stopped(painter: Visitor, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Pictures(), gate=gate))
    draw(painter)
    gate.wait_sent()
    expect(painter.status).to_contain_text("Drawing.")
    painter.button("Stop").click()
    expect(painter.status).to_have_text("Stopped.")
    upstream.wait_for(lambda: not upstream.conversations(account))
