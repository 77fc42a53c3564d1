"""OpenAI's Responses as its own client sees them."""

import asyncio
import base64
import json
import re
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel
from starlette.types import Message

from api import index
from lib.accounts import response_id
from lib.accounts.keys import Candidate, Key
from lib.upstreams.chatglm.upstream import ChatGLM
from tests import captures
from tests.asking import sent, sent_text
from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    Account,
    Answer,
    Cut,
    Gate,
    Intervene,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    media,
)

PNG = base64.b64encode(media.picture(1, 30, 30, "PNG")).decode()
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def client(bundle: Bundle, account: Account) -> openai.OpenAI:
    return bundle.client(account.refresh_token)


def ask(client: openai.OpenAI, given: Any = "Hello", **options: Any) -> Response:
    made: Response = client.responses.create(**{"model": "glm-5.3", "input": given, **options})
    return made


def post(bundle: Bundle, account: Account, **fields: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    return httpx.post(f"{bundle.url}/v1/responses", json={"input": "Hello", **fields}, headers=headers, timeout=30)


# --- Answers


def test_a_whole_response(client: openai.OpenAI, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
    response = ask(client, instructions="Laugh.", reasoning={"effort": "high"})
    assert response.output_text == "ha ha haha"
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert (response.status, response.model, response.object) == ("completed", "glm-5.3", "response")
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    assert "Laugh." in sent_text(upstream)
    assert sent(upstream)["meta_data"]["chat_mode"] == "thinking"
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_a_streamed_response(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm, ", "well."), Text("ha ", "ha ", "haha")))
    with client.responses.stream(model="glm-5.3", input="Hello") as events:
        kinds = [event.type for event in events]
        response = events.get_final_response()
    assert response.output_text == "ha ha haha"
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    thought = response.output[0]
    assert thought.type == "reasoning"
    assert thought.summary[0].text == "Hm, well."


def test_words_come_as_they_are_written(client: openai.OpenAI, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    with client.responses.create(model="glm-5.3", input="Hello", stream=True) as events:
        words = (event.delta for event in events if event.type == "response.output_text.delta")
        assert next(words) == "ha "
        gate.release()
        assert "".join(words) == "ha haha"


def test_a_parsed_answer(client: openai.OpenAI, upstream: StandIn) -> None:
    class Fox(BaseModel):
        name: str
        legs: int

    upstream.script(Answer(Text('{"name": "Reineke", ', '"legs": 4}')))
    parsed = client.responses.parse(model="glm-5.3", input="A fox.", text_format=Fox).output_parsed
    assert parsed == Fox(name="Reineke", legs=4)


def test_pictures_and_files_reach_the_service(client: openai.OpenAI, upstream: StandIn, account: Account) -> None:
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
    ask(client, [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, picture]}])
    (upload,) = upstream.uploads(account)
    assert upload.file.content == base64.b64decode(PNG)


def test_a_search_of_the_services(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Search("foxes", Source("Foxes", "https://fox.example/", "All of foxes.")), Text("Foxes.")))
    response = ask(client, tools=[{"type": "web_search"}])
    search, message = response.output
    assert search.type == "web_search_call"
    assert message.type == "message"
    assert [one.url for one in message.content[0].annotations] == ["https://fox.example/"]  # type: ignore[union-attr]
    assert sent(upstream)["meta_data"]["is_networking"] is True


def test_an_answer_that_the_filter_ends(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Once "), ending=Intervene("换个话题吧")))
    response = ask(client)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "content_filter"
    assert "换个话题吧" in response.output_text


@pytest.mark.parametrize("name", captures.names("codex"))
@pytest.mark.parametrize("streamed", [True, False])
def test_what_codex_sends_is_answered(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, streamed: bool
) -> None:
    upstream.script(Answer(Think("Hm."), Text("Done.")))
    request = captures.load(name, account.refresh_token)
    body = {**request.body, "stream": streamed}
    answered = httpx.post(f"{bundle.url}/v1/responses", headers=request.headers, json=body, timeout=30)
    assert answered.status_code == 200
    if streamed:
        assert answered.text.startswith("event: response.created\n")
        event, data = answered.text.removesuffix("\n\n").rpartition("\n\n")[2].split("\n")
        assert event == "event: response.completed"
        response = json.loads(data.removeprefix("data: "))["response"]
    else:
        response = answered.json()
    assert response["output"][-1]["content"][0]["text"] == "Done."
    assert response["output"][0]["encrypted_content"], "it asked for it"


# --- Conversations


def test_a_kept_conversation_goes_on(client: openai.OpenAI, upstream: StandIn, account: Account) -> None:
    first = ask(client, "I am a fox.", store=True)
    conversation = upstream.conversations(account)[0]
    assert first.id.startswith("resp_")
    second = ask(client, "What am I?", previous_response_id=first.id)
    assert sent(upstream)["conversation_id"] == conversation
    assert "I am a fox." not in sent_text(upstream)
    assert second.previous_response_id == first.id
    assert second.id != first.id
    with client.responses.stream(model="glm-5.3", input="And now?", previous_response_id=second.id, store=True) as one:
        third = one.get_final_response()
    assert sent(upstream)["conversation_id"] == conversation
    assert third.id.startswith("resp_")
    assert upstream.conversations(account) == [conversation]


@pytest.mark.parametrize("store", [None, False])
def test_what_was_not_kept_is_refused(
    client: openai.OpenAI, upstream: StandIn, account: Account, store: bool | None
) -> None:
    first = ask(client, store=store)
    upstream.wait_for(lambda: not upstream.conversations(account))
    with pytest.raises(openai.BadRequestError, match="store: true") as refused:
        ask(client, previous_response_id=first.id)
    assert refused.value.param == "previous_response_id"


def test_another_account_does_not_find_it(bundle: Bundle, client: openai.OpenAI, upstream: StandIn) -> None:
    first = ask(client, store=True)
    other = bundle.client(upstream.account().refresh_token)
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        ask(other, previous_response_id=first.id)


def test_of_several_keys_the_right_one_goes_on(bundle: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account() for _ in range(3)]
    client = bundle.client(",".join(one.refresh_token for one in accounts))
    first = ask(client, store=True)
    (owner,) = [one for one in accounts if upstream.conversations(one)]
    ask(client, "Go on", previous_response_id=first.id)
    assert upstream.requests("chat", owner)[-1].json["messages"][0]["content"][0]["text"] == "Go on"


def test_the_open_platform_keeps_nothing() -> None:
    with Platform() as platform, serve({"GLM_PLATFORM_URL": platform.url}) as bundle:
        client = bundle.client(platform.key())
        first = ask(client, store=True)
        assert first.status == "completed"
        with pytest.raises(openai.BadRequestError, match="store: true"):
            ask(client, previous_response_id=first.id)


def test_ids_say_what_they_were_made_for_and_nothing_else() -> None:
    owner = Candidate(Key("key"), ChatGLM())
    made = response_id.sign("5f0c", owner)
    assert re.fullmatch(r"resp_[\w-]{20,290}", made)
    assert response_id.sign("5f0c", owner) != made
    assert response_id.sign("", owner) == ""
    assert response_id.sign("x" * 250, owner) == ""


@pytest.mark.parametrize("method", ["retrieve", "delete", "cancel"])
def test_nothing_is_stored(client: openai.OpenAI, method: str) -> None:
    with pytest.raises(openai.NotFoundError, match="not stored here"):
        getattr(client.responses, method)("resp_1")


# --- Failures


def test_a_busy_account_tells_when_to_come_back(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.fail("chat", status=429, body={"status": 1, "message": "x"}, headers={"Retry-After": "7"}, times=None)
    with pytest.raises(openai.RateLimitError) as limited:
        ask(client)
    assert int(limited.value.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_what_a_retry_may_mend_says_when(bundle: Bundle, upstream: StandIn, account: Account, status: int) -> None:
    upstream.fail("chat", status=status, body={}, times=None)
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    answered = httpx.post(f"{bundle.url}/v1/responses", json={"input": "Hi"}, headers=headers, timeout=30)
    assert answered.status_code == 429, answered.text
    assert int(answered.headers["retry-after"]) >= 1
    assert len(upstream.requests("chat")) <= 2, "Codex asks six times, and twelve requests are the most"


def test_what_no_retry_mends_is_never_a_503() -> None:
    with serve({"GLM_TOKENS": "tokens-without-access-keys"}) as bundle:
        answered = httpx.post(f"{bundle.url}/v1/responses", json={"input": "Hi"}, headers={"Authorization": "Bearer x"})
        assert (answered.status_code, answered.json()["error"]["code"]) == (400, "invalid_prompt")
        assert "GLM_ACCESS_KEYS" in answered.json()["error"]["message"]
        assert answered.headers["x-should-retry"] == "false"


def test_a_stream_that_breaks_off_says_why(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Half an ", "answer"), ending=Cut(after=2, resumes=False)), times=None)
    kinds: list[str] = []
    client = bundle.client(account.refresh_token)
    with (
        client.responses.create(model="glm-5.3", input="Hi", stream=True) as events,
        pytest.raises(openai.APIConnectionError),
    ):
        kinds.extend(event.type for event in events)
    assert kinds[-1] == "response.failed"


def test_busy_in_the_end(client: openai.OpenAI, upstream: StandIn) -> None:
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=1)
    assert ask(client).output_text


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"role": "king", "content": "Hi"}]}, "input[0].role"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"background": True}, "background"),
        ({"input": 7}, "input"),
    ],
)
def test_a_wrong_request_names_the_field(bundle: Bundle, account: Account, body: Any, param: str) -> None:
    answered = post(bundle, account, **body)
    assert answered.status_code == 400
    assert answered.json()["error"]["param"] == param
    assert answered.json()["error"]["type"] == "invalid_request_error"


# --- WebSockets


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/nothing"])
def test_a_websocket_is_refused_so_that_http_is_used(bundle: Bundle, path: str) -> None:
    answered = httpx.get(bundle.url + path, headers=UPGRADE)
    assert answered.status_code == 426
    assert "by HTTP" in answered.json()["error"]["message"]


@pytest.mark.parametrize("extensions", [{"websocket.http.response": {}}, {}])
def test_a_websocket_is_refused_where_the_server_knows_them(extensions: dict[str, Any]) -> None:
    sent_messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent_messages.append(message)

    scope = {"type": "websocket", "path": "/v1/responses", "headers": [], "extensions": extensions}
    asyncio.run(index.app(scope, receive, send))
    if extensions:
        start, body = sent_messages
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 426)
        assert b"by HTTP" in body["body"]
    else:
        assert [message["type"] for message in sent_messages] == ["websocket.close"]


def test_a_plain_get_is_not_allowed(bundle: Bundle) -> None:
    answered = httpx.get(f"{bundle.url}/v1/responses")
    assert answered.status_code == 405
    assert answered.headers["allow"] == "POST"
