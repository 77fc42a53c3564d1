"""Videos: jobs that outlive the request, and the instance, that began them."""

import base64
import json
import string
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from zai import ZaiClient

from lib.accounts.signed_id import MAX_LENGTH
from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.redis_server import RedisServer, Unavailable
from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    Account,
    Answer,
    Gate,
    Intervene,
    Pictures,
    StandIn,
    Text,
    Video,
    media,
)

JSON = dict[str, Any]
SOUND = "music-5f2b"


def call(
    bundle: Bundle, account: Account | str, method: str, path: str, body: JSON | None = None, **headers: str
) -> httpx.Response:
    token = account if isinstance(account, str) else account.refresh_token
    headers["Authorization"] = f"Bearer {token}"
    return httpx.request(method, f"{bundle.url}/v1/{path}", json=body, headers=headers, timeout=60)


def create(bundle: Bundle, account: Account | str, **body: Any) -> httpx.Response:
    return call(bundle, account, "POST", "videos/generations", {"model": "cogvideox", "prompt": "A cat", **body})


def poll(bundle: Bundle, account: Account | str, poll_id: str, **headers: str) -> httpx.Response:
    return call(bundle, account, "GET", f"videos/generations/{poll_id}", None, **headers)


def delete(bundle: Bundle, account: Account | str, poll_id: str) -> httpx.Response:
    return call(bundle, account, "DELETE", f"videos/generations/{poll_id}")


def started(bundle: Bundle, account: Account, **body: Any) -> str:
    answer = create(bundle, account, **body)
    assert answer.status_code == 200, answer.text
    poll_id: str = answer.json()["id"]
    return poll_id


def error(answer: httpx.Response) -> JSON:
    found: JSON = answer.json()["error"]
    return found


