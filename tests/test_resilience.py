"""Slow, hung and odd upstreams and tokens: every wait ends, nothing is a fault of our own, nobody else is hurt."""

import base64
import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import openai
import pytest

from tests.asking import ask, sent_text, turn
from tests.bundle import Bundle, serve
from tests.upstream import Account, Answer, Cut, Gate, StandIn, Text


def forged(**changes: Any) -> str:
    """A token with an odd payload."""
    payload = {"type": "refresh", "exp": int(time.time()) + 1000, "uid": "u", "device_id": "d", **changes}
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


def bomb(body: bytes) -> bytes:
    return gzip.compress(body + b" " * (200 << 20))


@pytest.mark.parametrize(
    ("packed", "live"), [(gzip.compress, True), (zlib.compress, True), (lambda body: body, None), (bomb, None)]
)
def test_an_answer_that_comes_compressed_though_nobody_asked_for_it_is_read(
    packed: Callable[[bytes], bytes], live: bool | None
) -> None:
    body = packed(b'{"status": 0, "message": "success", "result": {}}')

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip" if body[:2] == b"\x1f\x8b" else "deflate")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with serve({"GLM_CHATGLM_URL": f"http://127.0.0.1:{server.server_port}"}) as bundle:
            answer = httpx.post(f"{bundle.url}/token/check", json={"token": forged(type="access")}, timeout=60).json()
        server.shutdown()
    assert answer.get("live") is live
    assert live or answer["error"]["code"] == "upstream_error"


@pytest.mark.parametrize(
    "token",
    [
        forged(device_id="é"),
        forged(device_id="a\r\nX-Evil: 1"),
        forged(device_id="\ud800"),
        forged(uid="\ud800", device_id=""),
        forged(uid={"a": 1}, device_id=["b"]),
        forged(exp=10**400),
        forged(exp=float("inf")),
        forged(exp=float("nan")),
        forged(exp=True),
        forged(exp="tomorrow"),
        forged(iat="x"),
        forged() + "é",
        "é." + forged().partition(".")[2],
        forged()[:-4] + "a\tb",
    ],
)
def test_an_odd_token_is_refused_and_does_not_spoil_the_others(
    bundle: Bundle, upstream: StandIn, account: Account, token: str
) -> None:
    def post(key: str) -> httpx.Response:
        headers = [(b"Authorization", f"Bearer {key}".encode())]
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        return httpx.post(f"{bundle.url}/v1/chat/completions", json=body, headers=headers, timeout=30)

    assert post(token).status_code == 401
    assert {post(f"{token},{account.refresh_token}").status_code for _ in range(4)} == {200}
    verdict = httpx.post(f"{bundle.url}/token/check", json={"token": token})
    assert (verdict.status_code, verdict.json()["live"]) == (200, False)


def test_a_hung_refresh_ends_with_the_deadline_for_each_who_waits(upstream: StandIn, account: Account) -> None:
    gate = Gate()
    upstream.fail("refresh", gate=gate, times=None)
    with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_MAX_DURATION": "2"}) as bundle, ThreadPoolExecutor(3) as pool:
        began = time.monotonic()
        body = {"token": account.refresh_token}
        checks = [pool.submit(httpx.post, f"{bundle.url}/token/check", json=body, timeout=30) for _ in range(2)]
        with pytest.raises(openai.InternalServerError) as raised:
            ask(bundle, account)
        assert raised.value.code == "deadline_exceeded"
        assert [check.result().status_code for check in checks] == [504, 504]
        assert time.monotonic() - began < 6
        gate.release()


def test_a_hung_continuation_ends_in_order(upstream: StandIn, account: Account) -> None:
    gate = Gate()
    upstream.fail("continue", gate=gate, times=None)
    upstream.script(Answer(Text("one ", "two ", "three"), ending=Cut(2, clean=True)))
    with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_MAX_DURATION": "3"}) as bundle:
        answer = ask(bundle, account)
        gate.release()
    assert answer.choices[0].message.content == "one two "
    assert answer.choices[0].finish_reason == "length"


def test_a_client_that_leaves_during_a_refresh_loses_nobody_the_account(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    gate = Gate()
    upstream.fail("refresh", gate=gate)
    with pytest.raises(openai.APITimeoutError):
        ask(bundle, account, timeout=0.5)
    gate.release()
    assert ask(bundle, account).choices
    assert len(upstream.requests("refresh", account)) == 1


def test_the_first_token_is_good_beyond_its_own_expiry(upstream: StandIn) -> None:
    account = upstream.account(refresh_lifetime=3)
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        assert ask(bundle, account).choices
        expires_at = time.time() + 3
        account._refresh_lifetime = 1000
        account.revoke_access()
        assert ask(bundle, account).choices
        time.sleep(max(0.0, expires_at - time.time()) + 1.0)  # The expiry of a token is a time; nothing announces it.
        account.revoke_access()
        assert ask(bundle, account).choices
    with serve({"GLM_CHATGLM_URL": upstream.url}) as fresh, pytest.raises(openai.AuthenticationError, match="expired"):
        ask(fresh, account)


@pytest.mark.parametrize("failure", [{"status": 503}, {"drop": True}])
def test_cleaning_up_is_tried_twice(
    bundle: Bundle, upstream: StandIn, account: Account, failure: dict[str, Any]
) -> None:
    upstream.fail("delete", **failure)
    ask(bundle, account)
    assert upstream.conversations(account) == []
    assert len(upstream.requests("delete", account)) == 2


def test_conversations_are_kept_where_the_deployer_says_so(upstream: StandIn, account: Account) -> None:
    with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_KEEP_CONVERSATIONS": "1"}) as bundle:
        answer = ask(bundle, account)
    assert upstream.conversations(account) == [answer.id]


def test_a_refused_signature_says_nothing_of_a_token(upstream: StandIn, account: Account) -> None:
    with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_SIGN_SECRET": "wrong"}) as bundle:
        for token in (account.access_token(), account.foreign_token("access"), account.refresh_token):
            response = httpx.post(f"{bundle.url}/token/check", json={"token": token})
            assert response.status_code == 502
            assert "GLM_SIGN_SECRET" in response.json()["error"]["message"]


def test_an_opaque_access_token_is_taken(bundle: Bundle, upstream: StandIn) -> None:
    account = upstream.account(access_form="opaque")
    assert ask(bundle, account).choices
    assert ask(bundle, account).choices
    assert len(upstream.requests("refresh")) == 1


def test_a_conversation_goes_on_with_the_last_turn_where_nothing_was_answered(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    first = ask(bundle, account, extra_body={"conversation_id": ""})
    ask(bundle, account, turn("system", "Be kind."), "one", "two", extra_body={"conversation_id": first.id})
    assert sent_text(upstream) == "two"


def test_a_client_that_does_not_read_does_not_hold_an_account_for_ever(upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text(*["x" * 50_000 for _ in range(400)]), gate=(gate := Gate(after=400)), lingers=True))
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    body = {"stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    with serve({"GLM_CHATGLM_URL": upstream.url, "GLM_MAX_DURATION": "5"}) as bundle:
        request = httpx.Request("POST", f"{bundle.url}/v1/chat/completions", json=body, headers=headers)
        with httpx.Client() as client:
            response = client.send(request, stream=True)
            upstream.wait_for(lambda: upstream.requests("stop", account), timeout=20)
            upstream.wait_for(lambda: not upstream.running(account))
            response.close()
        gate.release()
