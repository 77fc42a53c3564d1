"""The stand-in's video jobs."""

from typing import Any

import httpx
import pytest

from tests.upstream import (
    StandIn,
    Video,
    media,
)
from tests.upstream_tests.client import VIDEO, Client


def commission(**changes: Any) -> dict[str, Any]:
    extra = {"emotional_atmosphere": "", "mirror_mode": "", "video_style": ""}
    return {"conversation_id": "", "prompt": "a cat runs", "advanced_parameter_extra": extra, **changes}


def status_of(client: Client, chat_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.http.get(f"{VIDEO}/status/{chat_id}", headers=client.headers()).json()
    return answer


def test_a_video_is_made_given_sound_and_deleted(stand_in: StandIn, client: Client) -> None:
    job = client.post(VIDEO, commission()).json()["result"]
    answers = [status_of(client, job["chat_id"])["result"] for _ in range(4)]
    assert [answer["status"] for answer in answers] == ["init", "processing", "finished", "finished"]
    assert answers[1]["plan"] == "66%"
    assert (answers[2]["video_duration"], answers[2]["resolution"]) == ("6s", "1440 × 960")
    video, cover = httpx.get(answers[2]["video_url"]), httpx.get(answers[2]["cover_url"])
    assert (video.headers["Content-Type"], video.content[4:8]) == ("video/mp4", b"ftyp")
    assert cover.content.startswith(b"\xff\xd8\xff")
    sound = {"chat_id": job["chat_id"], "key": "k", "audio_id": "7"}
    composed = client.post(f"{VIDEO.removesuffix('/chat')}/static/composite_video", sound).json()["result"]
    assert httpx.get(composed["url"]).content == video.content
    assert stand_in.videos(client.account)[0].sound == ("k", "7")
    for expected in (True, False):
        deleted = client.http.delete(f"{VIDEO}/{job['chat_id']}", headers=client.headers()).json()
        assert (deleted["status"] == 0) is expected
    assert status_of(client, job["chat_id"])["status"] != 0


def test_a_video_fails_or_waits_as_scripted(stand_in: StandIn, client: Client) -> None:
    stand_in.video(Video(polls=0, outcome="failed", message="too dark"))
    slow = stand_in.video(Video(polls=None))
    first, second = (client.post(VIDEO, commission()).json()["result"]["chat_id"] for _ in range(2))
    failed = status_of(client, first)["result"]
    assert (failed["status"], failed["msg"], failed["video_url"]) == ("failed", "too dark", "")
    assert [status_of(client, second)["result"]["status"] for _ in range(4)] == ["init"] + ["processing"] * 3
    slow.release()
    assert status_of(client, second)["result"]["status"] == "finished"


def test_a_video_s_first_frame_is_uploaded_first(client: Client) -> None:
    path = f"{VIDEO.removesuffix('/chat')}/static/upload"
    source_id = client.upload(media.picture(0, 1440, 960), "a.jpg", path).json()["result"]["source_id"]
    assert client.post(VIDEO, commission(source_list=[source_id])).json()["status"] == 0
    assert client.post(VIDEO, commission(source_list=["made up"])).status_code == 400
    assert client.upload(media.picture(0, 1441, 960), "a.jpg", path).status_code == 400
    assert client.upload(media.picture(0, 1440, 961), "a.jpg", path).status_code == 400
    assert client.upload(b"no picture", "a.jpg", path).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": ""},
        {"conversation_id": "0" * 24},
        {"advanced_parameter_extra": {}},
        {"advanced_parameter_extra": {"emotional_atmosphere": "", "mirror_mode": "", "video_style": "cubist"}},
        {"source_list": "abc"},
        {"base_parameter_extra": []},
    ],
)
def test_a_commission_of_another_shape_is_refused(client: Client, changes: dict[str, Any]) -> None:
    assert client.post(VIDEO, commission(**changes)).json()["status"] != 0


def test_a_video_is_its_account_s_alone(stand_in: StandIn, client: Client) -> None:
    chat_id = client.post(VIDEO, commission()).json()["result"]["chat_id"]
    other = Client(client.http, stand_in.account())
    assert status_of(other, chat_id)["status"] != 0
    unfinished = {"chat_id": chat_id, "key": "k", "audio_id": "7"}
    assert client.post(f"{VIDEO.removesuffix('/chat')}/static/composite_video", unfinished).json()["status"] != 0


@pytest.mark.parametrize(
    ("url", "with_status", "with_details"), [("done", 1, 1), ("details", 0, 1), ("nowhere", 0, 0), ("always", 1, 1)]
)
def test_where_a_video_s_address_is(
    stand_in: StandIn, client: Client, url: Any, with_status: int, with_details: int
) -> None:
    stand_in.video(Video(polls=0, url=url))
    chat_id = client.post(VIDEO, commission(base_parameter_extra={"fps": 1})).json()["result"]["chat_id"]
    assert bool(status_of(client, chat_id)["result"]["video_url"]) is bool(with_status)
    details = client.http.get(f"{VIDEO}/{chat_id}", headers=client.headers()).json()["result"]
    assert (details["chat_id"], details["status"], details["fps"]) == (chat_id, "finished", 1)
    assert bool(details["video_url"]) is bool(with_details)


@pytest.mark.parametrize("working", ["queue", "pending", "PROCESSING"])
def test_a_video_is_made_under_any_status(stand_in: StandIn, client: Client, working: str) -> None:
    stand_in.video(Video(polls=1, working=working, url="always"))
    chat_id = client.post(VIDEO, commission()).json()["result"]["chat_id"]
    looks = [status_of(client, chat_id)["result"] for _ in range(2)]
    assert [look["status"] for look in looks] == [working, "finished"]
    assert all(look["video_url"] for look in looks)


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"generation_pattern": 2, "resolution": 2, "fps": 1, "duration": 2, "generation_ai_audio": 1}, 200),
        ({"generation_ratio_width": 16, "generation_ratio_height": 9, "activity_type": 0, "label_watermark": 0}, 200),
        ({"generation_type": "reference_img", "prompt": "a cat"}, 200),
        ({"duration": 10}, 400),
        ({"fps": "60"}, 400),
        ({"fps": True}, 400),
        ({"generation_ratio_width": 0}, 400),
        ({"colour": 1}, 400),
    ],
)
def test_base_parameters_are_the_page_s(client: Client, extra: dict[str, Any], status: int) -> None:
    assert client.post(VIDEO, commission(base_parameter_extra=extra)).status_code == status
