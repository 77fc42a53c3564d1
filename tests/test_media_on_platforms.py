"""Pictures and videos as both platforms serve them: built or packed, and run by the platform's own runtime."""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import httpx
import openai
import pytest
from zai import ZaiClient

from tests.platforms import aws, npm
from tests.platforms.vercel import Deployment, build
from tests.upstream import Account, StandIn, Video, media

pytestmark = pytest.mark.platform

type Start = Callable[[str], AbstractContextManager[Deployment | aws.Function]]
"""Starts an instance of the function `images` or `videos`."""


@pytest.fixture(params=["vercel", "lambda"])
def start(request: pytest.FixtureRequest, upstream: StandIn) -> Start:
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_ALLOW_PRIVATE_URLS": "1"}
    if request.param == "lambda":
        package = aws.package()
        return lambda name: aws.Function(package, name, **environ)
    npm.need("vercel", "vercel")
    return lambda _: Deployment(build(), environ)


@pytest.fixture
def account(upstream: StandIn) -> Account:
    """Instances without a store in common can only share a token that is not taken out of use."""
    return upstream.account(rotation="lenient")


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_official_client_draws(running: ExitStack, start: Start, account: Account) -> None:
    images = running.enter_context(start("images"))
    client = running.enter_context(
        openai.OpenAI(base_url=f"{images.url}/v1", api_key=account.refresh_token, max_retries=0)
    )
    addresses = client.images.generate(prompt="A cat", n=2, size="1024x1024").data or []
    assert [httpx.get(image.url or "").content for image in addresses] == [media.picture(0), media.picture(1)]
    contents = client.images.generate(prompt="A cat", response_format="b64_json").data or []
    assert [base64.b64decode(image.b64_json or "") for image in contents] == [media.picture(n) for n in range(4)]


def test_zhipus_own_client_makes_a_video_on_two_instances(
    running: ExitStack, start: Start, upstream: StandIn, account: Account
) -> None:
    def client(url: str) -> ZaiClient:
        return ZaiClient(api_key=account.refresh_token, base_url=f"{url}/v1/", max_retries=0)

    upstream.video(Video(polls=1))
    picture = "data:image/png;base64," + base64.b64encode(media.picture(1, 30, 30, "PNG")).decode()
    with start("videos") as first:
        created = client(first.url).videos.generations(model="cogvideox", prompt="A cat", image_url=picture)
    assert created.task_status == "PROCESSING"
    second = running.enter_context(start("videos"))
    seen = [client(second.url).videos.retrieve_videos_result(id=created.id or "") for _ in range(2)]
    assert [one.task_status for one in seen] == ["PROCESSING", "SUCCESS"]
    assert httpx.get(seen[1].video_result[0].url).content == media.VIDEO
    headers = {"Authorization": f"Bearer {account.refresh_token}", "Prefer": "wait=5"}
    answer = httpx.get(f"{second.url}/v1/videos/generations/{created.id}", headers=headers)
    assert answer.headers["preference-applied"] == "wait=5"
    assert httpx.delete(f"{second.url}/v1/videos/generations/{created.id}", headers=headers).json()["deleted"]
    assert upstream.videos(account) == []
