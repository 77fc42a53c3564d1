"""OpenAI's Responses on both platforms: Vercel's runtime, and the streaming function of Lambda."""

from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.platforms import aws, npm
from tests.platforms.vercel import Deployment, build
from tests.upstream import Answer, Gate, StandIn, Text

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module", params=["vercel", "lambda"])
def url(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[str]:
    """Where a running instance is."""
    if request.param == "lambda":
        with aws.Server(aws.package(), GLM_CHATGLM_URL=stand_in.url) as server:
            yield server.url
    else:
        npm.need("vercel", "vercel")
        with Deployment(build(), {"GLM_CHATGLM_URL": stand_in.url}) as deployment:
            yield deployment.url


@pytest.fixture
def client(url: str, upstream: StandIn) -> Iterator[openai.OpenAI]:
    """Instances without a store in common can only share a token that is not taken out of use."""
    key = upstream.account(rotation="lenient").refresh_token
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as official:
        yield official


def test_whole_and_as_it_is_written(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("ha ", "ha ", "haha")))
    assert client.responses.create(model="glm-5.3", input="Hello").output_text == "ha ha haha"
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    with client.responses.create(model="glm-5.3", input="Hello", stream=True) as events:
        words = (event.delta for event in events if event.type == "response.output_text.delta")
        assert next(words) == "ha "
        gate.release()
        assert "".join(words) == "ha haha"


def test_a_kept_conversation_goes_on_elsewhere(client: openai.OpenAI, upstream: StandIn) -> None:
    first = client.responses.create(model="glm-5.3", input="Hello", store=True)
    client.responses.create(model="glm-5.3", input="Go on", previous_response_id=first.id)
    begun, gone_on = upstream.requests("chat")[-2:]
    assert begun.json["conversation_id"] == ""
    assert gone_on.json["conversation_id"]
    assert gone_on.account == begun.account


def test_text_completions_and_models(client: openai.OpenAI, upstream: StandIn, url: str) -> None:
    upstream.script(Answer(Text("a time")))
    assert client.completions.create(model="glm-5.3", prompt="Once upon").choices[0].text == "a time"
    listed = httpx.get(f"{url}/v1/models?client_version=0.169.0").json()
    assert {"data", "models", "object"} == set(listed)
    assert "glm-5.3" in [model["slug"] for model in listed["models"]]


def test_what_is_not_there(client: openai.OpenAI, url: str) -> None:
    with pytest.raises(openai.NotFoundError, match="not stored"):
        client.responses.retrieve("resp_1")
    with pytest.raises(openai.NotFoundError, match="not stored"):
        client.responses.delete("resp_1")
