"""The old text endpoint, as OpenAI's client sees it."""

from typing import Any

import openai
import pytest

from tests.asking import sent, sent_text
from tests.bundle import Bundle
from tests.upstream import Account, Answer, Cut, Search, Source, StandIn, Text, Think


@pytest.fixture
def client(bundle: Bundle, account: Account) -> openai.OpenAI:
    return bundle.client(account.refresh_token)


def test_a_whole_answer(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Search("x", Source("X", "https://x.example/", "…")), Text("a ", "time")))
    done = client.completions.create(model="glm-5.3", prompt="Once upon")
    assert (done.object, done.model) == ("text_completion", "glm-5.3")
    assert (done.choices[0].text, done.choices[0].finish_reason) == ("a time", "stop")
    assert done.usage is not None
    assert done.usage.total_tokens > 0
    assert sent_text(upstream) == "Once upon"


def test_a_streamed_answer(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("a ", "time")))
    options: Any = {"stream_options": {"include_usage": True}, "prompt": ["Once upon"]}
    chunks = list(client.completions.create(model="glm-5.3", stream=True, **options))
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == "a time"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_where_it_is_cut(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("one two three END four")))
    done = client.completions.create(model="glm-5.3", prompt="Count", stop="END", temperature=0.5)
    assert done.choices[0].text == "one two three "
    upstream.script(Answer(Text("one two three four " * 20)))
    done = client.completions.create(model="glm-5.3", prompt="Count", max_tokens=5)
    assert done.choices[0].finish_reason == "length"
    assert "one" in done.choices[0].text


def test_a_stream_that_breaks_off_says_so(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Half an ", "answer"), ending=Cut(after=2, resumes=False)), times=None)
    with pytest.raises(openai.APIError):
        list(client.completions.create(model="glm-5.3", prompt="Hello", stream=True))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"prompt": ["one", "two"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1]]}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "n"),
        ({"logprobs": 1}, "logprobs"),
        ({"echo": True}, "echo"),
        ({"suffix": "end"}, "suffix"),
    ],
)
def test_what_cannot_be_done(client: openai.OpenAI, upstream: StandIn, options: Any, field: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(**{"model": "glm-5.3", "prompt": "Hello", **options})
    assert refused.value.param == field
    assert upstream.requests("chat") == []


def test_the_model_that_is_meant(client: openai.OpenAI, upstream: StandIn) -> None:
    client.completions.create(model="glm-5.3-flash-offline", prompt="Hello")
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3-flash"
    assert sent(upstream)["meta_data"]["is_networking"] is False
