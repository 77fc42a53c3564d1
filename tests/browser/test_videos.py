"""Videos: ordered, waited for, played, and found again."""

from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Error, Locator, Route, expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, Gate, StandIn, Video, media

pytestmark = pytest.mark.browser

JOBS = "**/v1/videos/generations**"


class Director:
    """Somebody who makes videos, and whose browser looks only when the test says so."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.task: dict[str, Any] | None = None
        """What the next looks find, in the place of what the service says."""
        self.is_offline = False

    def make(self, words: str = "A cat runs") -> None:
        """Order a video, which is looked at again and again without a pause."""
        self.visitor.page.get_by_label("What happens in the video").fill(words)
        self.visitor.button("Make the video").click()
        expect(self.job(words)).to_be_visible()

    def job(self, words: str = "A cat runs") -> Locator:
        """What the page shows of it."""
        return self.visitor.panel.get_by_role("article", name=f"Video: {words}")

    def at_once(self, route: Route) -> None:
        """Answer as the deployment does, but let the page look again at once."""
        if self.is_offline:
            route.abort()
        elif self.task is not None:
            route.fulfill(json=self.task, headers={"retry-after": "0"})
        else:
            with suppress(Error):  # The page may have stopped to wait for it.
                answer = route.fetch()
                route.fulfill(response=answer, headers={**answer.headers, "retry-after": "0"})


@pytest.fixture
def director(user: Visitor, upstream: StandIn) -> Director:
    user.may_ask = (upstream.url,)  # The video is the service's own, so it comes from there.
    user.tab("Video")
    director = Director(user)
    user.page.route(JOBS, director.at_once)
    return director


def test_it_is_waited_for_until_it_plays(director: Director, upstream: StandIn) -> None:
    visitor = director.visitor
    video = upstream.video(Video(polls=None))
    director.make()
    job = director.job()
    expect(job).to_contain_text("The video is being made")
    expect(job).to_contain_text("0:0")
    expect(visitor.page.get_by_label("What happens in the video")).to_have_value("")
    video.release()
    expect(visitor.status).to_have_text("The video is ready.")
    expect(job.get_by_role("progressbar")).to_have_count(0)

    player = job.locator("video")
    assert player.evaluate("async (player) => { player.muted = true; await player.play(); return player.videoWidth; }")
    expect(job.get_by_role("link", name="6s, 1440 × 960")).to_be_visible()
    assert (job.get_by_role("link", name="Download").get_attribute("href") or "").startswith(upstream.url)


def test_it_says_how_far_it_is_and_how_long_it_has_taken(director: Director, upstream: StandIn) -> None:
    upstream.video(Video(polls=None))
    director.make()
    director.task = {"id": "1", "task_status": "PROCESSING", "progress": 42}
    bar = director.job().get_by_role("progressbar", name="Progress: A cat runs")
    expect(bar).to_have_js_property("value", 42)
    expect(director.job()).to_contain_text("The video is being made: 42 %, 0:0")


def test_it_looks_as_often_as_it_is_told_to(user: Visitor) -> None:
    user.tab("Video")
    looks: list[str] = []
    task = {"id": "1", "task_status": "PROCESSING"}

    def answer(route: Route) -> None:
        looks.append(route.request.method)
        route.fulfill(json=task, headers={"retry-after": "600"})

    user.page.route(JOBS, answer)
    Director(user).make()
    expect(user.panel.get_by_role("article")).to_contain_text("0:01")
    assert looks == ["POST"]


def test_what_it_is_to_look_like_is_passed_on(director: Director, upstream: StandIn, account: Account) -> None:
    visitor = director.visitor
    visitor.button("Style").click()
    look = visitor.page.get_by_role("group", name="Style")
    look.get_by_label("Style").select_option("oil painting")
    look.get_by_label("Mood").select_option("warm")
    look.get_by_label("Camera").select_option("closer")
    picture = BytesIO()
    Image.new("RGB", (300, 200), "red").save(picture, "PNG")
    visitor.pick("first.png", "image/png", media.picture(1))
    visitor.drop(("second.png", "image/png", picture.getvalue()))  # There is one first picture: it takes the place.
    expect(visitor.button("Remove second.png")).to_be_visible()
    expect(visitor.button("Remove first.png")).to_have_count(0)
    director.make("A cat runs")
    (job,) = upstream.videos(account)
    assert job.request["prompt"] == "A cat runs"
    assert job.request["advanced_parameter_extra"] == {
        "video_style": "油画",
        "emotional_atmosphere": "温馨和谐",
        "mirror_mode": "推近",
    }
    assert len(job.request["source_list"]) == 1


def test_it_fails(director: Director, upstream: StandIn) -> None:
    upstream.video(Video(polls=0, outcome="failed", message="画面不合规"))
    director.make()
    job = director.job()
    expect(job.get_by_role("alert")).to_have_text("The video could not be made.")
    job.get_by_text("Details").click()
    expect(job).to_contain_text("画面不合规")
    expect(director.visitor.button("Go on")).to_have_count(0)


def test_an_order_that_fails_leaves_its_words(director: Director, upstream: StandIn) -> None:
    upstream.fail("video", code=10001, message="内部错误")
    director.visitor.page.get_by_label("What happens in the video").fill("A cat runs")
    director.visitor.button("Make the video").click()
    expect(director.visitor.error).to_have_text("The service failed, or cannot be reached.")
    expect(director.visitor.page.get_by_label("What happens in the video")).to_have_value("A cat runs")


def test_waiting_is_stopped_and_goes_on(director: Director, upstream: StandIn, account: Account) -> None:
    video = upstream.video(Video(polls=None))
    director.make()
    job = director.job()
    job.get_by_role("button", name="Stop waiting").click()
    expect(job).to_contain_text("Not waiting any more.")
    expect(director.visitor.status).to_contain_text("Not waiting any more.")

    video.release()
    job.get_by_role("button", name="Go on").click()
    expect(director.visitor.status).to_have_text("The video is ready.")
    assert len(upstream.videos(account)) == 1
    job.get_by_role("button", name="Remove from the list").click()
    expect(job).to_have_count(0)


def test_an_order_is_stopped(user: Visitor, upstream: StandIn) -> None:
    gate = Gate()
    upstream.fail("video", gate=gate)
    user.tab("Video")
    user.page.get_by_label("What happens in the video").fill("A cat runs")
    user.button("Make the video").click()
    expect(user.status).to_have_text("Ordering the video…")
    user.page.keyboard.press("Escape")
    expect(user.button("Make the video")).to_be_visible()
    gate.release()


def test_a_look_that_fails_is_told_and_goes_on(director: Director, upstream: StandIn) -> None:
    visitor = director.visitor
    video = upstream.video(Video(polls=None))
    director.make()
    director.is_offline = True
    expect(director.job().get_by_role("alert")).to_have_text(
        "The deployment cannot be reached. Is this computer online?"
    )
    director.is_offline = False
    video.release()
    director.job().get_by_role("button", name="Go on").click()
    expect(visitor.status).to_have_text("The video is ready.")


def test_videos_are_found_again_and_waited_for_after_a_reload(director: Director, upstream: StandIn) -> None:
    visitor = director.visitor
    video = upstream.video(Video(polls=None))
    director.make()
    visitor.open()
    visitor.tab("Video")
    expect(director.job()).to_contain_text("The video is being made")
    video.release()
    expect(visitor.status).to_have_text("The video is ready.")
    visitor.open()
    visitor.tab("Video")
    expect(director.job().get_by_role("link", name="6s, 1440 × 960")).to_be_visible()


def test_videos_are_forgotten_with_the_window(director: Director, upstream: StandIn) -> None:
    upstream.video(Video(polls=0))
    director.make()
    expect(director.visitor.status).to_have_text("The video is ready.")
    assert director.visitor.page.evaluate("localStorage.length") == 0
