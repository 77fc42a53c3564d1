"""Pictures as the official clients ask for them."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zai import ZaiClient

from lib.errors import BadRequest
from lib.upstreams.chatglm.media.images import aspect_ratio
from lib.wires.shared.size import parse_size
from tests.bundle import Bundle, serve
from tests.upstream import (
    EMPTY,
    Account,
    Answer,
    Code,
    Cut,
    Error,
    Gate,
    Intervene,
    MarkdownPictures,
    Pictures,
    StandIn,
    Text,
    media,
)

DRAWING = "65a232c082ff90a2ad2f15e2"
AGENT = "abcdefghijklmnopqrstuvwx"


def draw(bundle: Bundle, account: Account, prompt: str = "A cat", **options: Any) -> openai.types.ImagesResponse:
    images: openai.types.ImagesResponse = bundle.client(account.refresh_token).images.generate(
        **{"model": "cogview-4", "prompt": prompt, **options}
    )
    return images


def urls(images: openai.types.ImagesResponse) -> list[str]:
    return [image.url or "" for image in images.data or []]


def numbers(images: openai.types.ImagesResponse) -> list[int]:
    return [int(url.rpartition("_0.jpg")[0][-1]) for url in urls(images)]


def sent(upstream: StandIn) -> Any:
    return upstream.requests("chat")[-1].json


def test_four_pictures_come_in_order_though_they_arrive_out_of_order(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Pictures(2, 0, 3, 1, prompt="a cat on a sofa, oil")))
    images = draw(bundle, account)
    assert numbers(images) == [0, 1, 2, 3]
    assert {image.revised_prompt for image in images.data or []} == {"a cat on a sofa, oil"}
    assert all(image.b64_json is None for image in images.data or [])
    assert abs(images.created - time.time()) < 10
    assert httpx.get(urls(images)[3]).content == media.picture(3)
    assert upstream.conversations(account) == []


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
def test_the_older_form_is_read_too(bundle: Bundle, upstream: StandIn, account: Account, dialect: Any) -> None:
    upstream.script(Answer(Text("Here ", "they are:\n"), MarkdownPictures(1, 3, 0, 2), dialect=dialect))
    images = draw(bundle, account)
    assert numbers(images) == [0, 1, 2, 3]
    assert all(image.revised_prompt is None for image in images.data or [])
    assert upstream.conversations(account) == []


def test_the_service_is_asked_as_its_page_asks(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    draw(bundle, account, size="1792x1024", extra_body={"style": "oil", "scene": "poster"})
    body = sent(upstream)
    assert body["assistant_id"] == DRAWING
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "请画：A cat"}]}]
    assert body["meta_data"]["is_networking"] is False
    assert body["meta_data"]["cogview"] == {
        "aspect_ratio": "16:9",
        "style": "oil",
        "scene": "poster",
        "chat_model": "",
        "rm_label_watermark": False,
    }


def test_what_is_not_said_is_left_to_the_service(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    draw(bundle, account, "画一只猫", size="auto", style="vivid")
    assert sent(upstream)["messages"][0]["content"] == [{"type": "text", "text": "画一只猫"}]
    cogview = sent(upstream)["meta_data"]["cogview"]
    assert (cogview["aspect_ratio"], cogview["style"], cogview["scene"]) == ("1:1", "none", "none")


@pytest.mark.parametrize("n", [1, 2, 4])
def test_as_many_come_as_are_asked_for(bundle: Bundle, upstream: StandIn, account: Account, n: int) -> None:
    assert numbers(draw(bundle, account, n=n)) == list(range(n))


def test_fewer_come_where_fewer_were_drawn(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Pictures(3, 1)))
    assert numbers(draw(bundle, account, n=4)) == [1, 3]


def test_a_model_may_be_an_agent(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Pictures(1, 0, prompt="polished")))
    images = draw(bundle, account, model=AGENT)
    assert sent(upstream)["assistant_id"] == AGENT
    assert [image.revised_prompt for image in images.data or []] == ["polished", "polished"]
    assert upstream.conversations(account) == []


def test_an_agents_wording_may_stand_apart_from_its_pictures(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Code("pol", "ished"), Pictures(1, 0)))
    assert [image.revised_prompt for image in draw(bundle, account, model=AGENT).data or []] == ["polished", "polished"]


@pytest.mark.parametrize("model", ["dall-e-3", "gpt-image-2", "", None])
def test_any_other_model_draws(bundle: Bundle, upstream: StandIn, account: Account, model: str | None) -> None:
    assert len(urls(draw(bundle, account, model=model))) == 4
    assert sent(upstream)["assistant_id"] == DRAWING


def test_the_content_of_pictures_comes_in_base64(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    images = draw(bundle, account, response_format="b64_json")
    contents = [base64.b64decode(image.b64_json or "") for image in images.data or []]
    assert contents == [media.picture(number) for number in range(4)]
    assert urls(images) == [""] * 4


def test_the_content_of_pictures_is_fetched_at_once(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate()
    upstream.fail("picture", gate=gate, times=None)
    with ThreadPoolExecutor() as pool:
        images = pool.submit(draw, bundle, account, response_format="b64_json")
        upstream.wait_for(lambda: len(upstream.requests("picture")) == 4)
        gate.release()
        assert len(images.result().data or []) == 4


def test_only_the_pictures_asked_for_are_fetched(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    draw(bundle, account, n=1, response_format="b64_json")
    assert len(upstream.requests("picture")) == 1


def test_a_picture_that_is_late_is_fetched_again(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("picture", status=404)
    assert len(draw(bundle, account, response_format="b64_json").data or []) == 4
    assert len(upstream.requests("picture")) == 5


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ({"status": 404}, "cannot be fetched"),
        ({"body": b"<html>", "content_type": "image/jpeg"}, "cannot be fetched"),
        ({"body": b"\xff\xd8\xff" + bytes(21 * 1024 * 1024)}, "cannot be fetched"),
    ],
)
def test_a_picture_that_cannot_be_had_is_the_services_fault(
    bundle: Bundle, upstream: StandIn, account: Account, failure: dict[str, Any], message: str
) -> None:
    upstream.fail("picture", times=None, **failure)
    with pytest.raises(openai.InternalServerError, match=message) as raised:
        draw(bundle, account, n=1, response_format="b64_json")
    assert raised.value.status_code == 502


@pytest.mark.parametrize(
    "answer", [Answer(ending=Intervene("换个话题")), Answer(Pictures(0), ending=Intervene("换个话题"))]
)
def test_what_the_filter_stops_is_told_in_openais_words(
    bundle: Bundle, upstream: StandIn, account: Account, answer: Answer
) -> None:
    upstream.script(answer, times=None)
    with pytest.raises(openai.BadRequestError, match="换个话题") as raised:
        draw(bundle, account)
    assert raised.value.code == "content_policy_violation"
    assert upstream.conversations(account) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Text("I would rather not.")),
        Answer(Code("print(1)")),
        Answer(Text("![a](javascript:alert(1)) ![b](data:image/png;base64,AAAA)")),
        Answer(ending=Error(10024, "generator exit")),
        Answer(ending=EMPTY),
    ],
    ids=["words", "code", "no http", "error", "empty"],
)
def test_no_picture_is_an_error(bundle: Bundle, upstream: StandIn, account: Account, answer: Answer) -> None:
    upstream.script(answer, times=None)
    with pytest.raises(openai.InternalServerError) as raised:
        draw(bundle, account)
    assert raised.value.status_code == 502
    assert upstream.conversations(account) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Pictures(0), ending=Error(10024, "generator exit")),
        Answer(Pictures(0), ending=Error(10024, "generator exit"), chunk_sizes=(100_000,)),
        Answer(Pictures(0, 1), ending=Cut(2, resumes=False)),
    ],
    ids=["error", "error at once", "cut"],
)
def test_pictures_that_are_there_outlive_a_failure_after_them(
    bundle: Bundle, upstream: StandIn, account: Account, answer: Answer
) -> None:
    upstream.script(answer)
    assert draw(bundle, account).data
    assert upstream.conversations(account) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 5),
        ("n", 0),
        ("n", "many"),
        ("size", "large"),
        ("size", "0x100"),
        ("size", "100"),
        ("response_format", "gif"),
        ("prompt", ""),
        ("prompt", " \n"),
        ("prompt", None),
        ("prompt", ["a", "b"]),
        ("style", "x" * 101),
        ("scene", 7),
        ("model", "m" * 300),
        ("stream", True),
    ],
)
def test_a_wrong_field_is_named(bundle: Bundle, upstream: StandIn, account: Account, field: str, value: object) -> None:
    answer = httpx.post(
        f"{bundle.url}/v1/images/generations",
        headers={"Authorization": f"Bearer {account.refresh_token}"},
        json={"prompt": "A cat", field: value},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field
    assert upstream.requests("chat") == []


def test_an_account_draws_one_set_after_another(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Pictures(1, 0), delay=0.1), times=None)
    with ThreadPoolExecutor() as pool:
        drawn = list(pool.map(lambda _: numbers(draw(bundle, account)), range(3)))
    assert drawn == [[0, 1]] * 3
    assert all(chat.code == 0 for chat in upstream.requests("chat"))


def test_the_next_account_draws_where_one_is_refused(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    dead = upstream.account(dead=True)
    client = bundle.client(f"{dead.refresh_token},{account.refresh_token}")
    assert all(len(client.images.generate(prompt="A cat").data or []) == 4 for _ in range(4))


@pytest.fixture
def hurried(upstream: StandIn) -> Iterator[Bundle]:
    """A bundle on a platform that ends every invocation after 3 seconds."""
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_ALLOW_PRIVATE_URLS": "1", "GLM_MAX_DURATION": "3"}
    with serve(environ) as bundle:
        yield bundle


def test_what_has_been_drawn_when_the_time_is_over_is_not_lost(
    hurried: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Pictures(2, 0, 3, 1), gate=Gate(after=2)))
    assert numbers(draw(hurried, account)) == [0, 2]
    assert upstream.conversations(account) == []
    assert upstream.running(account) == []


def test_a_drawing_that_takes_too_long_ends_in_time_and_leaves_nothing(
    hurried: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Pictures(0, 1), opening=True, gate=Gate(after=1)))
    started = time.monotonic()
    with pytest.raises(openai.APIStatusError) as raised:
        draw(hurried, account)
    assert raised.value.status_code == 504
    assert time.monotonic() - started < 4
    assert upstream.conversations(account) == []
    upstream.script(Answer(Pictures(0), opening=True))
    upstream.fail("picture", gate=Gate(), times=None)
    with pytest.raises(openai.APIStatusError) as raised:
        draw(hurried, account, response_format="b64_json")
    assert raised.value.status_code == 504


@pytest.fixture(scope="module")
def vercel(stand_in: StandIn) -> Iterator[Bundle]:
    """A bundle that sees Vercel's mark."""
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_ALLOW_PRIVATE_URLS": "1", "VERCEL": "1"}) as bundle:
        yield bundle


