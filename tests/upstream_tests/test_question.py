"""What the stand-in refuses of a chat call, and what it ignores."""

import json
from typing import Any

import pytest

from tests.upstream import (
    demo,
)
from tests.upstream_tests.client import STREAM, Client, question


@pytest.mark.parametrize(
    "changes",
    [
        {"assistant_id": "short"},
        {"conversation_id": None},
        {"chat_type": "system_chat"},
        {"messages": []},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}] * 2},
        {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"}]}]},
        {"messages": [{"role": "user", "content": "a"}]},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user", "content": [{"type": "audio", "audio": []}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": []}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": [{"file_id": "made up"}]}]}]},
        {"meta_data": {"chat_mode": "dreaming"}},
        {"meta_data": {"is_networking": "yes"}},
        {"meta_data": {"reasoning_effort": "medium"}},
        {"meta_data": {"selected_model": "gpt-4"}},
        {"meta_data": {"cogview": None}},
        {"assistant_id": demo.DRAWING_ASSISTANT, "meta_data": {"cogview": {"aspect_ratio": "1024x1024"}}},
    ],
)
def test_a_body_of_another_shape_is_refused(client: Client, changes: dict[str, Any]) -> None:
    assert client.ask(**changes).status_code == 400


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Content-Type": "text/plain", "Accept": "text/event-stream"}])
def test_a_chat_call_of_another_type_is_refused(client: Client, headers: dict[str, str]) -> None:
    body = json.dumps(question())
    typed = {"Content-Type": "application/json", **client.headers(), **headers}
    assert client.http.post(STREAM, content=body, headers=typed).status_code == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    typed = client.headers(**{"Content-Type": "application/json", "Accept": "text/event-stream"})
    assert client.http.post(STREAM, content=body, headers=typed).status_code == 400
