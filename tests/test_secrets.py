"""Nothing leaks: no token, key or prompt in any log, error, header or store."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.bundle import Bundle, serve
from tests.redis_server import RedisServer
from tests.upstream import BUSY, BUSY_MESSAGE, HTML, Account, Answer, Cut, Error, Intervene, StandIn, Text

PROMPT = "prompt-mark-7f3a9c"
FILE = "file-mark-51b2"
ACCESS_KEY = "access-key-mark-0d8e44"


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as redis:
        yield redis


def marks(*accounts: Account) -> list[str]:
    """What must not be found: prompts and keys, and the parts of every token that are its secret."""
    secrets = [token.split(".")[2] for one in accounts for token in (one.refresh_token, one.newest_refresh_token)]
    return [PROMPT, FILE, ACCESS_KEY, *secrets]


def bodies() -> list[tuple[str, str, Any]]:
    chat = {"model": PROMPT, "messages": [{"role": "user", "content": PROMPT}], "user": PROMPT}
    file = {"type": "file", "file": {"file_data": f"data:text/plain,{FILE}", "filename": f"{FILE}.txt"}}
    broken = {"type": "image_url", "image_url": {"url": f"http://{FILE}.invalid/{FILE}?{FILE}"}}
    return [
        ("GET", "/ping", None),
        ("GET", "/ping?deep=1", None),
        ("GET", "/v1/models", None),
        ("GET", "/v1/models/unheard-of", None),
        ("GET", "/nowhere", None),
        ("POST", "/v1/chat/completions", chat),
        ("POST", "/v1/chat/completions", {**chat, "stream": True}),
        ("POST", "/v1/chat/completions", {**chat, "messages": [{"role": "user", "content": [file]}]}),
        ("POST", "/v1/chat/completions", {**chat, "messages": [{"role": "user", "content": [broken]}]}),
        ("POST", "/v1/chat/completions", {**chat, "messages": [{"role": PROMPT, "content": PROMPT}]}),
        ("POST", "/v1/chat/completions", {**chat, "stop": {PROMPT: PROMPT}, "n": PROMPT}),
        ("POST", "/v1/chat/completions", PROMPT),
        ("POST", "/token/check", {"token": PROMPT}),
        ("POST", "/token/check", {"token": {PROMPT: PROMPT}}),
        ("POST", "/v1/images/generations", {"prompt": PROMPT}),
        ("POST", "/v1/images/generations", {"prompt": PROMPT, "n": 9, "size": PROMPT}),
        ("POST", "/v1/videos/generations", {"prompt": PROMPT, "image_url": f"http://{FILE}.invalid/"}),
        ("POST", "/v1/videos/generations", {"prompt": PROMPT, "video_style": PROMPT}),
        ("GET", "/v1/videos/generations/made-up", None),
    ]


FAILURES: dict[str, dict[str, Any]] = {
    "refused": {"status": 401, "code": 40102, "message": "token refused"},
    "busy": {"code": BUSY, "message": BUSY_MESSAGE},
    "odd": {"body": {"status": 0, "result": None}},
    "unavailable": {"status": 503},
    "dropped": {"drop": True},
}
ENDINGS: list[Any] = [HTML, Error(), Cut(1, resumes=False), Intervene("no")]


def drive(bundle: Bundle, key: str) -> str:
    """Everything that the callers of every endpoint are told: heads of all answers, bodies of all errors."""

    def ask(request: tuple[str, str, Any]) -> str:
        method, path, body = request
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.stream(method, bundle.url + path, json=body, headers=headers, timeout=60) as response:
            told = [repr(response.headers.raw)]
            received = b""
            with suppress(httpx.RemoteProtocolError):  # A failed stream is broken off.
                for piece in response.iter_bytes():
                    received += piece
        text = received.decode()
        if response.status_code >= 400:
            told.append(text)
        elif "text/event-stream" in response.headers["content-type"]:
            told.extend(re.findall(r'data: {"error".*', text))
        return "\n".join(told)

    with ThreadPoolExecutor(8) as pool:
        return "\n".join(pool.map(ask, bodies()))


def assert_clean(text: str, accounts: list[Account]) -> None:
    found = [mark for mark in marks(*accounts) if mark in text]
    assert not found, f"leaked: {found}"


def test_nothing_leaks_when_all_goes_well_or_wrong(upstream: StandIn, redis: RedisServer) -> None:
    accounts = []
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKEN_STORE": redis.url, "GLM_MAX_DURATION": "20"}
    keys = []
    for ending in (None, *ENDINGS):
        accounts.append(account := upstream.account())
        keys.append(account.refresh_token)
        if ending is not None:
            upstream.script(Answer(Text("one", "two", "three"), ending=ending), account=account, times=None)
    for failure in FAILURES.values():
        for endpoint in ("refresh", "chat"):
            accounts.append(account := upstream.account())
            keys.append(f"{account.refresh_token},{account.expired_access_token()}")
            upstream.fail(endpoint, account=account, times=None, **failure)
    with serve(environ) as bundle, ThreadPoolExecutor(5) as pool:
        told = list(pool.map(lambda key: drive(bundle, key), keys))
    assert len(bundle.log()) > 100
    assert_clean("\n".join(told), accounts)
    assert_clean("\n".join(bundle.output), accounts)
    with redis.client() as client:
        stored = b"".join(name + (client.dump(name) or b"") for name in client.keys("*"))
    assert stored
    assert_clean(stored.decode("latin-1"), accounts)


def test_access_keys_do_not_leak(upstream: StandIn, account: Account) -> None:
    environ = {
        "GLM_CHATGLM_URL": upstream.url,
        "GLM_TOKENS": account.refresh_token,
        "GLM_ACCESS_KEYS": ACCESS_KEY,
    }
    with serve(environ) as bundle:
        told = drive(bundle, ACCESS_KEY) + drive(bundle, f"{ACCESS_KEY}-wrong")
    assert_clean(told, [account])
    assert_clean("\n".join(bundle.output), [account])


def test_the_line_that_is_logged_for_each_request(upstream: StandIn) -> None:
    busy, free = upstream.account(), upstream.account()
    upstream.fail("chat", account=busy, times=None, code=BUSY, message=BUSY_MESSAGE)
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        client = bundle.client(f"{busy.refresh_token},{free.refresh_token}")
        for _ in range(8):
            client.chat.completions.create(model="g", messages=[{"role": "user", "content": "Hi"}])
        response = httpx.get(f"{bundle.url}/v1/nothing", headers={"x-request-id": "mine-1"})
    assert response.headers["x-request-id"] == "mine-1"
    assert "total;dur=" in response.headers["server-timing"]
    chats = [line for line in bundle.log() if line.get("path") == "/v1/chat/completions"]
    assert len(chats) == 8
    for line in chats:
        assert (line["method"], line["status"], line["upstream"]) == ("POST", 200, "chatglm")
        assert [one["outcome"] for one in line["tried"]] in (["answered"], ["account_busy", "answered"])
        assert 0 <= line["upstream_ms"] <= line["first_byte_ms"] <= line["ms"]
        assert all(re.fullmatch(r"[0-9a-f]{8}", one["account"]) for one in line["tried"])
        assert line["time"].endswith("Z")
    assert len({line["request_id"] for line in chats}) == 8
    missing = next(line for line in bundle.log() if line.get("path") == "/v1/nothing")
    assert (missing["status"], missing["request_id"], missing["tried"]) == (404, "mine-1", [])


def test_a_request_id_cannot_forge_a_log_line(bundle: Bundle) -> None:
    response = httpx.get(f"{bundle.url}/ping", headers={"x-request-id": 'x","status":200'})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


def test_retries_are_counted(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", status=503)
    headers = {"Authorization": f"Bearer {account.refresh_token}", "x-request-id": "counted-1"}
    httpx.post(
        f"{bundle.url}/v1/chat/completions", json={"messages": [{"role": "user", "content": "Hi"}]}, headers=headers
    )
    assert bundle.logged("counted-1")["retries"] == 1
