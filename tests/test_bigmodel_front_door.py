"""The open platform through the bundle: with an API key in place of a token, every client works as before."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import zai

from tests import bigmodel
from tests.bigmodel import Call, Platform, embeddings
from tests.bundle import Bundle
from tests.upstream import Account, media

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "How the weather is.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
QUESTION: Any = [{"role": "user", "content": "Weather in Rome?"}]


@pytest.fixture
def zhipu(both: Bundle, platform: Platform) -> Iterator[Any]:
    client: Any = zai.ZhipuAiClient(api_key=platform.key(), base_url=f"{both.url}/v1", max_retries=0)
    yield client
    client.close()


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# Chat.


def test_openai_s_client_streams_reasoning_text_and_usage(both: Bundle, platform: Platform) -> None:
    answer = bigmodel.Answer(bigmodel.Reasoning("Hm."), bigmodel.Text("Hel", "lo"), usage=bigmodel.Usage(50, 7, 2, 40))
    platform.script(answer)
    chunks = list(
        both.client(platform.key()).chat.completions.create(
            model="glm-5.3", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Hello"
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Hm."
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].id.startswith("chatcmpl-")  # There is no conversation: it is the answer's own.
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (50, 7)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 40


@pytest.mark.parametrize("stream", [True, False])
def test_native_calls_and_their_results(both: Bundle, platform: Platform, stream: bool) -> None:
    key = platform.key()
    platform.script(bigmodel.Answer(Call("weather", '{"city":', ' "Rome"}')))
    client = both.client(key)
    if stream:
        with client.chat.completions.stream(model="glm-5.3", messages=QUESTION, tools=[TOOL]) as events:
            message: Any = events.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(model="glm-5.3", messages=QUESTION, tools=[TOOL]).choices[0].message
    [call] = message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Rome"}
    platform.script(bigmodel.Answer(bigmodel.Text("Sunny.")))
    history = [
        *QUESTION,
        message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    answer = client.chat.completions.create(model="glm-5.3", messages=history, tools=[TOOL])
    assert answer.choices[0].message.content == "Sunny."
    assert [one["role"] for one in platform.requests("chat")[-1].json["messages"]] == ["user", "assistant", "tool"]


def test_what_the_platform_does_not_take_is_not_sent(both: Bundle, platform: Platform) -> None:
    platform.script(bigmodel.Answer(bigmodel.Text("one two three")))
    answer = both.client(platform.key()).chat.completions.create(
        model="glm-5.3",
        messages=QUESTION,
        seed=1,
        temperature=2.0,
        presence_penalty=0.5,
        stop=["three", "four"],
        user="somebody",
    )
    assert answer.choices[0].message.content == "one two "


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1003, openai.AuthenticationError),
        (1113, openai.RateLimitError),
        (1211, openai.NotFoundError),
        (1220, openai.PermissionDeniedError),
        (1261, openai.BadRequestError),
        (1301, openai.BadRequestError),
        (1302, openai.RateLimitError),
    ],
)
def test_refusals_are_the_client_s_own_errors(
    both: Bundle, platform: Platform, code: int, kind: type[openai.APIStatusError]
) -> None:
    platform.fail("chat", code=code, times=None)
    with pytest.raises(kind) as caught:
        both.client(platform.key()).chat.completions.create(model="glm-5.3", messages=QUESTION)
    if code == 1113:
        assert caught.value.code == "insufficient_quota"
    if code == 1261:
        assert caught.value.code == "context_length_exceeded"


def test_zhipu_s_client_chats(zhipu: Any) -> None:
    whole = zhipu.chat.completions.create(model="glm-5.3", messages=QUESTION)
    assert "You said: Weather in Rome?" in whole.choices[0].message.content
    chunks = zhipu.chat.completions.create(model="glm-5.3", messages=QUESTION, stream=True)
    assert "You said" in "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


def test_anthropic_s_client_streams_a_call(both: Bundle, platform: Platform) -> None:
    anthropic = pytest.importorskip("anthropic")
    platform.script(bigmodel.Answer(bigmodel.Text("Let me see."), Call("weather", '{"city":', ' "Rome"}')))
    client = anthropic.Anthropic(api_key=platform.key(), base_url=both.url, max_retries=0)
    tool = {"name": "weather", "input_schema": TOOL["function"]["parameters"]}
    with client.messages.stream(model="glm-5.3", max_tokens=1000, messages=QUESTION, tools=[tool]) as stream:
        message = stream.get_final_message()
    client.close()
    assert message.stop_reason == "tool_use"
    assert message.content[-1].input == {"city": "Rome"}


def test_responses_have_calls_too(both: Bundle, platform: Platform) -> None:
    platform.script(bigmodel.Answer(Call("weather", '{"city":', ' "Rome"}')))
    tool: Any = {"type": "function", **TOOL["function"], "strict": False}
    answer = both.client(platform.key()).responses.create(model="glm-5.3", input="Weather in Rome?", tools=[tool])
    assert [one.type for one in answer.output] == ["function_call"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_platform_s_count_is_told_by_the_other_wires_too(both: Bundle, platform: Platform, stream: bool) -> None:
    platform.script(bigmodel.Answer(bigmodel.Text("Hello"), usage=bigmodel.Usage(50, 7, 2, 40)), times=2)
    body = {"model": "glm-5.3", "stream": stream, "messages": QUESTION, "max_tokens": 100, "input": "Hello"}

    def last(wire: str) -> dict[str, Any]:
        answer = httpx.post(f"{both.url}/v1/{wire}", json=body, headers=headers(platform.key())).text
        told = [line.removeprefix("data: ") for line in answer.splitlines() if '"usage"' in line]
        found: dict[str, Any] = json.loads(told[-1])
        return found.get("response", found)["usage"]  # type: ignore[no-any-return]

    message = last("messages")
    assert (message["input_tokens"], message["cache_read_input_tokens"], message["output_tokens"]) == (10, 40, 7)
    response = last("responses")
    assert (response["input_tokens"], response["output_tokens"]) == (50, 7)
    assert response["input_tokens_details"]["cached_tokens"] == 40


# Everything else.


def test_pictures(both: Bundle, platform: Platform) -> None:
    client = both.client(platform.key())
    by_url = client.images.generate(model="cogview-4", prompt="A cat", size="1024x1024")
    assert by_url.data
    assert httpx.get(str(by_url.data[0].url)).content == media.picture(1, kind="PNG")
    inside = client.images.generate(model="cogview-4", prompt="A cat", response_format="b64_json")
    assert inside.data
    assert base64.b64decode(str(inside.data[0].b64_json)) == media.picture(2, kind="PNG")


def test_a_video_to_its_end(zhipu: Any, platform: Platform) -> None:
    platform.video(bigmodel.Video(polls=1))
    job = zhipu.videos.generations(model="cogvideox-3", prompt="A cat")
    states = [zhipu.videos.retrieve_videos_result(job.id) for _ in range(2)]
    assert [state.task_status for state in states] == ["PROCESSING", "SUCCESS"]
    assert httpx.get(states[-1].video_result[0].url).content == media.VIDEO


def test_embeddings_as_numbers_and_as_base64(both: Bundle, platform: Platform) -> None:
    client = both.client(platform.key())
    expected = [embeddings.vector(words, 256) for words in ("a", "b")]
    found = client.embeddings.create(model="embedding-3", input=["a", "b"], dimensions=256, encoding_format="float")
    assert [one.embedding for one in found.data] == expected
    body = {"model": "embedding-3", "input": "a", "dimensions": 256, "encoding_format": "base64"}
    answer = httpx.post(f"{both.url}/v1/embeddings", json=body, headers=headers(platform.key()))
    packed = base64.b64decode(answer.json()["data"][0]["embedding"])
    assert struct.unpack("<256f", packed) == pytest.approx(expected[0])


def test_with_a_token_embeddings_are_refused_clearly(both: Bundle, account: Account) -> None:
    with pytest.raises(openai.BadRequestError):
        both.client(account.refresh_token).embeddings.create(model="embedding-3", input="a")


def test_a_key_is_checked_without_generating(both: Bundle, platform: Platform) -> None:
    verdict = httpx.post(f"{both.url}/token/check", json={"token": platform.key()}).json()
    assert (verdict["live"], verdict["kind"]) == (True, "api_key")
    assert httpx.post(f"{both.url}/token/check", json={"token": "0" * 32 + "." + "a" * 16}).json()["live"] is False
    assert platform.requests("chat") == []


def test_the_models_of_a_key_are_the_platform_s(both: Bundle, platform: Platform) -> None:
    names = [model.id for model in both.client(platform.key()).models.list()]
    assert "glm-4.6v" in names
    assert "glm-4-deepresearch" not in names
    assert both.client(platform.key()).models.retrieve("glm-5.3-think").owned_by == "bigmodel"
