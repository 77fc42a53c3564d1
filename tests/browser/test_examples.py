"""The lines for a shell, Python and Node do what the page does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.asking import sent, sent_text
from tests.browser import node
from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, StandIn, Text, Video, media

pytestmark = pytest.mark.browser

AWKWARD = 'It\'s "50%" of $HOME: `id` $(id) \\n \\\\ ${a}\nJSON\n{b} 你好 \U0001f600 </script>'
AWKWARD_NAME = 'it\'s a "$HOME" `note`.txt'

type Run = Callable[[str, str], str]


@pytest.fixture
def run(account: Account, tmp_path: Path) -> Run:
    """Run lines of a language, and return what they print."""

    def run(language: str, lines: str) -> str:
        if language == "curl":
            command = ["bash", "-euo", "pipefail", "-c", lines]
        elif language == "Python":
            command = [sys.executable, "-c", lines]
        else:
            modules = tmp_path / "node_modules"
            modules.symlink_to(node.modules("openai"))
            command = ["node", "--input-type=module", "-e", lines]
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TOKEN": account.refresh_token}
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


languages = pytest.mark.parametrize("language", ["curl", "Python", pytest.param("Node", marks=pytest.mark.platform)])


@languages
def test_chat(user: Visitor, upstream: StandIn, run: Run, language: str) -> None:
    upstream.script(Answer(Text("Hello ", "Ann.")))
    user.hear("I am Ann")
    user.message.fill(AWKWARD)
    upstream.script(Answer(Text("So ", "be it.")))
    printed = run(language, user.example(language))
    assert "So be it." in printed or '"content":"be it."' in printed
    asked = sent_text(upstream)

    user.hear(AWKWARD)
    assert sent_text(upstream) == asked


@languages
def test_chat_with_files(
    user: Visitor, upstream: StandIn, account: Account, run: Run, language: str, tmp_path: Path
) -> None:
    picture = media.picture(1)
    (tmp_path / AWKWARD_NAME).write_bytes(b"Buy milk.")
    (tmp_path / "cat.jpg").write_bytes(picture)
    user.drop((AWKWARD_NAME, "text/plain", b"Buy milk."), ("cat.jpg", "image/jpeg", picture))
    user.message.fill(AWKWARD)
    run(language, user.example(language))
    assert sent_text(upstream) == AWKWARD
    assert {upload.file.content for upload in upstream.uploads(account)} == {b"Buy milk.", picture}


@languages
def test_pictures(user: Visitor, upstream: StandIn, run: Run, language: str) -> None:
    user.tab("Pictures")
    user.page.get_by_label("What to draw").fill(AWKWARD)
    user.page.get_by_label("Shape").select_option("9:16")
    user.page.get_by_label("How many").select_option("2")
    printed = run(language, user.example(language))
    assert printed.count(f"{upstream.url}/testpath/") == 2
    assert AWKWARD in sent_text(upstream)
    assert sent(upstream)["meta_data"]["cogview"]["aspect_ratio"] == "9:16"


@languages
def test_video(user: Visitor, upstream: StandIn, account: Account, run: Run, language: str, tmp_path: Path) -> None:
    upstream.video(Video(polls=0))
    user.tab("Video")
    user.page.get_by_label("What happens in the video").fill(AWKWARD)
    user.page.get_by_label("Style").select_option("Cinematic")
    (tmp_path / "first.jpg").write_bytes(media.picture(1))
    user.pick("first.jpg", "image/jpeg", media.picture(1))
    printed = run(language, user.example(language).replace("sleep(5)", "sleep(0)").replace("5000", "0"))
    assert "SUCCESS" in printed
    (job,) = upstream.videos(account)
    assert f"{upstream.url}/video/{job.chat_id}.mp4" in printed
    assert job.request["prompt"] == AWKWARD
    assert job.request["advanced_parameter_extra"]["video_style"] == "电影感"
    assert len(job.request["source_list"]) == 1


def test_they_are_copied(user: Visitor) -> None:
    user.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lines = user.example("Python")
    user.button("Copy").click()
    user.button("Copied").wait_for()
    assert user.page.evaluate("navigator.clipboard.readText()") == lines


def test_they_follow_what_is_typed(user: Visitor) -> None:
    assert '"content": "Hello"' in user.example("curl")
    user.message.fill("Good evening")
    assert '"content": "Good evening"' in user.example("curl")
    user.panel.get_by_label("Model").select_option("glm-4-plus")
    assert '"model": "glm-4-plus"' in user.example("curl")
