"""The bundle as most people start it: chat, files and pictures on either event loop.

Any other test does the same with `TEST_LOOP=uvloop` in its environment.
"""

import base64
from collections.abc import Iterator

import pytest

from tests.asking import ask, turn
from tests.bundle import Bundle, serve
from tests.upstream import Account, Answer, StandIn, Text, deltas, media


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def bundle(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[Bundle]:
    environ = {"TEST_LOOP": request.param, "GLM_CHATGLM_URL": stand_in.url, "GLM_ALLOW_PRIVATE_URLS": "1"}
    with serve(environ) as bundle:
        yield bundle


def test_a_stream(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(deltas(50, delay=0.001))
    pieces = [chunk.choices[0].delta.content or "" for chunk in ask(bundle, account, stream=True) if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 10


def test_answers_one_after_another(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    for text in ("one", "two", "three"):
        upstream.script(Answer(Text(text)))
        assert ask(bundle, account).choices[0].message.content == text


def test_a_service_that_is_not_there(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", drop=True, times=None)
    response = bundle.http.post(
        f"{bundle.url}/v1/chat/completions",
        headers={"Authorization": f"Bearer {account.refresh_token}"},
        json={"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}]},
    )
    assert 500 < response.status_code < 600


def test_files_are_fetched_and_handed_over(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    poem, picture = "Über allen Gipfeln ist Ruh.".encode(), media.picture(1, 64, 48)
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "file", "file_url": {"url": upstream.site("/poem.txt", poem, "text/plain")}},
        {"type": "image_url", "image_url": {"url": upstream.site("/picture.jpg", picture, "image/jpeg")}},
    ]
    ask(bundle, account, turn("user", parts))
    assert sorted(upload.file.content for upload in upstream.uploads(account)) == sorted([poem, picture])


def test_pictures_are_drawn_and_fetched(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    drawn = bundle.client(account.refresh_token).images.generate(prompt="A cat", response_format="b64_json")
    assert drawn.data
    assert base64.b64decode(drawn.data[0].b64_json or "").startswith((b"\xff\xd8", b"\x89PNG"))