def log_line(bundle: Bundle, request_id: str) -> JSON:
    """What is logged of a request, which is after its answer has arrived."""
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        for line in bundle.log():
            if line["message"] == "request" and line["request_id"] == request_id:
                return line
        time.sleep(0.02)
    raise TimeoutError("the request was not logged")


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_a_job_is_answered_at_once(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    answer = create(
        bundle, account, video_style="油画", emotional_atmosphere="温馨和谐", mirror_mode="推近", audio_id=""
    )
    assert answer.status_code == 200
    assert int(answer.headers["retry-after"]) > 0
    [job] = upstream.videos(account)
    body = answer.json()
    assert len(body["id"]) <= MAX_LENGTH
    assert set(body["id"]) <= set(string.ascii_letters + string.digits + "-_")
    assert abs(body["created"] - time.time()) < 10
    assert body == {
        "id": body["id"],
        "object": "video",
        "created": body["created"],
        "model": "cogvideox",
        "request_id": job.chat_id,
        "task_status": "PROCESSING",
        "video_result": [],
    }
    assert job.request == {
        "conversation_id": "",
        "prompt": "A cat",
        "advanced_parameter_extra": {
            "emotional_atmosphere": "温馨和谐",
            "mirror_mode": "推近",
            "video_style": "油画",
        },
    }
    assert job.asked == 0


def test_a_job_is_asked_for_until_it_is_done(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.video(Video(polls=2))
    poll_id = started(bundle, account, request_id="mine")
    [job] = upstream.videos(account)
    first, second, third, fourth = (poll(bundle, account, poll_id) for _ in range(4))
    assert [answer.json()["task_status"] for answer in (first, second, third)] == [
        "PROCESSING",
        "PROCESSING",
        "SUCCESS",
    ]
    assert [first.json()["progress"], second.json()["progress"]] == [33, 66]
    assert first.headers["retry-after"] == "5"
    assert "retry-after" not in third.headers
    done = third.json()
    assert (done["id"], done["request_id"], done["model"]) == (poll_id, "mine", "cogvideox")
    assert done["data"] == [
        {
            "conversation_id": job.conversation_id,
            "cover_url": f"{upstream.url}/video/{job.chat_id}.jpg",
            "video_url": f"{upstream.url}/video/{job.chat_id}.mp4",
            "video_duration": "6s",
            "resolution": "1440 × 960",
        }
    ]
    assert httpx.get(done["data"][0]["video_url"]).content == media.VIDEO
    # Asking again gives the same, and nothing was deleted because somebody looked.
    assert {**fourth.json(), "progress": 100} == {**done, "progress": 100}
    assert upstream.videos(account) == [job]
    assert upstream.requests("delete") == upstream.requests("video_delete") == []


def test_the_other_address_is_the_same(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.video(Video(polls=0))
    poll_id = started(bundle, account)
    assert call(bundle, account, "GET", f"async-result/{poll_id}").json() == poll(bundle, account, poll_id).json()


def test_zhipus_own_client_makes_a_video(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.video(Video(polls=2))
    client = ZaiClient(api_key=account.refresh_token, base_url=f"{bundle.url}/v1/", max_retries=0)
    video = client.videos.generations(
        model="cogvideox-3", prompt="A cat", quality="quality", with_audio=True, size="1920x1080", fps=30,
        request_id="my-request", user_id="somebody",
    )  # fmt: skip
    assert (video.task_status, video.video_result, video.request_id) == ("PROCESSING", [], "my-request")
    seen = [client.videos.retrieve_videos_result(id=video.id or "") for _ in range(3)]
    assert [one.task_status for one in seen] == ["PROCESSING", "PROCESSING", "SUCCESS"]
    assert [one.request_id for one in seen] == ["my-request"] * 3
    [result] = seen[-1].video_result
    assert httpx.get(result.url).content == media.VIDEO
    assert httpx.get(result.cover_image_url).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("kind", ["refresh", "access"])
def test_a_job_outlives_the_process_that_began_it(upstream: StandIn, kind: str) -> None:
    account = upstream.account(rotation="lenient")
    token = account.refresh_token if kind == "refresh" else account.access_token()
    environ = {"GLM_CHATGLM_URL": upstream.url}
    upstream.video(Video(polls=1))
    with serve(environ) as first:
        poll_id = create(first, token).json()["id"]
        first.process.kill()
        first.process.wait()
    with serve(environ) as second:
        assert poll(second, token, poll_id).json()["task_status"] == "PROCESSING"
        assert poll(second, token, poll_id).json()["task_status"] == "SUCCESS"


def test_a_failed_job_says_why(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.video(Video(polls=0, outcome="failed", message="内容不合规"))
    answer = poll(bundle, account, started(bundle, account))
    assert answer.status_code == 200
    assert answer.json()["task_status"] == "FAIL"
    assert answer.json()["video_result"] == []
    assert error(answer) == {
        "message": "内容不合规",
        "type": "upstream_error",
        "param": None,
        "code": "video_failed",
    }


def test_a_job_is_deleted_and_a_second_time_is_fine(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poll_id = started(bundle, account)
    for _ in range(2):
        answer = delete(bundle, account, poll_id)
        assert answer.status_code == 200
        assert answer.json() == {"id": poll_id, "object": "video", "deleted": True}
    assert upstream.videos(account) == []
    assert poll(bundle, account, poll_id).status_code == 404


def test_a_deletion_that_did_not_happen_is_told(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poll_id = started(bundle, account)
    upstream.fail("video_delete", status=503, times=4)
    assert delete(bundle, account, poll_id).status_code == 502
    upstream.fail("video_delete", status=503)
    assert delete(bundle, account, poll_id).status_code == 200
    assert upstream.videos(account) == []


def test_a_job_that_the_service_will_not_delete_stays(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poll_id = started(bundle, account)
    upstream.fail("video_delete", code=40000, message="not yet")
    answer = delete(bundle, account, poll_id)
    assert answer.status_code == 502
    assert "not yet" in error(answer)["message"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("prompt", None, ""),
        ("prompt", "", ""),
        ("prompt", "  ", ""),
        ("video_style", "水彩", ["卡通3D", "黑白老照片", "油画", "电影感"]),
        ("emotional_atmosphere", "水平", ["温馨和谐", "生动活泼", "紧张刺激", "凄凉寂寞"]),
        ("mirror_mode", "sideways", ["水平", "垂直", "推近", "拉远"]),
        ("audio_id", "without", ["<key>-<audio id>"]),
        ("audio_id", "-id", ["<key>-<audio id>"]),
        ("audio_id", "key-", ["<key>-<audio id>"]),
        ("audio_id", "key-" + "x" * 97, ["100 bytes"]),
        ("request_id", "声" * 34, ["100 bytes"]),
        ("image_url", 7, ""),
        ("image_url", {"file": "x"}, ""),
        ("image_url", ["https://example.com/1.png", "https://example.com/2.png"], ["one picture"]),
        ("model", "m" * 300, ""),
    ],
)
def test_a_wrong_field_is_named(
    bundle: Bundle, upstream: StandIn, account: Account, field: str, value: object, words: list[str]
) -> None:
    answer = create(bundle, account, **{field: value})
    assert answer.status_code == 400
    assert error(answer)["param"].partition("[")[0] == field
    assert all(word in error(answer)["message"] for word in words)
    assert upstream.record == []


def test_a_conversation_can_be_gone_on_with(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    started(bundle, account, conversation_id="not one")
    [first] = upstream.videos(account)
    started(bundle, account, conversation_id=first.conversation_id)
    assert [job.request["conversation_id"] for job in upstream.videos(account)] == ["", first.conversation_id]


class TestFirstFrame:
    @pytest.fixture
    def picture(self) -> bytes:
        return media.picture(2, 600, 900, "PNG")

    @pytest.mark.parametrize("form", ["data", "base64", "url", "list", "object"])
    def test_a_picture_becomes_the_first_frame(
        self, bundle: Bundle, upstream: StandIn, account: Account, picture: bytes, form: str
    ) -> None:
        url = upstream.site("/cat.png", picture, "image/png")
        given: object = {
            "data": data_url(picture),
            "base64": base64.b64encode(picture).decode(),
            "url": url,
            "list": [url],
            "object": {"url": url},
        }[form]
        started(bundle, account, image_url=given)
        [upload] = upstream.requests("video_upload")
        frame = Image.open(BytesIO(upload.files["file"].content))
        assert (frame.format, frame.size) == ("JPEG", (1440, 960))
        assert upload.files["file"].content_type == "image/jpeg"
        [job] = upstream.videos(account)
        assert len(job.request["source_list"]) == 1

    @pytest.mark.parametrize(
        "content",
        [b"words", b"%PDF-1.7", b"\x89PNG\r\n\x1a\nbroken", media.VIDEO],
        ids=["text", "pdf", "broken", "video"],
    )
    def test_what_is_not_a_picture_is_refused(
        self, bundle: Bundle, upstream: StandIn, account: Account, content: bytes
    ) -> None:
        answer = create(bundle, account, image_url=data_url(content, "image/png"))
        assert answer.status_code == 400
        assert error(answer)["param"] == "image_url"
        assert "not a picture" in error(answer)["message"]
        assert upstream.videos(account) == []

    def test_a_picture_of_too_many_pixels_is_refused(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        written = BytesIO()
        Image.new("1", (8000, 6500)).save(written, "PNG")
        answer = create(bundle, account, image_url=data_url(written.getvalue()))
        assert answer.status_code == 400
        assert "50 million pixels" in error(answer)["message"]

    def test_a_picture_that_cannot_be_fetched_is_refused(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        for url in (f"{upstream.url}/nothing.png", "ftp://example.com/cat.png", "https://"):
            answer = create(bundle, account, image_url=url)
            assert answer.status_code == 400
            assert error(answer)["param"] == "image_url"

    def test_nothing_is_fetched_for_somebody_who_is_not_let_in(
        self, bundle: Bundle, upstream: StandIn, account: Account, picture: bytes
    ) -> None:
        url = upstream.site("/cat.png", picture)
        assert create(bundle, account.foreign_token(), image_url=url).status_code == 401
        assert upstream.requests("/cat.png") == []

    def test_private_addresses_are_not_reached(self, upstream: StandIn, account: Account, picture: bytes) -> None:
        url = upstream.site("/cat.png", picture)
        with serve({"GLM_CHATGLM_URL": upstream.url}) as strict:
            assert create(strict, account, image_url=url).status_code == 400
        assert upstream.requests("/cat.png") == []

    def test_an_upload_is_tried_again(
        self, bundle: Bundle, upstream: StandIn, account: Account, picture: bytes
    ) -> None:
        upstream.fail("video_upload", status=503)
        started(bundle, account, image_url=data_url(picture))
        first, second = upstream.requests("video_upload")
        assert first.body.count(b"\r\n") == second.body.count(b"\r\n")


class TestPictureFirst:
    def test_the_picture_is_drawn_and_begins_the_video(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.script(Answer(Pictures(2, 0)))
        answer = create(bundle, account, model="cogvideox-pro", image_url="https://example.com/ignored.png")
        assert answer.json()["model"] == "cogvideox-pro"
        assert [one.name for one in upstream.record] == [
            "refresh", "chat", "delete", "picture", "video_upload", "video",
        ]  # fmt: skip
        [drawing], [fetched] = upstream.requests("chat"), upstream.requests("picture")
        assert drawing.json["messages"][0]["content"] == [{"type": "text", "text": "请画：A cat"}]
        assert fetched.path.endswith("_0_0.jpg")
        [upload] = upstream.requests("video_upload")
        assert Image.open(BytesIO(upload.files["file"].content)).size == (1440, 960)
        assert len(upstream.videos(account)[0].request["source_list"]) == 1
        assert upstream.conversations(account) == []

    def test_the_filter_is_told(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        upstream.script(Answer(ending=Intervene("换个话题")))
        answer = create(bundle, account, model="cogvideox-pro")
        assert (answer.status_code, error(answer)["code"]) == (400, "content_policy_violation")
        assert upstream.videos(account) == []

    @pytest.mark.parametrize("failure", [{"status": 404}, {"body": b"\x89PNG\r\n\x1a\nbroken"}])
    def test_a_drawn_picture_that_is_none_is_the_services_fault(
        self, bundle: Bundle, upstream: StandIn, account: Account, failure: JSON
    ) -> None:
        upstream.fail("picture", times=None, **failure)
        assert create(bundle, account, model="cogvideox-pro").status_code == 502
        assert upstream.videos(account) == []


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    try:
        server = RedisServer()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


class TestSound:
    def test_a_sound_track_is_added_once_the_video_is_done(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=1))
        poll_id = started(bundle, account, audio_id=SOUND)
        [job] = upstream.videos(account)
        assert poll(bundle, account, poll_id).json()["task_status"] == "PROCESSING"
        assert upstream.requests("compose") == []
        done = poll(bundle, account, poll_id).json()
        assert job.sound == ("music", "5f2b")
        url = f"{upstream.url}/video/{job.chat_id}-5f2b.mp4"
        assert done["data"][0]["video_url"] == done["video_result"][0]["url"] == url
        assert poll(bundle, account, poll_id).json()["data"] == done["data"]
        assert len(upstream.requests("compose")) == 1

    def test_it_is_added_once_for_many_who_ask_at_once(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=0))
        upstream.fail("compose", delay=0.2)
        poll_id = started(bundle, account, audio_id=SOUND)
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda _: poll(bundle, account, poll_id).json()["data"], range(4)))
        assert all(answer == answers[0] for answer in answers)
        assert len(upstream.requests("compose")) == 1

    def test_a_sound_track_that_is_refused_does_not_take_the_video_along(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=0))
        upstream.fail("compose", code=40000, message="no such audio")
        answer = poll(bundle, account, started(bundle, account, audio_id=SOUND))
        assert answer.json()["task_status"] == "FAIL"
        assert "no such audio" in error(answer)["message"]
        [job] = upstream.videos(account)
        assert answer.json()["data"][0]["video_url"].endswith(f"{job.chat_id}.mp4")

    def test_a_fault_while_it_is_added_can_be_asked_away(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=0))
        poll_id = started(bundle, account, audio_id=SOUND)
        upstream.fail("compose", body={"status": 0, "result": {}})
        assert poll(bundle, account, poll_id).status_code == 502
        assert poll(bundle, account, poll_id).json()["task_status"] == "SUCCESS"

    def test_instances_that_share_a_store_give_the_same_answer(
        self, redis: RedisServer, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=0))
        environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": redis.url}
        with serve(environ) as one, serve(environ) as other:
            poll_id = started(one, account, audio_id=SOUND)
            # A strictly rotated token works on both, and where the composed video is, is known to both.
            first = poll(one, account, poll_id).json()
            one.process.kill()
            assert poll(other, account, poll_id).json()["data"] == first["data"]
        assert len(upstream.requests("compose")) == 1


class TestPollId:
    def test_a_changed_id_is_not_found(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        poll_id = started(bundle, account, audio_id=SOUND, request_id="mine")
        before = len(upstream.record)
        for place in [*range(0, len(poll_id), 7), len(poll_id) - 1]:
            other = "A" if poll_id[place] != "A" else "B"
            changed = poll_id[:place] + other + poll_id[place + 1 :]
            assert poll(bundle, account, changed).status_code == 404
            assert delete(bundle, account, changed).status_code == 404
            assert call(bundle, account, "GET", f"async-result/{changed}").status_code == 404
        for changed in (poll_id[:-1], poll_id + "A", poll_id + "=", "made-up", "%00", "é", poll_id * 20):
            assert poll(bundle, account, changed).status_code == 404
        assert len(upstream.record) == before

    def test_the_last_letters_of_all_lengths_count(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        for request_id in ("a", "ab", "abc"):
            poll_id = started(bundle, account, request_id=request_id)
            for other in set(string.ascii_letters + string.digits + "-_.~") - {poll_id[-1]}:
                assert poll(bundle, account, poll_id[:-1] + other).status_code == 404

    def test_it_is_no_good_for_another_account(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        poll_id = started(bundle, account)
        other = upstream.account()
        answer = poll(bundle, other, poll_id)
        assert answer.status_code == 404
        assert error(answer)["param"] == "id"
        assert delete(bundle, other, poll_id).status_code == 404
        assert upstream.requests("video_status") == []
        assert len(upstream.videos(account)) == 1

    def test_it_needs_a_token(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        answer = httpx.get(f"{bundle.url}/v1/videos/generations/{started(bundle, account)}")
        assert answer.status_code == 401

    def test_the_right_one_of_several_tokens_is_found(self, bundle: Bundle, upstream: StandIn) -> None:
        accounts = [upstream.account() for _ in range(5)]
        tokens = ",".join(account.refresh_token for account in accounts)
        for _ in range(6):
            poll_id = create(bundle, tokens).json()["id"]
            assert poll(bundle, tokens, poll_id).json()["task_status"] == "PROCESSING"
        jobs = [job for account in accounts for job in upstream.videos(account)]
        assert sorted(job.asked for job in jobs) == [1] * 6

    def test_those_who_share_a_deployments_accounts_do_not_share_their_jobs(self, upstream: StandIn) -> None:
        accounts = [upstream.account() for _ in range(2)]
        environ = {
            "GLM_CHATGLM_URL": upstream.url,
            "GLM_TOKENS": ",".join(account.refresh_token for account in accounts),
            "GLM_ACCESS_KEYS": "one,two",
        }
        with serve(environ) as bundle:
            poll_id = create(bundle, "one").json()["id"]
            assert poll(bundle, "one", poll_id).json()["task_status"] == "PROCESSING"
            assert poll(bundle, "two", poll_id).status_code == 404
            assert call(bundle, "two", "DELETE", f"videos/generations/{poll_id}").status_code == 404
            assert poll(bundle, "three", poll_id).status_code == 401


class TestWaiting:
    def test_a_client_may_wait_for_the_video_when_it_orders_it(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        upstream.video(Video(polls=0))
        body = {"model": "cogvideox", "prompt": "A cat"}
        answer = call(bundle, account, "POST", "videos/generations", body, Prefer="wait=30")
        assert answer.json()["task_status"] == "SUCCESS"
        assert answer.headers["preference-applied"] == "wait=30"
        assert "retry-after" not in answer.headers
        assert poll(bundle, account, answer.json()["id"]).json() == answer.json()

    def test_a_client_may_wait_for_the_video_when_it_asks(
        self, bundle: Bundle, upstream: StandIn, account: Account
    ) -> None:
        video = upstream.video(Video(polls=None))
        poll_id = started(bundle, account)
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(poll, bundle, account, poll_id, Prefer="respond-async, wait=30")
            upstream.wait_for(lambda: len(upstream.requests("video_status")) == 2)
            video.release()
            assert answer.result().json()["task_status"] == "SUCCESS"

    def test_it_waits_no_longer_than_it_wants(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        upstream.video(Video(polls=None))
        poll_id = started(bundle, account)
        begun = time.monotonic()
        answer = poll(bundle, account, poll_id, Prefer="wait=3")
        assert 3 <= time.monotonic() - begun < 5
        assert answer.json()["task_status"] == "PROCESSING"
        assert answer.headers["preference-applied"] == "wait=3"
        assert answer.headers["retry-after"]

    @pytest.mark.parametrize("prefer", ["respond-async", "wait=soon", "wait=0"])
    def test_it_does_not_wait_unless_it_wants(
        self, bundle: Bundle, upstream: StandIn, account: Account, prefer: str
    ) -> None:
        begun = time.monotonic()
        answer = poll(bundle, account, started(bundle, account), Prefer=prefer)
        assert time.monotonic() - begun < 1.5
        assert ("preference-applied" in answer.headers) == (prefer == "wait=0")

    def test_it_never_waits_past_the_deadline(self, upstream: StandIn, account: Account) -> None:
        upstream.video(Video(polls=None))
        with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_MAX_DURATION": "4"}) as hurried:
            poll_id = started(hurried, account)
            begun = time.monotonic()
            answer = poll(hurried, account, poll_id, Prefer="wait=600")
            assert time.monotonic() - begun < 4
            assert answer.json()["task_status"] == "PROCESSING"
            upstream.fail("video_status", gate=Gate())
            assert poll(hurried, account, poll_id, Prefer="wait=600").status_code == 504

    def test_the_id_is_not_lost_when_a_look_fails(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        upstream.fail("video_status", body=b"<html>", times=None)
        body = {"model": "cogvideox", "prompt": "A cat"}
        answer = call(bundle, account, "POST", "videos/generations", body, Prefer="wait=30")
        assert answer.status_code == 200
        assert answer.json()["task_status"] == "PROCESSING"
        assert poll(bundle, account, answer.json()["id"]).status_code == 502

    def test_a_client_that_leaves_ends_the_wait(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        upstream.video(Video(polls=None))
        poll_id = started(bundle, account)
        headers = {
            "Authorization": f"Bearer {account.refresh_token}",
            "Prefer": "wait=60",
            "X-Request-Id": poll_id[-9:],
        }
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{bundle.url}/v1/videos/generations/{poll_id}", headers=headers, timeout=0.5)
        line = log_line(bundle, poll_id[-9:])
        assert line["status"] == 499
        assert line["ms"] < 5000


class TestBusyAccounts:
    @pytest.fixture
    def chatting(self, bundle: Bundle, upstream: StandIn, account: Account) -> Iterator[Account]:
        """An account that is generating an answer."""
        gate = Gate(after=1)
        upstream.script(Answer(Text("a", "b"), gate=gate))
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(ask, bundle, account)
            gate.wait_sent()
            yield account
            gate.release()
            assert answer.result().choices[0].message.content == "ab"

    def test_jobs_do_not_wait_for_a_chat(self, bundle: Bundle, upstream: StandIn, chatting: Account) -> None:
        upstream.video(Video(polls=0))
        poll_id = started(bundle, chatting)
        assert poll(bundle, chatting, poll_id).json()["task_status"] == "SUCCESS"
        assert delete(bundle, chatting, poll_id).status_code == 200

    def test_a_busy_account_is_asked_again(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        upstream.fail("video", code=BUSY, message=BUSY_MESSAGE, times=2)
        started(bundle, account)
        upstream.fail("video", code=BUSY, message=BUSY_MESSAGE, times=None)
        answer = create(bundle, account)
        assert answer.status_code == 429
        assert answer.headers["retry-after"]

    def test_the_next_account_takes_the_order(self, bundle: Bundle, upstream: StandIn, account: Account) -> None:
        dead = upstream.account(dead=True)
        tokens = f"{dead.refresh_token},{account.refresh_token}"
        for _ in range(3):
            poll_id = create(bundle, tokens).json()["id"]
            assert poll(bundle, tokens, poll_id).status_code == 200
        assert len(upstream.videos(account)) == 3


@pytest.mark.parametrize("result", [None, [], "text", {}, {"chat_id": ""}, {"chat_id": "x" * 300}])
def test_an_order_that_is_taken_without_a_usable_name_is_an_error(
    bundle: Bundle, upstream: StandIn, account: Account, result: object
) -> None:
    upstream.fail("video", body={"status": 0, "result": result})
    assert create(bundle, account).status_code == 502


@pytest.mark.parametrize(
    ("result", "status", "task_status"),
    [
        (None, 200, "PROCESSING"),
        ([], 200, "PROCESSING"),
        ({"status": "queue"}, 200, "PROCESSING"),
        ({"status": "PROCESSING", "video_url": "https://example.com/v.mp4"}, 200, "SUCCESS"),
        ({"status": "finished"}, 502, None),
        ({"status": "finished", "video_url": "https://example.com/v.mp4"}, 200, "SUCCESS"),
        ({"status": "processing", "plan": None}, 200, "PROCESSING"),
        ({"status": "processing", "plan": {"queue": 3}}, 200, "PROCESSING"),
        ({"status": "error"}, 200, "FAIL"),
        ({}, 200, "PROCESSING"),
    ],
)
def test_odd_states_are_read_as_far_as_they_go(
    bundle: Bundle, upstream: StandIn, account: Account, result: object, status: int, task_status: str | None
) -> None:
    poll_id = started(bundle, account)
    upstream.fail("video_status", body={"status": 0, "result": result})
    answer = poll(bundle, account, poll_id)
    assert answer.status_code == status
    assert answer.json().get("task_status") == task_status
    assert "progress" not in answer.json()


@pytest.mark.parametrize(
    ("plan", "progress"), [("7%", 7), ("12.5 %", 12), (40, 40), ("100%", 100), ("250%", 100), ("3/7", None)]
)
def test_progress_is_a_number(
    bundle: Bundle, upstream: StandIn, account: Account, plan: object, progress: int | None
) -> None:
    poll_id = started(bundle, account)
    upstream.fail("video_status", body={"status": 0, "result": {"status": "processing", "plan": plan}})
    assert poll(bundle, account, poll_id).json().get("progress") == progress


def test_a_passing_fault_is_not_seen(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("video", "internal")
    poll_id = started(bundle, account)
    upstream.fail("video_status", drop=True)
    assert poll(bundle, account, poll_id).status_code == 200


def test_a_refused_access_token_is_renewed(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poll_id = started(bundle, account)
    account.revoke_access()
    assert poll(bundle, account, poll_id).status_code == 200
    account.kill()
    assert poll(bundle, account, poll_id).status_code == 401


def test_the_log_names_account_and_upstream(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poll_id = started(bundle, account)
    answer = poll(bundle, account, poll_id)
    line = log_line(bundle, answer.headers["x-request-id"])
    assert (line["upstream"], len(line["tried"]), line["status"]) == ("chatglm", 1, 200)
    assert line["tried"][0]["account"]
    assert account.refresh_token not in json.dumps(line)
