"""Pictures: drawn, looked at, and not drawn."""

import pytest
from playwright.sync_api import expect

from tests.asking import sent, sent_text
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


def test_four_pictures_come_and_one_is_looked_at(painter: Visitor, upstream: StandIn) -> None:
    painter.page.get_by_label("How many").select_option("4")
    gate = Gate(after=1)
    upstream.script(Answer(Pictures(prompt="A cat in the evening sun"), gate=gate))
    draw(painter)
    expect(painter.panel.locator(".placeholder")).to_have_count(4)
    expect(painter.status).to_contain_text("Drawing.")
    gate.release()
    pictures = painter.panel.get_by_role("img", name="A cat in the evening sun")
    expect(pictures).to_have_count(4)
    expect(painter.status).to_contain_text("Done in ")
    for picture in pictures.element_handles():
        painter.page.wait_for_function("image => image.naturalWidth > 0", arg=picture)
    expect(painter.panel.locator("figcaption").first).to_have_text("A cat in the evening sun")

    painter.page.get_by_role("button", name="Show larger: A cat in the evening sun").first.click()
    larger = painter.page.get_by_role("dialog", name="Larger view")
    expect(larger.get_by_role("img")).to_be_visible()
    download = larger.get_by_role("link", name="Download")
    assert (download.get_attribute("href") or "").startswith(upstream.url)
    assert download.get_attribute("download") == ""
    painter.page.keyboard.press("Escape")
    expect(larger).to_be_hidden()


def test_as_many_as_wanted_in_the_shape_that_is_wanted(painter: Visitor, upstream: StandIn) -> None:
    painter.page.get_by_label("How many").select_option("2")
    painter.page.get_by_label("Shape").select_option("16:9")
    draw(painter)
    expect(painter.panel.get_by_role("img")).to_have_count(2)
    assert sent(upstream)["meta_data"]["cogview"]["aspect_ratio"] == "16:9"


def test_there_is_no_choice_that_changes_nothing(painter: Visitor) -> None:
    offer(painter, "glm-5.3", "cogview-4", "cogview-3")
    expect(painter.panel.get_by_label("Model")).to_have_count(0)
    offer(painter, "glm-5.3", "cogview-4", "cogview-3", "cogview-4-250304")
    choice = painter.panel.get_by_label("Model").locator("option")
    expect(choice).to_have_text(["cogview-4", "cogview-4-250304"])


def offer(painter: Visitor, *models: str) -> None:
    """Open the page where these models are listed."""
    painter.page.unroute("**/v1/models")
    painter.page.route("**/v1/models", lambda route: route.fulfill(json={"data": [{"id": name} for name in models]}))
    painter.open()
    painter.tab("Pictures")


def test_earlier_pictures_stay_in_the_gallery(painter: Visitor) -> None:
    draw(painter, "A cat")
    expect(painter.panel.get_by_role("img")).to_have_count(1)
    draw(painter, "A dog")
    expect(painter.panel.get_by_role("img")).to_have_count(2)
    assert painter.panel.get_by_role("heading", level=2).all_inner_texts() == ["A dog", "A cat"]


def test_the_filter_refuses_and_it_is_tried_again(painter: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("…"), ending=Intervene("换个话题吧")))
    draw(painter)
    expect(painter.error).to_contain_text("The service’s filter refuses this.")
    expect(painter.panel.get_by_role("img")).to_have_count(0)
    expect(painter.page.get_by_label("What to draw")).to_have_value("A cat")
    painter.button("Retry").click()
    expect(painter.panel.get_by_role("img")).to_have_count(1)
    expect(painter.page.get_by_label("What to draw")).to_have_value("")
    assert "A cat" in sent_text(upstream)


def test_drawing_is_stopped(painter: Visitor, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Pictures(), gate=gate))
    draw(painter)
    gate.wait_sent()
    painter.button("Stop").click()
    expect(painter.status).to_have_text("Stopped.")
    upstream.wait_for(lambda: not upstream.conversations(account))
