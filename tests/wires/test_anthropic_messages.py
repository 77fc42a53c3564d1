"""Anthropic's Messages as its own client sees them."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx
import pytest
from pydantic import BaseModel

from tests.asking import sent, sent_text
from tests.bundle import Bundle, serve
from tests.upstream import Account, Answer, Gate, Intervene, Search, Source, StandIn, Text, Think, media
from tests.wires.messages import HELLO, ask, client, stream, text_of

PNG = base64.b64encode(media.picture(1, 30, 30, "PNG")).decode()


def post(bundle: Bundle, account: Account, path: str = "/v1/messages", **fields: Any) -> httpx.Response:
    body = {"model": "glm-5.3", "max_tokens": 100, "messages": HELLO, **fields}
    return httpx.post(f"{bundle.url}{path}", json=body, headers={"x-api-key": account.refresh_token}, timeout=30)


def test_a_whole_message(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
    message = ask(bundle.url, account, model="claude-opus-4-8", system="Laugh.")
    assert text_of(message) == "ha ha haha"
    assert [block.type for block in message.content] == ["text"]
    assert (message.role, message.model, message.stop_reason) == ("assistant", "claude-opus-4-8", "end_turn")
    assert message.id.startswith("msg_")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message._request_id
    assert "Laugh." in sent_text(upstream)
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_a_streamed_message(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm, ", "well."), Text("ha ", "ha ", "haha")))
    kinds, message = stream(bundle.url, account, model="claude-haiku-4-5", thinking={"type": "adaptive"})
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    thinking, text = message.content
    assert thinking.type == "thinking"
    assert (thinking.thinking, text.type) == ("Hm, well.", "text")
    assert thinking.signature
    assert text_of(message) == "ha ha haha"
    assert message.model == "claude-haiku-4-5"
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3-flash"


def test_words_come_as_they_are_written(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    official = client(bundle.url, account)
    with official, official.messages.stream(model="glm-5.3", max_tokens=100, messages=HELLO) as events:
        words = iter(events.text_stream)
        assert next(words) == "ha "
        gate.release()
        assert "".join(words) == "ha haha"


def test_the_head_of_a_stream(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hi")))
    response = post(bundle, account, "/v1/messages?beta=true", stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["request-id"] == response.headers["x-request-id"]
    names = [line.removeprefix("event: ") for line in response.text.splitlines() if line.startswith("event: ")]
    assert [*dict.fromkeys(names)] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("header", ["x-api-key", "Authorization"])
def test_either_header_brings_the_key(bundle: Bundle, upstream: StandIn, account: Account, header: str) -> None:
    upstream.script(Answer(Text("Hi")))
    options: Any = {"auth_token" if header == "Authorization" else "api_key": account.refresh_token}
    with anthropic.Anthropic(base_url=bundle.url, max_retries=0, **options) as official:
        assert text_of(official.messages.create(model="glm-5.3", max_tokens=100, messages=HELLO)) == "Hi"


def test_a_search_and_what_it_found(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    sources = (Source("One", "https://one.example/", "All of cats."), Source("Two", "https://two.example/"))
    upstream.script(Answer(Search("cats", *sources), Text("Cats purr.")), times=3)
    search: Any = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    for message in (ask(bundle.url, account, tools=[search]), stream(bundle.url, account, tools=[search])[1]):
        asked, found, text = message.content
        assert asked.type == "server_tool_use"
        assert asked.input == {"query": "cats"}
        assert found.type == "web_search_tool_result"
        assert isinstance(found.content, list)
        assert [one.url for one in found.content] == ["https://one.example/", "https://two.example/"]
        assert text.type == "text"
        assert message.usage.server_tool_use
        assert message.usage.server_tool_use.web_search_requests == 1
    assert sent(upstream)["meta_data"]["is_networking"] is True
    again = [*HELLO, {"role": "assistant", "content": [block.to_dict() for block in message.content]}, *HELLO]
    assert text_of(ask(bundle.url, account, messages=again)) == "Cats purr."
    assert sent(upstream)["meta_data"]["is_networking"] is False


def test_why_it_ended(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one, two, END, three")), times=2)
    stopped = ask(bundle.url, account, stop_sequences=["END"])
    assert (text_of(stopped), stopped.stop_reason, stopped.stop_sequence) == ("one, two, ", "stop_sequence", "END")
    cut = stream(bundle.url, account, max_tokens=1)[1]
    assert cut.stop_reason == "max_tokens"
    upstream.script(Answer(Text("one"), ending=Intervene("Let us talk of something else.")))
    refused = ask(bundle.url, account)
    assert refused.stop_reason == "refusal"
    assert "something else" in text_of(refused)


class Title(BaseModel):
    title: str


def test_structured_output(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text('{"title": "Cats"}')), times=None)
    with client(bundle.url, account) as official:
        parsed = official.messages.parse(model="glm-5.3", max_tokens=100, messages=HELLO, output_format=Title)
    assert parsed.parsed_output == Title(title="Cats")


def test_pictures_in_messages_and_in_results_of_tools_are_seen(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Text("A cat.")), times=2)
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    ask(bundle.url, account, messages=[{"role": "user", "content": [picture, {"type": "text", "text": "What?"}]}])
    assert [part["type"] for part in sent(upstream)["messages"][0]["content"]] == ["text", "image"]
    call = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "cat.png"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [picture]}
    turns = [*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    ask(bundle.url, account, messages=turns)
    assert [part["type"] for part in sent(upstream)["messages"][0]["content"]] == ["text", "image"]


def test_tokens_are_counted_and_nothing_is_generated(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    with client(bundle.url, account) as official:
        short = official.messages.count_tokens(model="claude-opus-4-8", messages=HELLO).input_tokens
        long = official.messages.count_tokens(
            model="glm-5.3", messages=[{"role": "user", "content": "word " * 1000}], system="Be kind."
        ).input_tokens
    assert 0 < short < long
    assert 500 < long < 3000
    assert upstream.record == []


def test_requests_of_one_account_take_turns(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    """As Claude Code asks: a title beside the first answer, and sub-agents."""
    upstream.script(Answer(Text("one ", "two"), delay=0.05), times=4)
    with ThreadPoolExecutor(4) as pool:
        messages = list(pool.map(lambda _: ask(bundle.url, account), range(4)))
    assert [text_of(message) for message in messages] == ["one two"] * 4


def test_models_in_anthropics_form(bundle: Bundle) -> None:
    with client(bundle.url, "any") as official:
        models = list(official.models.list())
        assert {"claude-opus", "claude-sonnet", "claude-haiku", "glm-5.3", "glm-5.3-think"} <= {
            one.id for one in models
        }
        assert [official.models.retrieve(one.id).id for one in models] == [one.id for one in models]
        assert official.models.retrieve("claude-haiku-4-5").display_name == "glm-5.3-flash (claude-haiku-4-5)"
        with pytest.raises(anthropic.NotFoundError):
            official.models.retrieve("gpt-17")
    names = [one["id"] for one in httpx.get(f"{bundle.url}/v1/models").json()["data"]]
    assert "glm-5.3" in names
    assert not any(name.startswith("claude") for name in names)


def test_the_deployers_own_aliases_hold_on_every_wire(stand_in: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": stand_in.url, "GLM_MODEL_ALIASES": "claude-opus*=glm-4-zero, gpt-4o=glm-5.3-think"}
    with serve(environ) as bundle:
        assert ask(bundle.url, account, model="claude-opus-4-8").model == "claude-opus-4-8"
        assert sent(stand_in)["meta_data"]["chat_mode"] == "thinking"
        ask(bundle.url, account, model="claude-haiku-4-5")
        assert sent(stand_in)["meta_data"]["selected_model"] == "glm-5.3-flash"
        official = bundle.client(account.refresh_token)
        made = official.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
        assert made.model == "gpt-4o"
        assert sent(stand_in)["meta_data"]["selected_model"] == "glm-5.3"
        assert sent(stand_in)["meta_data"]["chat_mode"] == "thinking"
        assert "gpt-4o" in [model.id for model in official.models.list()]


def test_what_claude_code_looks_for_first(bundle: Bundle) -> None:
    assert httpx.head(bundle.url).status_code == 200
    assert httpx.head(f"{bundle.url}/").status_code == 200


def test_the_log_says_who_asked_for_what(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Hi")))
    message = ask(bundle.url, account, model="claude-opus-4-8")
    line = bundle.logged(str(message._request_id))
    assert (line["model"], line["stream"], line["status"]) == ("claude-opus-4-8", False, 200)
    assert "Hello" not in json.dumps(line)
