"""The chat stream with each of its fields changed in every event: what a user gets.

The rule: what the answer can do without never fails it. An answer without any words is a failure, never an empty one.
"""

import json
from typing import Any, Final

import httpx
import pytest

from tests.bundle import Bundle
from tests.field.variations import EACH, VARIATIONS, Path, name, varied
from tests.upstream import Account, Answer, Instead, StandIn

LINK: Final = "https://example.com/weather"
THOUGHT: Final = "They ask for the weather."
SAID: Final = "It will be sunny all day【turn0search1】, says the forecast."
SHOWN: Final = f"It will be sunny all day[1]({LINK}), says the forecast."


def _event(status: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "aaaaaaaaaaaaaaaaaaaaaaaa",
        "conversation_id": "cccccccccccccccccccccccc",
        "assistant_id": "65940acff94777010aa6b796",
        "parts": list(parts),
        "created_at": "2026-07-26 16:22:35",
        "status": status,
        "last_error": {},
        "tool_calls": [],
        "meta_data": {"input_question_type": "xxxx", "if_plus_model": True, "if_increase_push": True},
    }


def _part(logic_id: str, role: str, status: str, content: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "aaaaaaaaaaaaaaaaaaaaaaaa",
        "logic_id": logic_id,
        "role": role,
        "content": [{**content, "status": status}],
        "model": "moe_53f",
        "recipient": "all",
        "meta_data": {"auto_glm_data": {}, "show_type": "x", "tool_result_extra": extra},
        "status": status,
    }


def _events() -> list[dict[str, Any]]:
    def think(status: str, text: str) -> dict[str, Any]:
        return _part("L1", "assistant", status, {"type": "think", "think": text, "tool_calls": {}}, {})

    def text(status: str, text: str) -> dict[str, Any]:
        return _part("L3", "assistant", status, {"type": "text", "text": text, "tool_calls": {}}, {})

    call = {"id": "call_1", "name": "search", "arguments": '{"query": "weather"}'}
    found = {
        "url": LINK,
        "title": "Weather",
        "snippet": "<b>Sunny</b>",
        "host_name": "example.com",
        "index": 0,
        "match_key": "turn0search1",
    }
    called = _part("L2", "assistant", "finish", {"type": "tool_calls", "tool_calls": call}, {})
    result = _part("L4", "tool", "finish", {"type": "tool_result", "content": ""}, {"search_results": [found]})
    return [
        _event("init"),
        _event("init", think("init", THOUGHT[:9])),
        _event("init", think("init", THOUGHT[9:])),
        _event("init", think("finish", THOUGHT)),
        _event("init", called),
        _event("init", result),
        *(_event("init", text("init", SAID[place : place + 7])) for place in range(0, len(SAID), 7)),
        _event("init", text("finish", SAID)),
        _event("finish", think("finish", THOUGHT), called, result, text("finish", SAID)),
    ]


EVENT: Final[list[Path]] = [(field,) for field in _event("init")]
FLAGS: Final[list[Path]] = [("meta_data", field) for field in _event("init")["meta_data"]]
PARTS: Final[Path] = ("parts",)
PART: Final[Path] = ("parts", EACH)
OF_PART: Final[list[Path]] = [(*PART, field) for field in _events()[1]["parts"][0]]
CONTENT: Final[Path] = (*PART, "content", EACH)
OF_CONTENT: Final[list[Path]] = [
    (*CONTENT, field) for field in ("type", "text", "think", "status", "tool_calls", "content")
]
OF_CALL: Final[list[Path]] = [(*CONTENT, "tool_calls", field) for field in ("id", "name", "arguments")]
META: Final[Path] = (*PART, "meta_data")
EXTRA: Final[Path] = (*META, "tool_result_extra")
OF_META: Final[list[Path]] = [(*META, "auto_glm_data"), (*META, "show_type"), EXTRA]
FOUND: Final[Path] = (*EXTRA, "search_results", EACH)
OF_FOUND: Final[list[Path]] = [
    (*FOUND, field) for field in ("url", "title", "snippet", "host_name", "index", "match_key")
]
PATHS: Final[list[Path]] = [
    *(EVENT + FLAGS),
    *(PART, *OF_PART),
    *(CONTENT, *OF_CONTENT, *OF_CALL),
    *(*OF_META, FOUND[:-1], FOUND, *OF_FOUND),
]

NEEDED: Final = (PARTS, PART, CONTENT[:-1], CONTENT)
"""What an answer cannot be read without."""
CITED_BY: Final = (META, EXTRA, FOUND[:-1], FOUND, (*FOUND, "url"), (*FOUND, "match_key"))
"""What a mark cannot become a link without. It is left out of the text, and the answer is served."""
OTHER_WORDS: Final = ("a number", "a text", "a long number")
"""These say something else, and that is shown."""