def test_more_than_the_platform_lets_through_is_refused_with_advice(
    vercel: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.fail("picture", body=b"\xff\xd8\xff" + bytes(1_000_000), content_type="image/jpeg", times=None)
    assert len(draw(vercel, account, n=3, response_format="b64_json").data or []) == 3
    with pytest.raises(openai.APIStatusError, match=r'5\.3 MB.*4\.5 MB.*response_format "url"') as raised:
        draw(vercel, account, response_format="b64_json")
    assert raised.value.status_code == 413


def test_zhipus_own_client_draws(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    client = ZaiClient(api_key=account.refresh_token, base_url=f"{bundle.url}/v1/", max_retries=0)
    images = client.images.generations(model="cogview-4", prompt="A cat", size="768x1344", n=2, user_id="somebody")
    assert [(image.url or "")[-8:] for image in images.data] == ["_0_0.jpg", "_1_0.jpg"]
    assert [image.revised_prompt for image in images.data] == ["请画：A cat, painted by the stand-in"] * 2
    assert sent(upstream)["meta_data"]["cogview"]["aspect_ratio"] == "9:16"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        (None, "1:1"),
        ("", "1:1"),
        ("auto", "1:1"),
        ("256x256", "1:1"),
        ("1024x1024", "1:1"),
        ("1536x1024", "3:2"),
        ("1024x1536", "2:3"),
        ("1792x1024", "16:9"),
        ("1024x1792", "9:16"),
        ("768x1344", "9:16"),
        ("864x1152", "3:4"),
        ("1344x768", "16:9"),
        ("1152x864", "4:3"),
        ("1440x720", "16:9"),
        ("720x1440", "9:16"),
        ("16:9", "16:9"),
        ("1024*768", "4:3"),
        ("99999x1", "16:9"),
    ],
)
def test_a_size_becomes_the_nearest_ratio(size: str | None, ratio: str) -> None:
    assert aspect_ratio(parse_size(size)) == ratio


@given(st.integers(1, 99999), st.integers(1, 99999))
def test_a_size_turned_becomes_the_ratio_turned(width: int, height: int) -> None:
    ratio = aspect_ratio((width, height))
    across, down = map(int, ratio.split(":"))
    turned = aspect_ratio((height, width))
    assert turned == f"{down}:{across}"
    assert (across > down) <= (width > height)


@given(st.text())
def test_any_size_is_read_or_refused(size: str) -> None:
    with suppress(BadRequest):
        assert ":" in aspect_ratio(parse_size(size))
