"""What goes wrong, as the official client sees it: the right exception, with words that help."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx
import openai
import pytest

from tests.bundle import Bundle, serve
from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    EMPTY,
    HTML,
    LIMITED_MESSAGE,
    UNAVAILABLE,
    Account,
    Answer,
    Cut,
    Error,
    Gate,
    Instead,
    StandIn,
    Text,
    Think,
)

HELLO: Any = [{"role": "user", "content": "Hello"}]


def ask(bundle: Bundle, key: str, *, stream: bool = False, **options: Any) -> str:
    """The text of an answer, whichever way it comes."""
    create = bundle.client(key).chat.completions.create
    if stream:
        chunks = create(model="glm-4", messages=HELLO, stream=True, **options)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    return create(model="glm-4", messages=HELLO, **options).choices[0].message.content or ""


def post(bundle: Bundle, account: Account, content: bytes | str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {account.refresh_token}", "Content-Type": "application/json"}
    return httpx.post(f"{bundle.url}/v1/chat/completions", content=content, headers=headers, timeout=30)


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return error


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("", None),
        ("{", None),
        ("[]", None),
        ('"text"', None),
        ("{}", "messages"),
        ('{"messages": []}', "messages"),
        ('{"messages": 5}', "messages"),
        ('{"messages": [{"role": "user", "content": ""}]}', "messages"),
        ('{"messages": [{"content": "Hi"}]}', "messages[0].role"),
        ('{"messages": [{"role": "king", "content": "Hi"}]}', "messages[0].role"),
        ('{"messages": [{"role": "user", "content": 5}]}', "messages[0].content"),
        ('{"messages": [{"role": "user", "content": [{"type": "text"}]}]}', "messages[0].content[0].text"),
        ('{"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}', "messages[0].content[0]"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "model": 5}', "model"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "stream": "perhaps"}', "stream"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "n": 2}', "n"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "logprobs": true}', "logprobs"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "audio": {"voice": "x"}}', "audio"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "modalities": ["text", "audio"]}', "modalities"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": "many"}', "max_tokens"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "heroic"}', "reasoning_effort"),
    ],
)
def test_a_wrong_request_is_told_which_field_is_wrong(
    bundle: Bundle, upstream: StandIn, account: Account, body: str, param: str | None
) -> None:
    response = post(bundle, account, body)
    assert response.status_code == 400
    error = error_of(response)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert upstream.requests("chat") == []


@pytest.mark.parametrize("key", ["", "no-token", "a.b.c", "sk-" + "x" * 40, "e30.e30.e30", "é" * 5])
def test_a_key_that_is_no_token_is_refused_without_a_call(bundle: Bundle, upstream: StandIn, key: str) -> None:
    response = httpx.post(
        f"{bundle.url}/v1/chat/completions",
        json={"messages": HELLO},
        headers=[(b"Authorization", f"Bearer {key}".encode())] if key else [],
    )
    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_api_key"
    assert upstream.record == []


@pytest.mark.parametrize("stream", [True, False])
def test_refused_tokens_raise_authentication_error(bundle: Bundle, upstream: StandIn, stream: bool) -> None:
    account = upstream.account()
    dead, guest, visitor = (
        upstream.account(dead=True),
        upstream.account(guest="answered"),
        upstream.account(guest="refused"),
    )
    for key in (
        account.foreign_token(),
        account.expired_refresh_token(),
        account.expired_access_token(),
        dead.refresh_token,
        dead.access_token(),
        guest.refresh_token,
        visitor.refresh_token,
    ):
        with pytest.raises(openai.AuthenticationError):
            ask(bundle, key, stream=stream)


def test_an_expired_token_is_refused_without_a_call(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    for key in (account.expired_refresh_token(), account.expired_access_token()):
        with pytest.raises(openai.AuthenticationError, match="expired"):
            ask(bundle, key)
    assert upstream.record == []


def test_a_path_that_is_not_there_and_a_method_that_is_not_taken(bundle: Bundle) -> None:
    missing = httpx.get(f"{bundle.url}/v1/nothing")
    assert (missing.status_code, error_of(missing)["code"]) == (404, "not_found")
    wrong = httpx.get(f"{bundle.url}/v1/chat/completions")
    assert (wrong.status_code, error_of(wrong)["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_a_body_that_is_too_large(stand_in: StandIn, account: Account) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_FILE_MB": "1"}) as bundle:
        response = post(bundle, account, b'{"messages": "' + b"x" * 6_000_000 + b'"}')
    assert response.status_code == 413
    assert error_of(response)["code"] == "request_too_large"


@pytest.mark.parametrize("stream", [True, False])
def test_a_busy_account_is_asked_again(bundle: Bundle, upstream: StandIn, account: Account, stream: bool) -> None:
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=2)
    upstream.script(Answer(Text("At last")))
    assert ask(bundle, account.refresh_token, stream=stream) == "At last"
    assert len(upstream.requests("chat")) == 3


@pytest.mark.parametrize("stream", [True, False])
def test_an_account_that_stays_busy(upstream: StandIn, account: Account, stream: bool) -> None:
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=None)
    hurried = {"GLM_CHATGLM_URL": upstream.url, "GLM_MAX_DURATION": "13"}  # More than until a stream's head.
    with serve(hurried) as bundle, pytest.raises(openai.RateLimitError) as raised:
        ask(bundle, account.refresh_token, stream=stream)
    assert raised.value.code == "account_busy"
    assert raised.value.response.headers["retry-after"] == "5"
    chats = upstream.requests("chat")
    waits = [later.at - earlier.at for earlier, later in pairwise(chats)]
    assert 6 <= len(chats) <= 20
    assert waits[0] < waits[4]
    assert max(waits) < 3


def test_a_limited_account_is_told_when_to_come_back(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", code=1, message=LIMITED_MESSAGE)
    with pytest.raises(openai.RateLimitError) as raised:
        ask(bundle, account.refresh_token)
    assert raised.value.response.headers["retry-after"] == "30"
    upstream.fail("chat", status=429, headers={"Retry-After": "7"}, body={"status": 1, "message": LIMITED_MESSAGE})
    with pytest.raises(openai.RateLimitError) as raised:
        ask(bundle, account.refresh_token)
    assert raised.value.response.headers["retry-after"] == "7"
    assert len(upstream.requests("chat")) == 2


@pytest.mark.parametrize("failure", [{"status": 503}, {"drop": True}], ids=["503", "dropped"])
def test_a_passing_fault_is_not_seen(
    bundle: Bundle, upstream: StandIn, account: Account, failure: dict[str, Any]
) -> None:
    for endpoint in ("refresh", *(() if "drop" in failure else ("chat",))):
        upstream.fail(endpoint, **failure)
    upstream.script(Answer(Text("Hi")))
    assert ask(bundle, account.refresh_token) == "Hi"


@pytest.mark.parametrize("failure", [{"drop": True}, {"status": 504}], ids=["dropped", "504"])
def test_what_may_have_been_delivered_is_not_sent_again(
    bundle: Bundle, upstream: StandIn, account: Account, failure: dict[str, Any]
) -> None:
    upstream.fail("chat", times=None, **failure)
    other = upstream.account()
    with pytest.raises(openai.InternalServerError):
        ask(bundle, f"{account.refresh_token},{other.refresh_token}")
    assert len(upstream.requests("chat")) == 1


@pytest.mark.parametrize(
    "ending",
    [UNAVAILABLE, HTML, EMPTY, Instead(200, b'{"status": 500, "message": "boom"}', "application/json")],
    ids=["503", "html", "empty", "refused"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_service_that_does_not_answer_is_a_502(
    bundle: Bundle, upstream: StandIn, account: Account, ending: Instead, stream: bool
) -> None:
    upstream.script(Answer(ending=ending), times=None)
    with pytest.raises(openai.InternalServerError) as raised:
        ask(bundle, account.refresh_token, stream=stream)
    assert raised.value.status_code == 502
    assert raised.value.type == "upstream_error"


def test_a_service_that_cannot_be_reached_is_a_502(account: Account) -> None:
    nowhere = {"GLM_CHATGLM_URL": "http://127.0.0.1:9"}
    with serve(nowhere) as bundle, pytest.raises(openai.InternalServerError, match="cannot be reached") as raised:
        ask(bundle, account.refresh_token)
    assert raised.value.status_code == 502


def test_a_refused_signature_is_told(stand_in: StandIn, account: Account) -> None:
    environ = {"GLM_CHATGLM_URL": stand_in.url, "GLM_SIGN_SECRET": "wrong"}
    with serve(environ) as bundle, pytest.raises(openai.InternalServerError, match="GLM_SIGN_SECRET"):
        ask(bundle, account.refresh_token)


@pytest.mark.parametrize(
    "ending",
    [Error(), Error(field="last_error"), Cut(2, resumes=False), Cut(2, clean=True, resumes=False), Cut(2, then=Cut(1))],
    ids=["error", "last_error", "cut", "cut cleanly", "cut twice"],
)
def test_a_stream_that_fails_keeps_its_words_and_ends_in_an_error(
    bundle: Bundle, upstream: StandIn, account: Account, ending: Any
) -> None:
    upstream.script(Answer(Text("one ", "two ", "three ", "four"), ending=ending))
    chunks = bundle.client(account.refresh_token).chat.completions.create(model="g", messages=HELLO, stream=True)
    shown: list[str | None] = []
    with pytest.raises(openai.APIError) as raised:
        shown.extend(chunk.choices[0].delta.content for chunk in chunks)
    assert not isinstance(raised.value, openai.APIStatusError)
    assert "".join(filter(None, shown)).startswith("one two ")
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_the_last_event_of_a_failed_stream(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one"), Text("two"), ending=Error()))
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    body = {"messages": HELLO, "stream": True}
    received = b""
    with httpx.stream("POST", f"{bundle.url}/v1/chat/completions", json=body, headers=headers) as response:
        assert response.status_code == 200
        # Broken off, so that nobody who skips the last event takes the answer for a whole one.
        pieces = response.iter_bytes()
        with suppress(StopIteration):
            received += next(pieces)
        with pytest.raises(httpx.RemoteProtocolError):
            [received := received + piece for piece in pieces]
    events = received.decode().strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["error"]["type"] == "upstream_error"
    assert b"[DONE]" not in received


def test_a_whole_answer_that_fails_is_a_502(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one"), ending=Cut(1, resumes=False)))
    with pytest.raises(openai.InternalServerError):
        ask(bundle, account.refresh_token)


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_stream_is_taken_up_again(
    bundle: Bundle, upstream: StandIn, account: Account, clean: bool, stream: bool
) -> None:
    upstream.script(Answer(Text("one ", "two ", "three ", "four"), ending=Cut(2, partial=30, clean=clean)))
    assert ask(bundle, account.refresh_token, stream=stream) == "one two three four"
    assert len(upstream.requests("continue")) == 1


def test_what_the_service_refuses_in_spite_of_its_expiry_is_renewed_once(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    ask(bundle, account.refresh_token)
    account.revoke_access()
    assert ask(bundle, account.refresh_token)
    assert len(upstream.requests("refresh", account)) == 2


def test_an_access_token_is_used_as_it_is(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    assert ask(bundle, account.access_token())
    assert upstream.requests("refresh") == []


def test_one_refresh_serves_all_that_ask_at_once(bundle: Bundle, upstream: StandIn) -> None:
    account = upstream.account(generations=10)
    gate = Gate()
    upstream.fail("refresh", gate=gate)
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(ask, bundle, account.refresh_token) for _ in range(5)]
        upstream.wait_for(lambda: upstream.requests("refresh"))
        gate.release()
        assert all(answer.result() for answer in answers)
    assert len(upstream.requests("refresh")) == 1


def test_past_the_deadline_before_the_first_word_is_a_504(stand_in: StandIn, account: Account) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_DURATION": "2"}) as bundle:
        stand_in.script(Answer(Text("late"), before=30), account=account)
        began = time.monotonic()
        with pytest.raises(openai.InternalServerError) as raised:
            ask(bundle, account.refresh_token)
        assert raised.value.status_code == 504
        assert raised.value.code == "deadline_exceeded"
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_is_too_long_for_its_time_ends_in_order(
    stand_in: StandIn, account: Account, stream: bool
) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_DURATION": "6"}) as bundle:
        stand_in.script(Answer(Text("one ", "two ", "three"), gate=Gate(after=2), lingers=True), account=account)
        create = bundle.client(account.refresh_token).chat.completions.create
        if stream:
            chunks = list(create(model="glm-4", messages=HELLO, stream=True))
            last, text = chunks[-1], "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        else:
            whole = create(model="glm-4", messages=HELLO)
            last, text = whole, whole.choices[0].message.content  # type: ignore[assignment]
        assert text == "one two "
        assert last.choices[0].finish_reason == "length"
        assert stand_in.conversations(account) == [last.id]
        stand_in.wait_for(lambda: not stand_in.running(account))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_cleaning_up_that_takes_too_long_is_no_matter_of_the_client(
    stand_in: StandIn, account: Account, path: str
) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_DURATION": "8"}) as bundle:
        stand_in.script(Answer(Text("one ", "two"), gate=Gate(after=2), lingers=True), account=account)
        stand_in.fail("stop", delay=0.5)
        body = {"model": "glm-4", "max_tokens": 99, "messages": HELLO, "stream": True}
        headers = {"Authorization": f"Bearer {account.refresh_token}"}
        # Raises where the response breaks off.
        answer = httpx.post(bundle.url + path, json=body, headers=headers, timeout=30)
    assert "one" in answer.text
    assert "error" not in answer.text


def test_of_an_answer_that_its_time_has_cut_only_the_conversation_is_kept_that_its_client_knows(
    stand_in: StandIn, account: Account
) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_DURATION": "6"}) as bundle:
        create = bundle.client(account.refresh_token).chat.completions.create
        cut = [Answer(Think("Well. "), Text("one ", "two"), gate=Gate(after=2), lingers=True) for _ in range(2)]
        stand_in.script(Answer(), account=account)  # It says nothing, and is asked for again.
        stand_in.script(cut[0], account=account)
        chunks = list(create(model="glm-4", messages=HELLO, stream=True))
        assert chunks[-1].choices[0].finish_reason == "length"
        stand_in.wait_for(lambda: stand_in.conversations(account) == [chunks[-1].id])

        stand_in.script(Answer(Think("No call. "), Text("Hello")), account=account)
        stand_in.script(cut[1], account=account)  # It is asked for again, when the client has the first one's id.
        tools: Any = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}]
        list(create(model="glm-4", messages=HELLO, stream=True, tools=tools, tool_choice="required"))
        stand_in.wait_for(lambda: stand_in.conversations(account) == [chunks[-1].id])


@pytest.mark.parametrize(("path", "finish"), [("/v1/messages", '"max_tokens"'), ("/v1/responses", '"incomplete"')])
def test_where_nobody_can_go_on_an_answer_that_its_time_has_cut_leaves_no_conversation(
    stand_in: StandIn, account: Account, path: str, finish: str
) -> None:
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_DURATION": "2"}) as bundle:
        stand_in.script(Answer(Text("one ", "two ", "three"), gate=Gate(after=2), lingers=True), account=account)
        body = {"model": "glm-4", "max_tokens": 99, "messages": HELLO} if "messages" in path else {"input": "Hello"}
        headers = {"Authorization": f"Bearer {account.refresh_token}"}
        answer = httpx.post(bundle.url + path, json={"model": "glm-4", **body}, headers=headers)
        assert (answer.status_code, finish in answer.text, "one two" in answer.text) == (200, True, True)
        stand_in.wait_for(lambda: not stand_in.running(account) and not stand_in.conversations(account))


def test_settings_that_cannot_work_are_told_to_every_caller() -> None:
    with serve({"GLM_MAX_FILE_MB": "many"}) as bundle:
        response = httpx.get(f"{bundle.url}/v1/models")
        assert response.status_code == 503
        assert "GLM_MAX_FILE_MB" in error_of(response)["message"]
        assert httpx.get(f"{bundle.url}/ping").text == "pong"
