"""Field reports 15 to 23: what people send, and what is read as it was meant.

Elsewhere: forged keys and odd bytes (tests/test_hostile.py), names and aliases (tests/test_models.py), the lengths of
answers (22, 33, tests/test_stop_filter.py), calls of tools in either wire (tests/wires, tests/toolcalls).
"""

import base64
import gzip
import json
from typing import Any, Final

import httpx
import openai
import pytest
from zai import ZaiClient

from tests.asking import ask, sent, sent_text, turn
from tests.bundle import Bundle
from tests.upstream import Account, Answer, StandIn, Text, Think, media

HELLO: Final = [{"role": "user", "content": "Hello"}]
PNG: Final = media.picture(1, 64, 48, "PNG")
DATA: Final = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def post(bundle: Bundle, account: Account | str, path: str = "/v1/chat/completions", **body: Any) -> httpx.Response:
    return send(bundle, account, json.dumps({"model": "glm-4", "messages": HELLO, **body}).encode(), path)


def send(
    bundle: Bundle, account: Account | str, body: bytes, path: str = "/v1/chat/completions", **headers: str
) -> httpx.Response:
    key = account if isinstance(account, str) else account.refresh_token
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
    return httpx.post(bundle.url + path, content=body, headers=head, timeout=60)


def see(*urls: str, text: str = "Look") -> dict[str, Any]:
    return turn(
        "user", [{"type": "text", "text": text}, *({"type": "image_url", "image_url": {"url": url}} for url in urls)]
    )


# 15. System messages only.


@pytest.mark.parametrize("role", ["system", "developer"])
def test_field_15_system_messages_only(bundle: Bundle, upstream: StandIn, account: Account, role: str) -> None:
    answer = ask(bundle, account, turn(role, "Translate: cat"))
    assert answer.choices[0].finish_reason == "stop"
    assert "Translate: cat" in sent_text(upstream)


# 16. Old pictures.


@pytest.mark.parametrize("gone", [403, 404, "dead host"])
def test_field_16_an_old_picture_that_is_gone(
    bundle: Bundle, upstream: StandIn, account: Account, gone: int | str
) -> None:
    url = "http://127.0.0.1:9/cat.png" if gone == "dead host" else upstream.site("/gone.png", status=int(gone))
    ask(bundle, account, see(url, text="What is it?"), turn("assistant", "A cat."), "And now?")
    first, second = sent_text(upstream).split("<|assistant|>")[:2]
    assert "What is it?" in first
    assert "[A picture stood here that cannot be had any more" in first
    assert "picture" not in second
    with pytest.raises(openai.BadRequestError) as raised:
        ask(bundle, account, "Hello", turn("assistant", "Hi."), see(url))
    assert raised.value.param == "messages[2].content[1].image_url.url"


def test_field_16_eleven_pictures_over_the_turns(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    turns: list[Any] = []
    for number in range(11):
        url = upstream.site(f"/{number}.png", media.picture(number, 64, 48, "PNG"), "image/png")
        turns += [see(url, text=f"Picture {number}"), turn("assistant", "Seen.")]
    ask(bundle, account, *turns[:-1])
    [image] = [part for part in sent(upstream)["messages"][0]["content"] if part["type"] == "image"]
    assert len(image["image"]) == 10
    assert sent_text(upstream).count("[A picture stood here") == 1
    assert "[A picture stood here" in sent_text(upstream).split("Picture 1")[0]


# 17. Odd bodies that say clearly what is meant.


def test_field_17_half_a_surrogate_pair(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    body = b'{"model": "glm-4", "messages": [{"role": "user", "content": "Hi \\ud83d there"}]}'
    assert send(bundle, account, body).status_code == 200
    assert sent_text(upstream) == "Hi \ufffd there"


def test_field_17_a_byte_order_mark(bundle: Bundle, account: Account) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"model": "glm-4", "messages": HELLO}).encode()
    assert send(bundle, account, body).status_code == 200


