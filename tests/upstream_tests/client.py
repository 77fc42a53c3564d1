"""A client of the service that does everything right, or one thing wrong."""

import base64
import hashlib
import json
import time
import uuid
from typing import Any

import httpx

from tests.upstream import (
    Account,
)

PLAIN = "65940acff94777010aa6b796"
REFRESH = "/chatglm/user-api/user/refresh"
STREAM = "/chatglm/backend-api/assistant/stream"
STOP = "/chatglm/mainchat-api/stream/stop_stream"
CONTINUE = "/chatglm/mainchat-api/stream/continue_stream"
DELETE = "/chatglm/mainchat-api/conversation/bulk_delete"
UPLOAD = "/chatglm/productivity-api/file/chat_upload"
VIDEO = "/chatglm/video-api/v1/chat"

type Events = list[dict[str, Any]]


def timestamp_of(clock: int) -> str:
    digits = [int(digit) for digit in str(clock)]
    digits[11] = (sum(digits) - digits[11]) % 10
    return "".join(map(str, digits))


def signature(timestamp: str, nonce: str) -> str:
    return hashlib.md5(f"{timestamp}-{nonce}-8a1317a7468aa3ad86e997d08f3f31cb".encode()).hexdigest()


def signed(token: str, device_id: str, *, skew: float = 0.0) -> dict[str, str]:
    """All headers of a call. `skew`: seconds by which the clock is wrong."""
    timestamp = timestamp_of(int((time.time() + skew) * 1000))
    nonce = uuid.uuid4().hex
    return {
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Sign": signature(timestamp, nonce),
        "X-Device-Id": device_id,
        "X-Request-Id": uuid.uuid4().hex,
        "App-Name": "chatglm",
        "X-App-Platform": "pc",
        "X-App-Version": "0.0.1",
        "X-Lang": "zh",
        "X-App-fr": "default",
        "X-Device-Brand": "",
        "X-Device-Model": "",
        "Origin": "https://chatglm.cn",
        "Referer": "https://chatglm.cn/main/alltoolsdetail",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Authorization": f"Bearer {token}",
    }


def question(*parts: dict[str, Any], text: str = "hello", **changes: Any) -> dict[str, Any]:
    cogview = {"rm_label_watermark": False}
    meta_data = {"chat_mode": "", "reasoning_effort": "low", "is_networking": True, "cogview": cogview}
    return {
        "assistant_id": PLAIN,
        "conversation_id": "",
        "project_id": "",
        "chat_type": "user_chat",
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}, *parts]}],
        **changes,
        "meta_data": {**meta_data, **changes.get("meta_data", {})},
    }


class Client:
    """Calls the stand-in on one account, with plain httpx."""

    def __init__(self, http: httpx.Client, account: Account) -> None:
        self.http = http
        self.account = account
        self.token = account.access_token()

    def headers(self, token: str | None = None, **more: str) -> dict[str, str]:
        return {**signed(token or self.token, self.account.device_id), **more}

    def refresh(self, token: str | None = None) -> httpx.Response:
        return self.http.post(REFRESH, json={}, headers=self.headers(token or self.account.refresh_token))

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers(Accept="text/event-stream"))

    def ask(self, *parts: dict[str, Any], **changes: Any) -> httpx.Response:
        return self.post(STREAM, question(*parts, **changes))

    def events(self, *parts: dict[str, Any], **changes: Any) -> Events:
        return read(self.ask(*parts, **changes))

    def upload(self, content: bytes, filename: str = "a.txt", path: str = UPLOAD, **form: str) -> httpx.Response:
        form = form or {"from": "chat", "assistant_id": PLAIN}
        return self.http.post(path, data=form, files={"file": (filename, content)}, headers=self.headers())


def read(response: httpx.Response) -> Events:
    assert response.headers["Content-Type"] == "text/event-stream"
    return parse(response.content)


def parse(data: bytes) -> Events:
    """Read whole events; anything else in the data is an error."""
    head, *events = data.split(b"event:message\ndata:  ")
    assert head == b""
    assert all(event.endswith(b"\n\n") for event in events)
    return [json.loads(event) for event in events]


def contents(events: Events) -> list[tuple[str, str, Any]]:
    """What each event says: type, status and words of its last part's content, where it has a part."""
    said = []
    for event in events:
        for content in event["parts"][-1]["content"] if event["parts"] else ():
            kind, status = content["type"], content["status"]
            said.append((kind, status, content.get({"execution_output": "content"}.get(kind, kind))))
    return said


def refusal(response: httpx.Response) -> tuple[int, int]:
    body = response.json()
    assert set(body) == {"status", "message", "result", "rid"}
    return response.status_code, body["status"]


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
