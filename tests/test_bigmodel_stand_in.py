"""The stand-in for the open platform, as its own clients see it: what it answers, and what it refuses."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import zai

from tests.bigmodel import ERRORS, Answer, Call, Platform, Reasoning, Text, Usage, Video
from tests.upstream import media


@pytest.fixture(scope="module")
def server() -> Iterator[Platform]:
    with Platform() as platform:
        yield platform


@pytest.fixture
def platform(server: Platform) -> Iterator[Platform]:
    yield server
    server.reset()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def ask(client: httpx.Client, platform: Platform, key: str, **fields: Any) -> httpx.Response:
    body = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hello"}], **fields}
    return client.post(
        f"{platform.url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=10
    )


def code(response: httpx.Response) -> int:
    return int(response.json()["error"]["code"])


def test_openai_s_client_gets_a_streamed_answer_with_its_usage(platform: Platform) -> None:
    platform.script(Answer(Reasoning("Hm", "."), Text("Hel", "lo"), usage=Usage(5, 7, 2, 3), empty_choices=True))
    with openai.OpenAI(api_key=platform.key(), base_url=platform.url) as client:
        chunks = list(
            client.chat.completions.create(model="glm-5.3", messages=[{"role": "user", "content": "Hi"}], stream=True)
        )
    assert "".join(one.choices[0].delta.content or "" for one in chunks if one.choices) == "Hello"
    assert chunks[0].choices == []
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 12


def test_zhipu_s_client_gets_a_whole_answer_with_a_call(platform: Platform) -> None:
    platform.script(Answer(Call("weather", '{"city":', ' "Rome"}')))
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    client: Any = zai.ZhipuAiClient(api_key=platform.key(), base_url=platform.url)
    answer = client.chat.completions.create(
        model="glm-5.3", messages=[{"role": "user", "content": "Hi"}], tools=[tool], tool_choice="auto"
    )
    client.close()
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"city": "Rome"}


def test_arguments_come_in_pieces_where_the_request_says_so_and_whole_where_not(
    platform: Platform, client: httpx.Client
) -> None:
    key = platform.key()
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    platform.script(Answer(Call("weather", '{"city":', ' "Rome"}')), times=2)
    in_pieces = ask(client, platform, key, stream=True, tools=tools, tool_stream=True).text
    whole = ask(client, platform, key, stream=True, tools=tools).text
    assert in_pieces.count("tool_calls") == 3  # Two pieces, and the finish reason.
    assert whole.count("tool_calls") == 2
    assert in_pieces.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_effort": "medium"},
        {"thinking": {"type": "disabled"}},
        {"model": "glm-4.6v", "max_tokens": 32769},
        {"temperature": 1.1},
        {"temperature": "0.5"},
        {"top_p": 0},
        {"max_tokens": 131073},
        {"max_tokens": 0},
        {"stop": ["a", "b"]},
        {"stop": "a"},
        {"tool_choice": "required"},
        {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}] * 129},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"request_id": "short"},
        {"thinking": {"type": "auto"}},
        {"tool_stream": True},
        {"reasoning_effort": "extreme"},
        {"messages": []},
        {"messages": [{"role": "system", "content": "Be brief."}]},
        {"messages": [{"role": "developer", "content": "Be brief."}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b", "tool_call_id": "c"}]},
        {"messages": [{"role": "user", "content": "a", "name": "Ann"}]},
    ],
)
def test_what_the_platform_does_not_take_is_refused(
    platform: Platform, client: httpx.Client, fields: dict[str, Any]
) -> None:
    response = ask(client, platform, platform.key(), **fields)
    assert response.status_code == 400
    assert code(response) in (1210, 1213, 1214)


@pytest.mark.parametrize(("number", "status"), [(number, status) for number, (status, _) in ERRORS.items()])
def test_every_error_of_the_table_has_its_status(
    platform: Platform, client: httpx.Client, number: int, status: int
) -> None:
    platform.fail("chat", code=number)
    response = ask(client, platform, platform.key())
    assert (response.status_code, code(response)) == (status, number)
    assert "retry-after" not in response.headers


def test_keys_are_refused_for_what_they_are(platform: Platform, client: httpx.Client) -> None:
    assert code(ask(client, platform, "0" * 32 + "." + "a" * 16)) == 1000
    assert code(ask(client, platform, platform.key(refuse=1003))) == 1003
    poor = platform.key(refuse=1113)
    assert code(ask(client, platform, poor)) == 1113
    listed = client.get(f"{platform.url}/models", headers={"Authorization": f"Bearer {poor}"})
    assert "glm-5.3" in [one["id"] for one in listed.json()["data"]]


def test_a_picture_is_a_url_or_bare_base64_and_for_models_that_see(platform: Platform, client: httpx.Client) -> None:
    key = platform.key()
    picture = base64.b64encode(media.picture(1)).decode()

    def show(url: str, model: str = "glm-4.6v") -> int:
        content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
        return ask(client, platform, key, model=model, messages=[{"role": "user", "content": content}]).status_code

    assert show(picture) == 200
    assert show("not base64!") == show(picture, "glm-5.3") == show("https://example.com/a.png") == 400


@pytest.mark.parametrize(
    "fields", [{"n": 1}, {"seed": 1}, {"stream_options": {"include_usage": True}, "stream": True}, {"store": False}]
)
def test_fields_that_are_not_known_are_ignored(
    platform: Platform, client: httpx.Client, fields: dict[str, Any]
) -> None:
    assert ask(client, platform, platform.key(), **fields).status_code == 200


def test_a_script_may_be_a_function_of_the_request(platform: Platform, client: httpx.Client) -> None:
    platform.play(lambda body: Answer(Text(body["messages"][-1]["content"].upper())))
    answer = ask(client, platform, platform.key()).json()
    assert answer["choices"][0]["message"]["content"] == "HELLO"


def test_limits_of_the_request_are_kept(platform: Platform, client: httpx.Client) -> None:
    key = platform.key()
    platform.script(Answer(Text("one ", "two ", "three")), times=2)
    cut = ask(client, platform, key, max_tokens=2).json()["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("one two ", "length")
    stopped = ask(client, platform, key, stop=["three"]).json()["choices"][0]
    assert (stopped["message"]["content"], stopped["finish_reason"]) == ("one two ", "stop")


def test_zhipu_s_client_orders_a_video_and_sees_it_done(platform: Platform) -> None:
    platform.video(Video(polls=1))
    client: Any = zai.ZhipuAiClient(api_key=platform.key(), base_url=platform.url)
    job = client.videos.generations(model="cogvideox-3", prompt="A cat.")
    states = [client.videos.retrieve_videos_result(job.id) for _ in range(2)]
    client.close()
    assert [state.task_status for state in states] == ["PROCESSING", "SUCCESS"]
    assert httpx.get(states[1].video_result[0].url).content == media.VIDEO


def test_embeddings_have_the_dimensions_that_were_asked_for(platform: Platform) -> None:
    client: Any = zai.ZhipuAiClient(api_key=platform.key(), base_url=platform.url)
    found = client.embeddings.create(model="embedding-3", input=["a", "b"], dimensions=256)
    client.close()
    assert [len(one.embedding) for one in found.data] == [256, 256]
