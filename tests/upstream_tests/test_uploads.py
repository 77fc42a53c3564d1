"""The stand-in's uploads, and the site beside it."""

import hashlib

import httpx
import pytest

from tests.upstream import (
    Gate,
    StandIn,
    media,
)
from tests.upstream_tests.client import (
    PLAIN,
    UPLOAD,
    Client,
)


def test_an_uploaded_file_goes_into_a_message(stand_in: StandIn, client: Client) -> None:
    result = client.upload(b"words", "words.txt").json()["result"]
    assert (result["file_name"], result["file_size"]) == ("words.txt", 5)
    assert httpx.get(result["file_url"]).content == b"words"
    (upload,) = stand_in.uploads(client.account)
    assert (upload.file.content, upload.file.sha256) == (b"words", hashlib.sha256(b"words").hexdigest())
    assert client.events({"type": "file", "file": [result]})
    assert client.ask({"type": "file", "file": [{**result, "file_size": 6}]}).status_code == 400
    other = Client(client.http, stand_in.account())
    assert other.ask({"type": "file", "file": [result]}).status_code == 400


def test_a_picture_of_another_shape_is_ignored_in_silence(stand_in: StandIn, client: Client) -> None:
    result = client.upload(media.picture(0, 30, 20, "PNG"), "a.png").json()["result"]
    assert (result["width"], result["height"]) == (30, 20)
    picture = {
        "file_name": result["file_name"],
        "file_id": result["file_id"],
        "image_url": result["file_url"],
        "file_size": result["file_size"],
        "order": 0,
        "width": 0,
        "height": 0,
    }
    for shown in (picture, {**result, "image_url": result["file_url"]}, {**picture, "image_url": "made up"}, "a.png"):
        assert client.events({"type": "image", "image": [shown]})
    assert [len(one.ignored) for one in stand_in.requests("chat")] == [0, 1, 1, 1]
    assert client.events({"type": "image", "image": [picture]}, meta_data={"selected_model": "glm-5.3"})
    assert stand_in.requests("chat")[-1].ignored == ["image: glm-5.3 takes text only"]


def test_an_upload_may_be_answered_as_a_list(stand_in: StandIn, client: Client) -> None:
    stand_in.answer_uploads_as_list()
    (result,) = client.upload(b"words").json()["result"]
    assert result["file_name"] == "a.txt"


def test_an_upload_of_another_shape_is_refused(client: Client) -> None:
    assert client.upload(b"words", assistant_id=PLAIN).status_code == 400
    assert client.upload(b"words", **{"from": "chat"}).status_code == 400
    assert client.post(UPLOAD, {"from": "chat"}).status_code == 400
    form = {"from": "chat", "assistant_id": PLAIN}
    files = [("file", ("a", b"1")), ("more", ("b", b"2"))]
    assert client.http.post(UPLOAD, data=form, files=files, headers=client.headers()).status_code == 400


def test_the_site_serves_pages_redirects_and_wrong_lengths(stand_in: StandIn) -> None:
    page = stand_in.site("/page", b"0123456789", "text/plain", headers={"X-Extra": "1"})
    answer = httpx.get(page)
    assert (answer.content, answer.headers["Content-Length"], answer.headers["X-Extra"]) == (b"0123456789", "10", "1")
    moved = stand_in.site("/moved", status=302, headers={"Location": page})
    assert httpx.get(moved, follow_redirects=True).content == b"0123456789"
    chunked = httpx.get(stand_in.site("/chunked", b"0123456789", content_length=None, drip=(3, 0.001)))
    assert (chunked.content, "Content-Length" in chunked.headers) == (b"0123456789", False)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(stand_in.site("/short", b"0123456789", content_length=20))
    assert [one.path for one in stand_in.requests("site")] == ["/page", "/moved", "/page", "/chunked", "/short"]


def test_a_page_can_be_held(stand_in: StandIn) -> None:
    gate = Gate(after=1)
    with httpx.stream("GET", stand_in.site("/held", b"0123456789", drip=(4, 0.0), gate=gate)) as response:
        gate.wait_sent()
        raw = response.iter_raw()
        assert next(raw) == b"0123"
        gate.release()
        assert b"".join(raw) == b"456789"
