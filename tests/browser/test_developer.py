"""What is there for developers: programs that do what the page does, and how clients are set up."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from lib.settings import VERSION
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
        lines = lines.replace("YOUR_KEY", account.refresh_token)
        if language == "curl":
            command = ["bash", "-euo", "pipefail", "-c", lines]
        elif language == "Python":
            command = [sys.executable, "-c", lines]
        else:
            modules = tmp_path / "node_modules"
            modules.symlink_to(node.modules("openai"))
            command = ["node", "--input-type=module", "-e", lines]
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
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
    user.button("Style").click()
    user.page.get_by_role("group", name="Style").get_by_label("Style").select_option("cinematic")
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
    user.button("Copy Python").click()
    user.button("Copied").wait_for()
    assert user.page.evaluate("navigator.clipboard.readText()") == lines
    user.button("Copy the base URL").click()
    user.page.wait_for_function("async (text) => (await navigator.clipboard.readText()) === text", arg=f"{user.url}/v1")


def test_they_are_copied_with_the_key(user: Visitor, account: Account) -> None:
    user.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for language, line in (
        ("curl", f"export TOKEN='{account.refresh_token}'"),
        ("Python", f'api_key="{account.refresh_token}"'),
        ("Node", f'apiKey: "{account.refresh_token}"'),
    ):
        lines = user.example(language)
        user.button(f"Copy with my key: {language}").click()
        expected = lines.replace("YOUR_KEY", account.refresh_token)
        assert line in expected
        user.page.wait_for_function("async (text) => (await navigator.clipboard.readText()) === text", arg=expected)


def test_they_follow_what_is_typed(user: Visitor) -> None:
    assert '"content": "Hello"' in user.example("curl")
    user.message.fill("Good evening")
    assert '"content": "Good evening"' in user.example("curl")
    user.choose_model("glm-4-plus")
    assert '"model": "glm-4-plus"' in user.example("curl")


def body_of(example: str) -> dict[str, Any]:
    """The JSON in lines with curl."""
    found: dict[str, Any] = json.loads(example.split("<<'JSON'\n")[1].removesuffix("\nJSON"))
    return found


def test_the_other_endpoints_are_asked_the_same(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Hello Ann.")))
    user.button("Think").click()
    user.options().get_by_label("System prompt").fill("Be short.")
    user.page.keyboard.press("Escape")
    user.hear("I am Ann")
    user.message.fill("Who am I?")
    turns = [
        {"role": "user", "content": "I am Ann"},
        {"role": "assistant", "content": "Hello Ann."},
        {"role": "user", "content": "Who am I?"},
    ]
    messages = user.example("curl", "Anthropic Messages")
    assert f"{user.url}/v1/messages " in messages
    assert 'x-api-key: $TOKEN" -H "anthropic-version: 2023-06-01"' in messages
    assert body_of(messages) == {
        "model": "glm-5.3-flash",
        "max_tokens": 4096,
        "system": "Be short.",
        "messages": turns,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "stream": True,
    }
    responses = user.example("curl", "Responses")
    assert f"{user.url}/v1/responses " in responses
    assert body_of(responses) == {
        "model": "glm-5.3-flash",
        "instructions": "Be short.",
        "input": turns,
        "stream": True,
        "reasoning": {"effort": "high"},
        "tools": [{"type": "web_search"}],
    }


@pytest.mark.parametrize("endpoint", ["Anthropic Messages", "Responses"])
def test_programs_for_the_other_endpoints_are_programs(user: Visitor, tmp_path: Path, endpoint: str) -> None:
    user.drop((AWKWARD_NAME, "text/plain", b"Buy milk."), ("cat.jpg", "image/jpeg", media.picture(1)))
    user.message.fill(AWKWARD)
    compile(user.example("Python", endpoint), endpoint, "exec")
    for name, language, check in (("a.sh", "curl", ["bash", "-n"]), ("a.mjs", "Node", ["node", "--check"])):
        if not shutil.which(check[0]):
            continue
        file = tmp_path / name
        file.write_text(user.example(language, endpoint))
        subprocess.run([*check, file], check=True, timeout=60)


def test_clients_are_set_up(user: Visitor) -> None:
    expected = {
        "LobeChat": ["API proxy URL", f"{user.url}/v1"],
        "Cherry Studio": ["API host", user.url],
        "NextChat": ["-all,+glm-5.3@OpenAI,+glm-5.3-think@OpenAI", user.url],
        "Claude Code": [
            f'export ANTHROPIC_BASE_URL="{user.url}" ANTHROPIC_AUTH_TOKEN="$TOKEN"',
            "export TOKEN='YOUR_KEY'",
        ],
        "Codex": [f'base_url = "{user.url}/v1"', 'wire_api = "responses"'],
    }
    for client, parts in expected.items():
        user.strip.get_by_label("Client").select_option(client)
        for part in parts:
            expect(user.strip.get_by_role("region", name="Use it in")).to_contain_text(part)
    codex = user.strip.get_by_role("region", name="Use it in").locator("pre").first.inner_text()
    assert tomllib.loads(codex)["model_providers"]["glm"]["env_key"] == "TOKEN"


def test_the_description_and_the_version_are_there(user: Visitor) -> None:
    expect(user.strip.get_by_role("link", name="openapi.json")).to_have_attribute("href", "/openapi.json")
    expect(user.strip).to_contain_text(f"Version {VERSION}")