def test_field_17_a_gzipped_body(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    body = gzip.compress(json.dumps({"model": "glm-4", "messages": HELLO}).encode())
    assert send(bundle, account, body, **{"Content-Encoding": "gzip"}).status_code == 200
    assert sent_text(upstream) == "Hello"


def test_field_17_a_gzipped_body_that_is_too_large(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    body = gzip.compress(b'{"model": "' + b" " * 100_000_000 + b'"}')
    assert send(bundle, account, body, **{"Content-Encoding": "gzip"}).status_code == 413
    assert send(bundle, account, b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400
    assert send(bundle, account, b"{}", **{"Content-Encoding": "zstd"}).status_code in (400, 415)


@pytest.mark.parametrize(
    "odd",
    [
        {"model": None},
        {"model": ""},
        {"reasoning_effort": ""},
        {"reasoning_effort": "auto"},
        {"reasoning_effort": "default"},
        {"reasoning_effort": None},
        {"max_tokens": 0},
        {"max_tokens": -1},
        {"max_completion_tokens": 0},
        {"max_completion_tokens": -1},
        {"stop": ""},
        {"stop": []},
        {"tools": []},
        {"tools": None},
        {"stream_options": None},
        {"n": None},
    ],
    ids=str,
)
def test_field_17_odd_fields(bundle: Bundle, account: Account, odd: dict[str, Any]) -> None:
    response = post(bundle, account, **odd)
    assert response.json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    "call",
    [
        {"id": None, "type": "function", "function": {"name": "look", "arguments": '{"at": "cat"}'}},
        {"id": "c1", "function": {"name": "look", "arguments": {"at": "cat"}}},
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": None}},
        {"id": "c1", "type": "function", "function": None},
    ],
    ids=str,
)
def test_field_17_odd_calls_in_the_history(
    bundle: Bundle, upstream: StandIn, account: Account, call: dict[str, Any]
) -> None:
    called = turn("assistant", None, tool_calls=[call])
    ask(bundle, account, "Look", called, turn("tool", "a cat", tool_call_id="c1"), "And?")
    assert call["function"] is None or "look" in sent_text(upstream)
    assert "a cat" in sent_text(upstream)


# 18. Names, as people write them.


@pytest.mark.parametrize("name", ["GLM-5.3", "glm-5.3 ", " glm-5.3", "openai/glm-5.3", "OpenAI/GLM-5.3"])
def test_field_18_a_name_in_other_letters(bundle: Bundle, upstream: StandIn, account: Account, name: str) -> None:
    ask(bundle, account, model=name)
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3"


def test_field_18_a_name_that_draws(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    ask(bundle, account, model="COGVIEW-4")
    assert sent(upstream)["assistant_id"] == "65a232c082ff90a2ad2f15e2"


@pytest.mark.parametrize("name", ["glm-5.3-think-offline", "GLM-5.3", "openai/glm-5.3", "65a232c082ff90a2ad2f15e2"])
def test_field_18_what_chat_takes_is_a_model(bundle: Bundle, name: str) -> None:
    response = httpx.get(f"{bundle.url}/v1/models/{name}")
    assert (response.status_code, response.json()["id"]) == (200, name)


# 19. Paths, as people write base URLs.


@pytest.mark.parametrize("path", ["/v1/chat/completions/", "//v1/chat/completions", "/v1//chat/completions//"])
def test_field_19_slashes(bundle: Bundle, account: Account, path: str) -> None:
    assert post(bundle, account, path).status_code == 200


@pytest.mark.parametrize(
    ("path", "use"),
    [
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/v1/audio/speech", ""),
        ("/v1/audio/transcriptions", ""),
    ],
)
def test_field_19_what_is_not_there_says_what_is(bundle: Bundle, account: Account, path: str, use: str) -> None:
    response = post(bundle, account, path)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (404, "invalid_request_error")
    assert use in error["message"]


def test_field_19_a_preflight_from_a_private_network(bundle: Bundle) -> None:
    headers = {
        "Origin": "http://192.168.0.7",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    response = httpx.options(f"{bundle.url}/v1/chat/completions", headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-private-network"] == "true"


# 20. Zhipu's own fields.


@pytest.mark.parametrize(("kind", "pair"), [("enabled", ("thinking", "high")), ("disabled", ("", "low"))])
def test_field_20_thinking(
    bundle: Bundle, upstream: StandIn, account: Account, kind: str, pair: tuple[str, str]
) -> None:
    post(bundle, account, thinking={"type": kind}, model="glm-5.3")
    meta_data = sent(upstream)["meta_data"]
    assert (meta_data["chat_mode"], meta_data["reasoning_effort"]) == pair


@pytest.mark.parametrize("enable", [True, False])
def test_field_20_web_search(bundle: Bundle, upstream: StandIn, account: Account, enable: bool) -> None:
    tools = [{"type": "web_search", "web_search": {"enable": enable, "search_engine": "search_std"}}]
    assert post(bundle, account, tools=tools).status_code == 200
    assert sent(upstream)["meta_data"]["is_networking"] is enable


def test_field_20_bare_base64(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    ask(bundle, account, see(base64.b64encode(PNG).decode()))
    assert upstream.uploads(account)[0].file.content == PNG


@pytest.mark.parametrize("kind", ["file_url", "video_url"])
def test_field_20_files_by_url(bundle: Bundle, upstream: StandIn, account: Account, kind: str) -> None:
    url = upstream.site("/clip.mp4", media.VIDEO, "video/mp4")
    ask(bundle, account, turn("user", [{"type": "text", "text": "Look"}, {"type": kind, kind: {"url": url}}]))
    assert upstream.uploads(account)[0].file.content == media.VIDEO


def test_field_20_usage_in_a_stream_of_zhipus_client(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one two three")))
    client = ZaiClient(api_key=account.refresh_token, base_url=f"{bundle.url}/v1/", max_retries=0)
    chunks = list(client.chat.completions.create(model="glm-4", messages=HELLO, stream=True))
    assert chunks[-1].usage.completion_tokens > 0


# 21. Keys, defaults, and files that are something else.


@pytest.mark.parametrize(
    "form",
    [
        "chatglm_refresh_token={}",
        "chatglm_refresh_token={};",
        'chatglm_refresh_token="{}"',
        "Bearer {}",
        '"{}"',
        "'{}'",
        "work={}",
    ],
)
def test_field_21_a_key_as_people_copy_it(bundle: Bundle, account: Account, form: str) -> None:
    assert post(bundle, form.format(account.refresh_token)).status_code == 200


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-2-mini", "chatgpt-image-latest"])
def test_field_21_openais_image_models_answer_base64(
    bundle: Bundle, upstream: StandIn, account: Account, model: str
) -> None:
    images = bundle.client(account.refresh_token).images
    assert all(one.b64_json and not one.url for one in images.generate(prompt="画", model=model).data or [])
    assert all(one.url for one in images.generate(prompt="画", model=model, response_format="url").data or [])


def test_field_21_a_picture_to_start_from_is_refused(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    response = post(bundle, account, "/v1/images/generations", prompt="画", image=DATA)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "image")
    assert upstream.record == []


def test_field_21_a_page_is_no_picture(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    url = upstream.site("/login", b"<!DOCTYPE html><html><body>Log in</body></html>", "text/html")
    with pytest.raises(openai.BadRequestError) as raised:
        ask(bundle, account, see(url))
    assert raised.value.param == "messages[0].content[1].image_url.url"
    assert upstream.uploads(account) == []


def test_field_21_a_file_that_is_gzipped_unasked(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    text = b"A long text. " * 1000
    url = upstream.site("/notes.txt", gzip.compress(text), "text/plain", headers={"Content-Encoding": "gzip"})
    ask(
        bundle,
        account,
        turn("user", [{"type": "text", "text": "Read"}, {"type": "file_url", "file_url": {"url": url}}]),
    )
    assert upstream.uploads(account)[0].file.content == text


@pytest.mark.parametrize("body", ["too large", "broken", "another packing"])
def test_field_21_a_gzipped_file_within_the_limit(
    bundle: Bundle, upstream: StandIn, account: Account, body: str
) -> None:
    packed = {"too large": gzip.compress(bytes(100_000_000)), "broken": gzip.compress(b"text")[:-12] + b"xxxxxxxxxxxx"}
    encoding = "br" if body == "another packing" else "gzip"
    url = upstream.site("/a.txt", packed.get(body, b"br"), "text/plain", headers={"Content-Encoding": encoding})
    part = {"type": "file_url", "file_url": {"url": url}}
    with pytest.raises(openai.BadRequestError) as raised:
        ask(bundle, account, turn("user", [{"type": "text", "text": "Read"}, part]))
    assert raised.value.param == "messages[0].content[1].file_url.url"


# 22. The history.


def test_field_22_a_system_message_stays_where_it_is(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    ask(bundle, account, "One", turn("assistant", "Two"), turn("system", "Three"), "Four")
    text = sent_text(upstream)
    assert [text.index(word) for word in ("One", "Two", "Three", "Four")] == sorted(
        text.index(word) for word in ("One", "Two", "Three", "Four")
    )


def test_field_22_an_assistants_words_are_never_the_users(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    first = ask(bundle, account, extra_body={"conversation_id": ""})
    turns: list[Any] = ["Mine", turn("assistant", "Yours")]
    ask(bundle, account, *turns, extra_body={"conversation_id": first.id})
    assert "Yours" not in sent_text(upstream)
    assert "Mine" in sent_text(upstream)


def test_field_22_custom_calls_stay_in_the_history(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    call = {"id": "c1", "type": "custom", "custom": {"name": "shell", "input": "ls -l /tmp"}}
    ask(bundle, account, "Look", turn("assistant", None, tool_calls=[call]), turn("tool", "a.txt", tool_call_id="c1"))
    text = sent_text(upstream)
    assert "shell" in text
    assert "ls -l /tmp" in text
    assert "a.txt" in text


@pytest.mark.parametrize("role", ["tool", "assistant"])
def test_field_22_pictures_of_others_are_seen(bundle: Bundle, upstream: StandIn, account: Account, role: str) -> None:
    more = {"tool_call_id": "c1"} if role == "tool" else {}
    picture = turn(role, [{"type": "image_url", "image_url": {"url": DATA}}], **more)
    ask(bundle, account, "Look", picture, "What is it?")
    assert upstream.uploads(account)[0].file.content == PNG
    assert any(part["type"] == "image" for part in sent(upstream)["messages"][0]["content"])


def test_field_22_max_completion_tokens_counts_the_reasoning(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Think(*["thinking "] * 100), Text(*["word "] * 100)), times=2)
    limited = ask(bundle, account, max_completion_tokens=120)
    assert limited.choices[0].finish_reason == "length"
    assert limited.usage.completion_tokens <= 120
    assert ask(bundle, account, max_tokens=150).choices[0].message.content == "word " * 100


# 23. Retries do not multiply.


@pytest.mark.parametrize(
    ("endpoint", "path", "most"),
    [
        ("chat", "/v1/chat/completions", 2),
        ("video", "/v1/videos/generations", 1),
        ("refresh", "/v1/chat/completions", 3),
    ],
)
def test_field_23_how_often_the_service_is_asked(
    bundle: Bundle, upstream: StandIn, account: Account, endpoint: str, path: str, most: int
) -> None:
    upstream.fail(endpoint, status=503, times=None)
    response = post(bundle, account, path, prompt="A cat")
    assert response.status_code == 502
    assert len(upstream.requests(endpoint)) <= most


@pytest.mark.parametrize(
    ("failure", "retry"),
    [
        ("dropped when done", "false"),
        ("HTTP 504", "false"),
        ("quota", "false"),
        ("banned", "false"),
        ("token refused", "false"),
        ("HTTP 503", None),
        ("limited", None),
    ],
)
def test_field_23_clients_are_told_where_trying_again_cannot_help(
    bundle: Bundle, upstream: StandIn, account: Account, failure: str, retry: str | None
) -> None:
    upstream.fail("chat", failure, times=None)
    assert post(bundle, account).headers.get("x-should-retry") == retry
