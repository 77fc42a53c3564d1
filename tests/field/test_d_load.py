"""Field reports 24 to 32: load and abuse.

Elsewhere: answers that unpack without end (25, tests/test_resilience.py); pictures that are decoded one at a time, by
an executor of their own (26, tests/test_first_frame.py); clients that never read and a service that drips (27,
tests/test_sse.py, tests/test_resilience.py, tests/test_chat_errors.py); states of videos (28, tests/test_videos.py);
envelopes (29, tests/test_envelope.py); certificates with only a common name (30, tests/http/test_tls.py); uvloop (31,
tests/test_loops.py).
"""

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import anthropic
import httpx
import openai
import pytest

from lib.upstreams.chatglm.session.refusal import MAX_WORDS
from tests.asking import ask
from tests.bundle import Bundle, serve
from tests.upstream import Account, Answer, Cut, Error, StandIn, Text, empty_events

HELLO: Final[list[Any]] = [{"role": "user", "content": "Hello"}]


# 24. Bodies: the key's form comes first, and what is long is read beside everybody else's requests.


@pytest.mark.parametrize("key", ["", "Bearer aaa", "Basic YTph"])
def test_field_24_without_a_key_no_body_is_read(bundle: Bundle, key: str) -> None:
    address = urlsplit(bundle.url)
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=20) as connection:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 30000000\r\n\r\n"
        )
        connection.sendall(head.encode() + b'{"messages"')
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "text", "text": "a"}] * 20_000},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/"}}] * 20_000},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}] * 20_000},
    ],
)
def test_field_24_parts_are_counted_over_the_whole_request(
    bundle: Bundle, upstream: StandIn, account: Account, message: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(bundle, account, message, "Go on")
    assert upstream.requests("chat") == []


# 25. What the service answers.


@pytest.mark.parametrize("name", ["refresh", "upload", "chat"])
def test_field_25_an_answer_without_end_is_an_error(
    bundle: Bundle, upstream: StandIn, account: Account, name: str
) -> None:
    packed = gzip.compress(b'{"status": 0, "result": "' + b"a" * (64 << 20) + b'"}')
    upstream.fail(name, body=packed, headers={"Content-Encoding": "gzip"}, times=4)
    file = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACADs="}}
    with pytest.raises(openai.APIStatusError) as caught:
        ask(bundle, account, {"role": "user", "content": [file]})
    assert caught.value.status_code in (502, 503)


# 29. The head of a stream.


@pytest.mark.parametrize("content_type", ["TEXT/Event-Stream; charset=UTF-8", None, "text/event-stream;charset=utf-8"])
@pytest.mark.parametrize("packed", [False, True])
def test_field_29_a_stream_is_one_whatever_its_head_says(
    bundle: Bundle, upstream: StandIn, account: Account, content_type: str | None, packed: bool
) -> None:
    upstream.script(Answer(Text("Good ", "day"), content_type=content_type, gzip=packed))
    assert ask(bundle, account).choices[0].message.content == "Good day"


# 30. Odds and ends.


@pytest.fixture
def umlaut(upstream: StandIn, account: Account) -> Iterator[Bundle]:
    """A deployment whose keys are no ASCII, one of them no UTF-8 either."""
    keys = b"k\xc3\xbcche,\xff\xfe,plain".decode(errors="surrogateescape")
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKENS": account.refresh_token, "GLM_ACCESS_KEYS": keys}
    with serve(environ) as bundle:
        yield bundle


@pytest.mark.parametrize(
    ("key", "status"), [("küche".encode(), 200), ("küche".encode("latin-1"), 200), (b"plain", 200), (b"other", 401)]
)
def test_field_30_a_key_may_be_written_in_any_letters(umlaut: Bundle, key: bytes, status: int) -> None:
    headers = [(b"authorization", b"Bearer " + key)]
    answer = httpx.post(f"{umlaut.url}/v1/chat/completions", json={"messages": HELLO}, headers=headers, timeout=30)
    assert answer.status_code == status


def test_field_30_empty_events_cost_little(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(empty_events(40_000))
    assert ask(bundle, account).choices[0].finish_reason == "stop"


def test_field_30_the_services_words_are_cut(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("a"), ending=Error(10024, "x" * 200_000)), times=4)
    with pytest.raises(openai.APIError) as caught:
        for _ in bundle.client(account.refresh_token).chat.completions.create(
            model="glm-4", messages=HELLO, stream=True
        ):
            pass
    assert len(caught.value.message) < MAX_WORDS + 200


# 32. A stream that fails in the middle does not look complete.

FAILS: Final = Answer(Text("Half ", "an ", "answer"), ending=Cut(after=2, resumes=False))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": HELLO}),
        ("/v1/completions", {"prompt": "Hello"}),
        ("/v1/messages", {"messages": HELLO, "max_tokens": 100}),
        ("/v1/responses", {"input": "Hello"}),
    ],
)
def test_field_32_it_is_broken_off_after_its_error(
    bundle: Bundle, upstream: StandIn, account: Account, path: str, body: dict[str, Any]
) -> None:
    upstream.script(FAILS)
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    received = bytearray()
    with (  # noqa: PT012  It is the reading that fails, some chunks later.
        httpx.stream("POST", bundle.url + path, json={**body, "stream": True}, headers=headers, timeout=30) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for piece in answer.iter_bytes():
            received += piece
    last = json.loads(received.decode().strip().rpartition("data: ")[2])
    assert (last.get("response") or last)["error"]


def test_field_32_openais_client_raises_the_events_words(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(FAILS)
    with pytest.raises(openai.APIError, match="broke"):
        for _ in bundle.client(account.refresh_token).chat.completions.create(
            model="glm-4", messages=HELLO, stream=True
        ):
            pass


def test_field_32_anthropics_client_raises_the_events_words(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(FAILS)
    with (
        anthropic.Anthropic(api_key=account.refresh_token, base_url=bundle.url, max_retries=0) as client,
        pytest.raises(anthropic.APIError, match="broke"),
        client.messages.stream(model="glm-5.3", max_tokens=100, messages=HELLO) as stream,
    ):
        stream.get_final_message()