def expected(path: Path, how: str) -> str:
    """What the user gets."""
    if how == "a list of one":
        return "all"
    if path in NEEDED or (path == (*CONTENT, "type") and how == "a text"):
        return "502 upstream_error"
    if path == (*CONTENT, "text"):
        return "other words" if how in OTHER_WORDS else "502 upstream_error"
    if path == (*CONTENT, "think"):
        return "all, other reasoning" if how in OTHER_WORDS else "all, no reasoning"
    return "no link" if path in CITED_BY else "all"


def sent_as(events: list[dict[str, Any]]) -> Answer:
    data = "".join(f"event:message\ndata:  {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    return Answer(ending=Instead(200, data))


def outcome(response: httpx.Response) -> str:
    if response.status_code != 200:
        return f"{response.status_code} {response.json()['error']['code']}"
    message = response.json()["choices"][0]["message"]
    text = {SHOWN: "all", SHOWN.replace(f"[1]({LINK})", ""): "no link"}.get(message["content"], "other words")
    thought = {THOUGHT: "", None: ", no reasoning"}.get(message.get("reasoning_content"), ", other reasoning")
    return f"{text}{thought}"


def ask(bundle: Bundle, account: Account) -> str:
    body = {"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    return outcome(bundle.http.post(f"{bundle.url}/v1/chat/completions", json=body, headers=headers))


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_a_field_of_every_event(bundle: Bundle, upstream: StandIn, account: Account, path: Path) -> None:
    given = {}
    for how, change in VARIATIONS.items():
        silent = expected(path, how).startswith("502") and path != (*CONTENT, "text")
        tries = 2 if silent else 1  # Without a word, not even of reasoning, the service is asked once more.
        upstream.script(sent_as([varied(event, path, change) for event in _events()]), times=tries)
        given[how] = ask(bundle, account)
    assert given == {how: expected(path, how) for how in VARIATIONS}


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_a_field_of_one_event(bundle: Bundle, upstream: StandIn, account: Account, path: Path) -> None:
    """A passing slip costs nothing: the finished part says all once more."""
    given = {}
    for how, change in VARIATIONS.items():
        events = _events()
        events[7] = varied(events[7], path, change)
        upstream.script(sent_as(events))
        given[how] = ask(bundle, account)
    another_part = OTHER_WORDS if path == (*PART, "logic_id") else ()
    assert given == {how: "other words" if how in another_part else "all" for how in VARIATIONS}


@pytest.mark.parametrize("path", [(), ("meta_data",), PART, CONTENT, META, EXTRA, FOUND], ids=name)
def test_a_field_more(bundle: Bundle, upstream: StandIn, account: Account, path: Path) -> None:
    added = {"new": {"deep": [1, None]}, "text_version": 2}
    events = [
        varied(event, path, lambda value: {**value, **added}) if path else {**event, **added} for event in _events()
    ]
    upstream.script(sent_as(events))
    assert ask(bundle, account) == "all"


def _stream() -> bytes:
    data = [f"event:message\ndata:{json.dumps(event)}\n\n" for event in _events()]
    return "".join(data).encode()


@pytest.mark.parametrize(
    ("status", "content_type"),
    [(201, "text/event-stream"), (200, "text/plain; charset=utf-8"), (202, "application/octet-stream")],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_stream_is_one_whatever_it_is_called(
    bundle: Bundle, upstream: StandIn, account: Account, status: int, content_type: str, streamed: bool
) -> None:
    upstream.fail("chat", status=status, body=_stream(), content_type=content_type)
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    body = {"messages": [{"role": "user", "content": "Weather?"}], "stream": streamed}
    answer = httpx.post(f"{bundle.url}/v1/chat/completions", headers=headers, json=body, timeout=30)
    assert answer.status_code == 200
    assert "sunny all day" in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream"])
def test_a_refusal_is_one_whatever_it_is_called(
    bundle: Bundle, upstream: StandIn, account: Account, content_type: str
) -> None:
    refusal = '{"status": 10040, "message": "model response context exceeded"}'
    upstream.fail("chat", status=200, body=refusal, content_type=content_type)
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    body = {"messages": [{"role": "user", "content": "Weather?"}]}
    answer = httpx.post(f"{bundle.url}/v1/chat/completions", headers=headers, json=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_a_videos_number_may_be_called_id(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("video", result={"id": "0123456789abcdef01234567", "conversation_id": ""})
    headers = {"Authorization": f"Bearer {account.refresh_token}"}
    answer = httpx.post(f"{bundle.url}/v1/videos/generations", headers=headers, json={"prompt": "A cat"}, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["task_status"] == "PROCESSING"
