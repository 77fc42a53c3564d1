"""Documents and pictures in a chat: every form that clients send, handed to the service as what they are."""

import base64
from typing import Any

import openai
import pytest

from tests.asking import ask, sent, turn
from tests.bundle import Bundle, serve
from tests.upstream import Account, StandIn, media

PICTURE = media.picture(1, 64, 48)
TEXT = "Über allen Gipfeln ist Ruh.".encode()


def data_url(content: bytes, content_type: str) -> str:
    return f"data:{content_type};base64,{base64.b64encode(content).decode()}"


def parts(*items: dict[str, Any]) -> dict[str, Any]:
    return turn("user", [{"type": "text", "text": "What is this?"}, *items])


def test_every_form_of_a_document(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    url = upstream.site("/poem.txt", TEXT, "text/plain")
    ask(
        bundle,
        account,
        parts(
            {"type": "file", "file_url": {"url": url}},
            {"type": "file", "file_url": {"url": data_url(TEXT, "text/plain")}},
            {"type": "file", "file": {"file_data": data_url(TEXT, "text/plain"), "filename": "Gipfel.txt"}},
            {"type": "file", "file": {"file_data": base64.b64encode(TEXT).decode(), "filename": "Gipfel.md"}},
        ),
    )
    uploads = upstream.uploads(account)
    assert [upload.file.content for upload in uploads] == [TEXT] * 4
    assert {"poem.txt", "Gipfel.txt", "Gipfel.md"} <= {upload.file.filename for upload in uploads}
    content = sent(upstream)["messages"][0]["content"]
    assert [item["type"] for item in content] == ["text", "file"]
    named = sorted(item["file_id"] for item in content[1]["file"])
    assert named == sorted(upload.result["file_id"] for upload in uploads)


def test_a_picture_is_a_picture_whatever_it_is_called(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    url = upstream.site("/notes.txt", PICTURE, "text/plain")
    ask(
        bundle,
        account,
        parts({"type": "image_url", "image_url": {"url": url}}, {"type": "image_url", "image_url": url}),
    )
    uploads = upstream.uploads(account)
    assert [upload.file.content for upload in uploads] == [PICTURE] * 2
    assert all(upload.file.content_type == "image/jpeg" for upload in uploads)
    content = sent(upstream)["messages"][0]["content"]
    assert [item["type"] for item in content] == ["text", "image"]
    assert {picture["image_url"] for picture in content[1]["image"]} == {
        upload.result["file_url"] for upload in uploads
    }
    assert upstream.requests("chat")[-1].ignored == []


def test_a_picture_of_an_earlier_turn_is_still_seen(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    picture = {"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}}
    ask(bundle, account, parts(picture), turn("assistant", "A cat."), "Which colour?")
    assert [item["type"] for item in sent(upstream)["messages"][0]["content"]] == ["text", "image"]


def test_an_upload_may_be_answered_as_a_list(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.answer_uploads_as_list()
    ask(bundle, account, parts({"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}}))
    assert len(sent(upstream)["messages"][0]["content"][1]["image"]) == 1


def test_an_upload_that_fails_once_is_repeated(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("upload", status=503)
    ask(bundle, account, parts({"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}}))
    assert len(upstream.uploads(account)) == 1


def test_a_file_that_cannot_be_had_names_its_part(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    missing = upstream.site("/missing.pdf", b"not here", status=404)
    good = {"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}}
    cases = [
        {"type": "file", "file_url": {"url": missing}},
        {"type": "image_url", "image_url": {"url": "ftp://example.com/x"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,****"}},
        {"type": "file", "file_url": {"url": "http://127.0.0.1:9/"}},
    ]
    for case in cases:
        with pytest.raises(openai.BadRequestError) as raised:
            ask(bundle, account, parts(good, case))
        assert str(raised.value.param).startswith("messages[0].content[2].")
    assert upstream.requests("chat") == []


def test_too_many_files(bundle: Bundle, account: Account) -> None:
    picture = {"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}}
    with pytest.raises(openai.BadRequestError) as raised:
        ask(bundle, account, parts(*[picture] * 11))
    assert raised.value.param == "messages[0].content[11].image_url.url"


def test_a_file_that_is_too_large(stand_in: StandIn, account: Account) -> None:
    url = stand_in.site("/large.bin", b"x" * 1_100_000)
    with (
        serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_ALLOW_PRIVATE_URLS": "1", "GLM_MAX_FILE_MB": "1"}) as bundle,
        pytest.raises(openai.BadRequestError) as raised,
    ):
        ask(bundle, account, parts({"type": "file", "file_url": {"url": url}}))
    assert raised.value.param == "messages[0].content[1].file_url.url"


def test_private_addresses_are_refused(stand_in: StandIn, account: Account) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url}) as bundle:
        for url in (f"{stand_in.url}/secret", "http://169.254.169.254/latest/meta-data/", "http://2130706433/"):
            with pytest.raises(openai.BadRequestError):
                ask(bundle, account, parts({"type": "file", "file_url": {"url": url}}))
    assert not [one for one in stand_in.record if one.path == "/secret"]
