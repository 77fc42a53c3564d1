"""`/v1/videos` and `/v1/images/edits`, as OpenAI's clients for Python and for HTTP use them."""

import io
import json
import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import httpx
import openai
import pytest

from lib.errors import BadRequest
from lib.wires.shared import multipart
from tests.bundle import Bundle
from tests.platforms import npm
from tests.upstream import Account, StandIn, Video, media


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # The client says so of OpenAI's own service.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def test_client_orders_polls_and_downloads(bundle: Bundle, stand_in: StandIn, account: Account) -> None:
    stand_in.video(Video(polls=2))
    client = bundle.client(account.refresh_token)
    video = client.videos.create_and_poll(
        prompt="A cat", model="sora-2", seconds="8", size="1280x720", poll_interval_ms=10,
        input_reference=("red.jpg", io.BytesIO(media.picture(0, 1440, 960)), "image/jpeg"),
    )  # fmt: skip
    assert (video.status, video.progress, video.object, video.model) == ("completed", 100, "video", "cogvideox")
    assert video.seconds == "6"
    content = client.videos.download_content(video.id).read()
    assert content[4:8] == b"ftyp"
    (order,) = stand_in.requests("video")
    assert order.json["prompt"] == "A cat"
    assert order.json["base_parameter_extra"]["duration"] == 2
    assert len(order.json["source_list"]) == 1
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


NODE = """
import OpenAI from "openai";
const client = new OpenAI({ apiKey: process.env.KEY, baseURL: process.env.URL, maxRetries: 0 });
let video = await client.videos.create({ prompt: "A cat", seconds: "8", size: "1280x720" });
while (video.status === "queued" || video.status === "in_progress") video = await client.videos.retrieve(video.id);
const content = Buffer.from(await (await client.videos.downloadContent(video.id)).arrayBuffer());
const gone = await client.videos.delete(video.id);
console.log(JSON.stringify({ status: video.status, kind: content.subarray(4, 8).toString(), gone: gone.deleted }));
"""


@pytest.mark.platform
def test_the_client_for_node_orders_polls_and_downloads(
    bundle: Bundle, stand_in: StandIn, account: Account, tmp_path: Path
) -> None:
    stand_in.video(Video(polls=1))
    (tmp_path / "node_modules").symlink_to(npm.need_set("openai") / "node_modules")
    (tmp_path / "ask.mjs").write_text(NODE)
    environ = os.environ | {"KEY": account.refresh_token, "URL": f"{bundle.url}/v1"}
    done = subprocess.run(
        ["node", "ask.mjs"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"status": "completed", "kind": "ftyp", "gone": True}


def test_a_job_is_the_same_on_both_paths(bundle: Bundle, stand_in: StandIn, account: Account) -> None:
    stand_in.video(Video(polls=None))
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    order = httpx.post(f"{bundle.url}/v1/videos", json={"prompt": "A cat", "seconds": "5"}, headers=headers)
    assert order.json()["status"] == "queued"
    assert order.headers["openai-poll-after-ms"] == "5000"
    job = order.json()["id"]
    assert httpx.get(f"{bundle.url}/v1/videos/{job}", headers=headers).json()["status"] == "in_progress"
    other = httpx.get(f"{bundle.url}/v1/videos/generations/{job}", headers=headers)
    assert other.json()["task_status"] == "PROCESSING"
    content = httpx.get(f"{bundle.url}/v1/videos/{job}/content", headers=headers)
    assert content.status_code == 404
    assert "not finished" in content.json()["error"]["message"]
    stranger = {"Authorization": f"Bearer {stand_in.account().refresh_token}"}
    assert httpx.get(f"{bundle.url}/v1/videos/{job}", headers=stranger).status_code == 404


def test_a_failed_job_says_why(bundle: Bundle, stand_in: StandIn, account: Account) -> None:
    stand_in.video(Video(polls=0, outcome="failed", message="太模糊"))
    client = bundle.client(account.refresh_token)
    video = client.videos.create_and_poll(prompt="A cat", poll_interval_ms=10)
    assert video.status == "failed"
    assert video.error
    assert "太模糊" in video.error.message


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("POST", "videos", {"prompt": " "}, 400, "prompt"),
        ("POST", "videos", {"prompt": "A cat", "seconds": "12"}, 400, "seconds"),
        ("POST", "videos", {"prompt": "A cat", "seconds": "long"}, 400, "seconds"),
        ("POST", "videos", {"prompt": "A cat", "size": "large"}, 400, "size"),
        ("GET", "videos", None, 501, "listed"),
        ("POST", "videos/x/remix", {"prompt": "A dog"}, 501, "another"),
        ("GET", "videos/x", None, 404, "no such job"),
        (
            "POST",
            "images/edits",
            {"prompt": "A hat", "images": []},
            400,
            "edited",
        ),
    ],
)
def test_what_is_not_taken_is_said_in_words(
    bundle: Bundle, account: Account, method: str, path: str, body: object, status: int, word: str
) -> None:
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    answer = httpx.request(method, f"{bundle.url}/v1/{path}", json=body, headers=headers)
    assert answer.status_code == status
    assert word in answer.json()["error"]["message"]


def test_an_edit_by_the_client_is_a_clear_400(bundle: Bundle, account: Account) -> None:
    picture = ("red.png", media.picture(0, 64, 64), "image/png")
    with pytest.raises(openai.BadRequestError, match="cannot be edited"):
        bundle.client(account.refresh_token).images.edit(image=[picture, picture], prompt="A hat")


def test_forms_are_read_to_the_letter() -> None:
    content = bytes(range(256)) + b"\r\n--\r\n\n"
    request = httpx.Request(
        "POST", "http://a", data={"prompt": "一只猫"}, files=[("image[]", ("a.png", content, "image/png"))] * 2
    )
    found = multipart.fields(request.headers["content-type"], request.read())
    assert found["prompt"] == ["一只猫"]
    assert len(found["image"]) == 2
    assert [urlopen(one).read() for one in found["image"]] == [content, content]


@pytest.mark.parametrize("body", [b"", b"x", b"--a\r\n\r\n", b"\r\n--a" * 200 + b"--"])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        multipart.fields("multipart/form-data; boundary=a", body) and pytest.fail("taken")
