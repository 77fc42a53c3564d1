"""The stand-in as a process of its own is asked over HTTP, as the soak does it."""

from typing import Any

import httpx
import pytest

from tests.upstream import Account, StandIn
from tests.upstream_tests.client import VIDEO, Client, contents, refusal


@pytest.fixture
def client(stand_in: StandIn, http: httpx.Client) -> Client:
    """An account that was made over HTTP."""
    (made,) = ask(http, "POST", "accounts", rotation="lenient")
    account: Account = stand_in.service.accounts.get(made["uid"])
    return Client(http, account)


def ask(http: httpx.Client, method: str, path: str, /, **body: Any) -> Any:
    response = http.request(method, f"/_stand_in/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_answers_are_described_as_json(client: Client) -> None:
    source = {"is": "Source", "of": ["A", "https://a.example/"]}
    parts = [
        {"is": "Think", "of": ["hm"]},
        {"is": "Search", "of": ["q", source]},
        {"is": "Junk", "of": ["null"]},
        {"is": "Text", "of": ["a"], "role": "tool"},
        {"is": "ToolCallText", "of": ["Read", {"path": "x"}], "form": "json"},
    ]
    answer = {"is": "Answer", "of": parts, "opening": True, "ending": {"is": "Error", "of": ["queued"]}}
    ask(client.http, "POST", "script", answer=answer, account=client.account.uid)
    body = client.ask().text
    assert [word in body for word in ("turn0search0", "data: null", "<tool", "10062")] == [True] * 4
    ask(client.http, "POST", "script", answer={"think": ["h"], "text": ["a", "b"], "dialect": "snapshots"})
    assert contents(client.events())[-1] == ("text", "finish", "ab")


def test_rules_play_the_model(client: Client) -> None:
    call = {"is": "Answer", "of": [{"is": "NativeCall", "of": ["Read", {}], "next_try": None}]}
    rules = [
        {"answer": {"text": ["done"]}, "has": ["TOOL RESULT"]},
        {"answer": call, "has": ["<tools>"], "lacks": ["never"], "times": 1},
    ]
    ask(client.http, "POST", "play", rules=rules)
    kinds = [contents(client.events(text=text))[0][0] for text in ("<tools>", "<tools>", "<tools> [TOOL RESULT]")]
    assert kinds == ["tool_calls", "text", "text"]
    assert contents(client.events(text="TOOL RESULT"))[-1][2] == "done"
    ask(client.http, "DELETE", "play")
    assert contents(client.events(text="TOOL RESULT"))[-1][2] != "done"


def test_failures_risk_control_and_manners(client: Client) -> None:
    http = client.http
    ask(http, "POST", "failures", endpoint="chat", refusal="queued", times=None, account=client.account.uid)
    assert refusal(client.ask()) == (200, 10062)
    ask(http, "DELETE", "failures")
    assert ask(http, "POST", "risk_control", look="40012") == {"on": True, "asked": 0}
    assert refusal(client.ask()) == (400, 40012)
    assert ask(http, "GET", "risk_control") == {"on": True, "asked": 1}
    assert ask(http, "DELETE", "risk_control")["on"] is False
    assert client.ask(meta_data={"reasoning_effort": "max"}).status_code == 400
    ask(http, "POST", "manners", strict_effort=False)
    assert client.ask(meta_data={"reasoning_effort": "max"}).status_code == 200
    ask(http, "POST", "reset")
    assert refusal(client.ask()) == (401, 40102)


def test_accounts_change(client: Client) -> None:
    path = f"accounts/{client.account.uid}"
    ask(client.http, "PATCH", path, busy_after=0.5, revoke=True)
    assert refusal(client.ask()) == (401, 40102)
    client.token = client.account.access_token()
    assert client.events()
    assert client.ask().json()["status"] == 10061
    ask(client.http, "PATCH", path, kill=True)
    assert client.refresh().status_code == 401


def test_record_and_counts(client: Client) -> None:
    client.ask(text="for the record")
    client.refresh()
    (counted,) = ask(client.http, "GET", "counts")
    assert (counted["uid"], counted["running"], len(counted["conversations"])) == (client.account.uid, [], 1)
    chat, refresh = ask(client.http, "GET", "record")
    assert (chat["name"], chat["status"], chat["done"], chat["ignored"]) == ("chat", 200, True, [])
    assert "prompt" not in chat
    assert [one["name"] for one in ask(client.http, "GET", f"record?since={refresh['number']}")] == ["refresh"]
    (chat,) = ask(client.http, "GET", "record?name=chat&prompts=1")
    assert chat["prompt"] == "for the record"
    assert ask(client.http, "DELETE", "record") == ask(client.http, "GET", "record") == []


def test_videos_and_pages(client: Client) -> None:
    ask(client.http, "POST", "videos", video={"polls": 0, "outcome": "failed"})
    extra = {"emotional_atmosphere": "", "mirror_mode": "", "video_style": ""}
    order = {"conversation_id": "", "prompt": "a cat", "advanced_parameter_extra": extra}
    chat_id = client.post(VIDEO, order).json()["result"]["chat_id"]
    status = client.http.get(f"{VIDEO}/status/{chat_id}", headers=client.headers()).json()["result"]["status"]
    assert status == "failed"
    page = ask(client.http, "POST", "site", path="/page", body="words", content_type="text/plain")
    assert httpx.get(page["url"]).text == "words"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("script", {"answer": {"is": "Nothing"}}),
        ("script", {}),
        ("accounts", {"colour": "red"}),
        ("failures", {"endpoint": "chat", "refusal": "nothing"}),
        ("manners", {"politeness": 1}),
    ],
)
def test_what_cannot_be_read_is_said(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    response = http.post(f"/_stand_in/{path}", json=body)
    assert response.status_code == 400
    assert response.json()["error"]


def test_the_record_forgets_the_oldest() -> None:
    with StandIn(keep=2) as stand_in, httpx.Client(base_url=stand_in.url) as http:
        for number in range(5):
            http.get(f"/{number}")
        assert [one["number"] for one in ask(http, "GET", "record")] == [3, 4]
