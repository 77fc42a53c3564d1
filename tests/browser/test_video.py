"""A video: made, waited for, and played."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Response, expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, StandIn, Video, media

pytestmark = pytest.mark.browser

JOBS = "/v1/videos/generations"
STEP = 500
"""Milliseconds by which the clock is put forward at a time."""
PATIENCE = 60
"""Seconds after which the page has forgotten to look."""


class Director:
    """Somebody who makes a video, at a browser whose clock goes only when it is told to."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.waits: list[float] = []
        """What each answer so far says of when to look again, in seconds."""
        visitor.page.on("response", self._note)

    def make(self, words: str = "A cat runs") -> None:
        """Order the video."""
        self.visitor.page.get_by_label("What happens in the video").fill(words)
        with self.visitor.page.expect_response(f"**{JOBS}"):
            self.visitor.button("Make the video").click()

    def look(self) -> float:
        """Let the time pass until the page has looked once more. Returns how long that took, in seconds."""
        before, passed = len(self.waits), 0.0
        while len(self.waits) == before and passed < PATIENCE:
            self.visitor.page.clock.run_for(STEP)
            passed += STEP / 1000
        return passed

    def _note(self, response: Response) -> None:
        if JOBS in response.url:
            self.waits.append(float(response.headers.get("retry-after", "0")))


@pytest.fixture
def director(user: Visitor, upstream: StandIn) -> Director:
    user.may_ask = (upstream.url,)  # The video is the service's own, so it comes from there.
    user.page.clock.install()
    user.page.clock.pause_at("2030-01-01")
    user.tab("Video")
    return Director(user)


def test_it_is_waited_for_until_it_plays(director: Director, upstream: StandIn) -> None:
    visitor = director.visitor
    upstream.video(Video(polls=3))
    director.make()
    expect(visitor.status).to_contain_text("This takes minutes")
    bar = visitor.panel.get_by_role("progressbar")
    for percent in (25, 50, 75):
        wait = director.waits[-1]
        assert wait > 1
        assert director.look() >= wait
        expect(bar).to_have_js_property("value", percent)
    director.look()
    expect(visitor.status).to_have_text("The video is ready.")
    expect(bar).to_be_hidden()

    player = visitor.panel.locator("video")
    assert player.evaluate("async (player) => { player.muted = true; await player.play(); return player.videoWidth; }")
    expect(visitor.panel.get_by_role("link", name="6s, 1440 × 960")).to_be_visible()


def test_what_it_is_to_look_like_is_passed_on(director: Director, upstream: StandIn, account: Account) -> None:
    visitor = director.visitor
    visitor.panel.get_by_label("Style").select_option("Oil painting")
    visitor.panel.get_by_label("Mood").select_option("Warm")
    visitor.panel.get_by_label("Camera").select_option("Closer")
    picture = BytesIO()
    Image.new("RGB", (300, 200), "red").save(picture, "PNG")
    visitor.pick("first.png", "image/png", media.picture(1))
    visitor.drop(("second.png", "image/png", picture.getvalue()))  # There is one first picture: it takes the place.
    director.make("A cat runs")
    upstream.wait_for(lambda: upstream.videos(account))
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
    director.look()
    expect(director.visitor.error).to_contain_text("画面不合规")
    expect(director.visitor.button("Go on")).to_be_hidden()


def test_waiting_is_stopped_and_goes_on(director: Director, upstream: StandIn, account: Account) -> None:
    visitor = director.visitor
    job = upstream.video(Video(polls=None))
    director.make()
    director.look()
    visitor.button("Stop").click()
    expect(visitor.status).to_have_text("Stopped.")
    looked = len(director.waits)
    director.look()
    assert len(director.waits) == looked

    job.release()
    visitor.button("Go on").click()
    expect(visitor.status).to_have_text("The video is ready.")
    assert len(upstream.videos(account)) == 1


def test_a_look_that_fails_is_told_and_goes_on(director: Director, upstream: StandIn) -> None:
    visitor = director.visitor
    upstream.video(Video(polls=0))
    director.make()
    visitor.page.context.set_offline(True)
    visitor.page.clock.run_for(PATIENCE * 1000)
    expect(visitor.error).to_contain_text("cannot be reached")
    visitor.page.context.set_offline(False)
    visitor.button("Go on").click()
    expect(visitor.status).to_have_text("The video is ready.")
