"""Chat as the official client sees it: streamed and whole, in both of the service's dialects."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.bundle import Bundle
from tests.upstream import (
    Account,
    Answer,
    Code,
    Error,
    Gate,
    Intervene,
    MarkdownPictures,
    Output,
    Pictures,
    Quote,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    Unknown,
)

HELLO: Any = [{"role": "user", "content": "Hello"}]


def ask(bundle: Bundle, account: Account, **options: Any) -> openai.types.chat.ChatCompletion:
    request = {"model": "glm-4", "messages": HELLO, **options}
    answer: openai.types.chat.ChatCompletion = bundle.client(account.refresh_token).chat.completions.create(**request)
    return answer


def calls(upstream: StandIn, account: Account) -> list[str]:
    return [one.name for one in upstream.record if one.account == account.uid]


def stream(bundle: Bundle, account: Account, **options: Any) -> list[ChatCompletionChunk]:
    request = {"model": "glm-4", "messages": HELLO, "stream": True, **options}
    return list(bundle.client(account.refresh_token).chat.completions.create(**request))


def deltas(chunks: list[ChatCompletionChunk], field: str = "content") -> list[str]:
    texts = [getattr(chunk.choices[0].delta, field, None) for chunk in chunks if chunk.choices]
    return [text for text in texts if text]


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
def test_a_streamed_answer_arrives_to_the_letter(
    bundle: Bundle, upstream: StandIn, account: Account, dialect: Any
) -> None:
    pieces = ("ha ", "ha ", "haha 你", "好，", "世界 🌏", "!")
    upstream.script(Answer(Text(*pieces), dialect=dialect, chunk_sizes=(7, 1, 64), crlf=True))
    chunks = stream(bundle, account)
    assert "".join(deltas(chunks)) == "".join(pieces)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {chunk.model for chunk in chunks} == {"glm-4"}
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1


def test_each_delta_is_handed_on_before_the_next_is_sent(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("one ", "two ", "three"), gate=gate))
    create = bundle.client(account.refresh_token).chat.completions.create
    shown = []
    for chunk in create(model="glm-4", messages=HELLO, stream=True):
        text = chunk.choices[0].delta.content
        if text:
            shown.append(text)
            assert gate.sent == len(shown)
            gate.release(1 if len(shown) < 3 else None)
    assert shown == ["one ", "two ", "three"]


def test_a_whole_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hello ", "you")))
    answer = ask(bundle, account)
    assert answer.object == "chat.completion"
    assert answer.model == "glm-4"
    assert answer.choices[0].message.content == "Hello you"
    assert answer.choices[0].finish_reason == "stop"
    assert len(answer.id) >= 24


def test_usage_is_an_estimate_that_grows_with_the_texts(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Let me think about it."), Text("word " * 100)))
    usage = ask(bundle, account, messages=[{"role": "user", "content": "question " * 40}]).usage
    assert usage is not None
    assert 40 <= usage.prompt_tokens <= 80
    assert 100 <= usage.completion_tokens <= 150
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 5


def test_usage_comes_in_a_stream_when_it_is_asked_for(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hi")), times=2)
    assert all(chunk.usage is None for chunk in stream(bundle, account))
    last = stream(bundle, account, stream_options={"include_usage": True})[-1]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens > 1


def test_the_headers_of_a_stream_and_its_end(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hi")))
    response = httpx.post(
        f"{bundle.url}/v1/chat/completions",
        json={"model": "glm-4", "messages": HELLO, "stream": True},
        headers={"Authorization": f"Bearer {account.refresh_token}", "Origin": "https://example.com"},
    )
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["x-request-id"]
    assert response.text.endswith("data: [DONE]\n\n")


def test_reasoning_is_apart_from_the_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm, ", "well."), Text("It is ", "so.")), times=2)
    chunks = stream(bundle, account, model="glm-4-zero")
    assert "".join(deltas(chunks, "reasoning_content")) == "Hm, well."
    assert "".join(deltas(chunks)) == "It is so."
    message = ask(bundle, account, model="glm-4-zero").choices[0].message
    assert message.content == "It is so."
    assert message.model_dump()["reasoning_content"] == "Hm, well."


def test_a_silent_model_leaves_the_reasoning_out(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm."), Text("So.")), times=2)
    chunks = stream(bundle, account, model="glm-4-zero-silent")
    assert deltas(chunks, "reasoning_content") == []
    assert deltas(chunks) == ["So."]
    assert "reasoning_content" not in ask(bundle, account, model="glm-4-think-silent").choices[0].message.model_dump()


SOURCES = (Source("One", "https://one.example/", "…"), Source("Two", "https://two.example/", "…"))


@pytest.mark.parametrize("found", [Search("x", *SOURCES), Quote(*SOURCES)], ids=["2026", "2024"])
def test_sources_are_annotations_each_once(
    bundle: Bundle, upstream: StandIn, account: Account, found: Search | Quote
) -> None:
    upstream.script(Answer(found, found, Text("As they ", "say.")), times=2)
    message = ask(bundle, account).choices[0].message
    assert message.content == "As they say."
    assert message.annotations is not None
    assert [(one.url_citation.url, one.url_citation.title) for one in message.annotations] == [
        ("https://one.example/", "One"),
        ("https://two.example/", "Two"),
    ]
    chunks = stream(bundle, account)
    annotated = [chunk for chunk in chunks if getattr(chunk.choices[0].delta, "annotations", None)]
    assert len(annotated) == 1
    urls = [one["url_citation"]["url"] for one in annotated[0].choices[0].delta.model_dump()["annotations"]]
    assert urls == ["https://one.example/", "https://two.example/"]


def test_programs_and_what_they_print_are_fenced(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(
        Answer(Text("Let me see."), Code("print(", "1 + 1)"), Output("2\n"), Code("x = 3"), Text("It is 2.")), times=2
    )
    expected = "Let me see.\n```python\nprint(1 + 1)\n```\n```\n2\n```\n```python\nx = 3\n```\nIt is 2."
    assert ask(bundle, account).choices[0].message.content == expected
    chunks = stream(bundle, account)
    assert "".join(deltas(chunks)) == expected


def test_pictures_are_markdown_in_their_order_each_once(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Here:"), Pictures(0, 1, prompt="a cat")))
    content = ask(bundle, account).choices[0].message.content
    assert content is not None
    lines = content.splitlines()
    assert lines[0] == "Here:"
    assert [line.rpartition("/")[2].partition("_")[2] for line in lines[1:]] == ["0_0.jpg)", "1_0.jpg)"]
    assert all(line.startswith("![](http") for line in lines[1:])


def test_older_pictures_are_left_as_they_are(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(MarkdownPictures(0, 1)))
    content = ask(bundle, account).choices[0].message.content
    assert content is not None
    assert content.count("![picture](") == 2


def test_unknown_contents_are_kept_out_of_the_text(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Unknown("browser_result", text="no"), Unknown("hologram", text="no"), Text("Yes")))
    assert ask(bundle, account).choices[0].message.content == "Yes"


def test_what_the_filter_says_ends_the_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Once upon "), ending=Intervene("换个话题吧")), times=2)
    choice = ask(bundle, account).choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.message.content == "Once upon \n\n换个话题吧"
    chunks = stream(bundle, account)
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert "".join(deltas(chunks)) == "Once upon \n\n换个话题吧"


@pytest.mark.parametrize(
    ("options", "content", "reason"),
    [
        ({"stop": ["STOP"]}, "one two ", "stop"),
        ({"stop": "two"}, "one ", "stop"),
        ({"stop": ["never"]}, "one two STOP three", "stop"),
        ({"max_tokens": 1}, "one ", "length"),
        ({"max_completion_tokens": 2}, "one two ", "length"),
        ({"max_tokens": 100}, "one two STOP three", "stop"),
    ],
)
def test_stop_and_max_tokens_cut_the_answer(
    bundle: Bundle, upstream: StandIn, account: Account, options: dict[str, Any], content: str, reason: str
) -> None:
    upstream.script(Answer(Text("one t", "wo ST", "OP three")), times=2)
    choice = ask(bundle, account, **options).choices[0]
    assert (choice.message.content, choice.finish_reason) == (content, reason)
    chunks = stream(bundle, account, **options)
    assert ("".join(deltas(chunks)), chunks[-1].choices[0].finish_reason) == (content, reason)


def test_a_cut_answer_is_stopped_upstream(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("one STOP", " two", " three"), gate=gate, lingers=True))
    assert ask(bundle, account, stop="STOP").choices[0].message.content == "one "
    assert calls(upstream, account) == ["refresh", "chat", "stop", "delete"]
    assert upstream.running(account) == []


def test_nothing_is_left_in_the_list_of_conversations(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    ask(bundle, account)
    stream(bundle, account)
    upstream.wait_for(lambda: not upstream.conversations(account))


@pytest.mark.parametrize("named", ["", "none", "a" * 24])
def test_a_request_that_names_a_conversation_keeps_it(
    bundle: Bundle, upstream: StandIn, account: Account, named: str
) -> None:
    if len(named) == 24:
        named = ask(bundle, account, extra_body={"conversation_id": ""}).id
    answer = ask(bundle, account, extra_body={"conversation_id": named})
    assert upstream.conversations(account) == [answer.id]
    assert upstream.requests("delete") == []


def test_an_answer_that_failed_leaves_nothing_behind(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hal"), ending=Error()))
    with pytest.raises(openai.APIError):
        ask(bundle, account)
    assert upstream.conversations(account) == []


@pytest.mark.parametrize("streamed", [True, False])
def test_when_the_client_leaves_the_service_is_stopped_and_the_conversation_deleted(
    bundle: Bundle, upstream: StandIn, account: Account, streamed: bool
) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("one", "two", "three"), gate=gate, lingers=True))
    request = {"model": "glm-4", "messages": HELLO, "stream": streamed}
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    with httpx.Client() as client, pytest.raises(httpx.ReadTimeout):
        client.post(f"{bundle.url}/v1/chat/completions", json=request, headers=headers, timeout=1.0)
    upstream.wait_for(lambda: upstream.requests("delete"))
    upstream.wait_for(lambda: not upstream.running(account) and not upstream.conversations(account))
    assert calls(upstream, account) == ["refresh", "chat", "stop", "delete"]


def test_many_answers_at_once_are_not_mixed_up(bundle: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(20)]
    for number, account in enumerate(accounts):
        upstream.script(Answer(Text(*(f"{number}:{word} " for word in range(20))), delay=0.001), account=account)
    requests = [
        (account, {"model": "glm-4", "messages": HELLO, "stream": bool(number % 2)})
        for number, account in enumerate(accounts)
    ]

    def post(item: tuple[Account, dict[str, Any]]) -> str:
        account, body = item
        headers = {"Authorization": f"Bearer {account.refresh_token}"}
        return httpx.post(f"{bundle.url}/v1/chat/completions", json=body, headers=headers, timeout=30).text

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, requests))
    for number, answer in enumerate(answers):
        expected = "".join(f"{number}:{word} " for word in range(20))
        if number % 2:
            events = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: {")]
            assert "".join(event["choices"][0]["delta"].get("content", "") for event in events) == expected
        else:
            assert json.loads(answer)["choices"][0]["message"]["content"] == expected
