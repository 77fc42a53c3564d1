"""The ways in which the stand-in refuses, and what it counts of each account."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.upstream import REFUSALS, Answer, Cut, Gate, StandIn, Text
from tests.upstream_tests.client import CONTINUE, DELETE, PLAIN, STREAM, UPLOAD, Client, question, read, refusal

SINGLE_DELETE = "/chatglm/mainchat-api/conversation/delete"
OLD_DELETE = "/chatglm/backend-api/assistant/conversation/delete"
OLD_UPLOAD = "/chatglm/backend-api/assistant/file_upload"
INFO = "/chatglm/user-api/user/info"
CLOCK = "/chatglm/operation-api/config/cur_ts"


@pytest.mark.parametrize("name", list(REFUSALS))
def test_each_refusal_can_be_met(stand_in: StandIn, client: Client, name: str) -> None:
    stand_in.fail("chat", name)
    expected = REFUSALS[name]
    if expected.get("drop"):
        with pytest.raises(httpx.RemoteProtocolError):
            client.ask()
        return
    response = client.ask()
    assert response.status_code == expected.get("status", 200)
    if "code" in expected:
        assert (response.json()["status"], response.json()["message"]) == (expected["code"], expected["message"])
    else:
        assert response.headers["Content-Type"].startswith("text/html")


def test_what_was_done_before_the_answer_was_lost_is_done(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a"), before=30.0))
    stand_in.fail("chat", "dropped when done")
    with pytest.raises(httpx.RemoteProtocolError):
        client.ask()
    assert len(stand_in.running(client.account)) == len(stand_in.conversations(client.account)) == 1
    other = Client(client.http, stand_in.account())
    stand_in.fail("chat", "HTTP 504 when done")
    assert other.ask().status_code == 504
    stand_in.wait_for(lambda: not stand_in.running(other.account))


@pytest.mark.parametrize("result", [None, True, [], {}])
def test_a_deletion_can_answer_anything(stand_in: StandIn, client: Client, result: Any) -> None:
    conversation_id = client.events()[0]["conversation_id"]
    stand_in.fail("delete", result=result, works=True)
    body = {"conversation_ids": [conversation_id], "assistant_id": PLAIN}
    assert client.post(DELETE, body).json()["result"] == result
    assert stand_in.conversations(client.account) == []


def test_risk_control_refuses_every_account_until_it_is_lifted(stand_in: StandIn, client: Client) -> None:
    other = Client(client.http, stand_in.account())
    stand_in.risk_control.begin(after=1)
    assert client.events()
    assert refusal(client.ask()) == refusal(other.refresh()) == (400, 40012)
    assert (stand_in.risk_control.asked, stand_in.risk_control.is_on) == (2, True)
    assert [one.code for one in stand_in.record] == [0, 40012, 40012]
    stand_in.risk_control.begin("slide")
    assert "滑动验证页面" in client.ask().text
    stand_in.risk_control.begin("visit")
    assert "访问验证" in client.ask().text
    stand_in.risk_control.lift()
    assert client.events()


def test_asking_prolongs_risk_control(stand_in: StandIn, client: Client) -> None:
    stand_in.risk_control.begin(seconds=0.3)
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        assert refusal(client.ask()) == (400, 40012)
    time.sleep(0.35)
    assert client.events()


def test_a_blocked_account_can_only_say_so(stand_in: StandIn, client: Client) -> None:
    client.account.change(blocked=True, left_score=0)
    assert client.refresh().status_code == 200
    assert refusal(client.ask()) == (403, 40301)
    info = client.http.get(INFO, headers=client.headers()).json()["result"]
    assert info == {
        "is_guest": False,
        "member_info": {"left_score": "0.00", "token_left_percent": "82%"},
        "block_info": {"blocked": True},
    }
    with pytest.raises(TypeError):
        client.account.change(uid="another")


def test_an_account_stays_busy_after_its_last_event(stand_in: StandIn, client: Client) -> None:
    client.account.change(busy_after=0.3)
    assert client.events()
    ended = time.monotonic()
    while (answer := client.ask()).headers["Content-Type"] == "application/json":
        assert answer.json()["status"] == 10061
    assert time.monotonic() - ended > 0.15
    assert client.account.refused_busy == len(stand_in.requests("chat")) - 2


def test_generations_are_counted(stand_in: StandIn, client: Client) -> None:
    client.account.change(generations=2)
    gates = [Gate(after=1), Gate(after=1)]
    for gate in gates:
        stand_in.script(Answer(Text("a", "b"), gate=gate))
    headers = [client.headers(Accept="text/event-stream") for _ in gates]
    with (
        client.http.stream("POST", STREAM, json=question(), headers=headers[0]) as first,
        client.http.stream("POST", STREAM, json=question(), headers=headers[1]) as second,
    ):
        for gate in gates:
            gate.wait_sent()
        assert client.ask().json()["status"] == 10061
        (counted,) = stand_in.counts()
        assert (len(counted["running"]), [one["idle"] for one in counted["conversations"]]) == (2, [0.0, 0.0])
        for gate in gates:
            gate.release()
        first.read()
        second.read()
    (counted,) = stand_in.counts()
    assert (counted["running"], counted["max_running"], counted["generated"]) == ([], 2, 2)
    assert (counted["refused_busy"], len(counted["conversations"])) == (1, 2)
    assert all(0 <= one["idle"] < 10 for one in counted["conversations"])


@pytest.mark.parametrize(
    ("mode", "effort", "status"),
    [
        ("", "low", 200),
        ("thinking", "high", 200),
        ("deep_thinking", "max", 200),
        ("zero", None, 200),
        ("deep_research", None, 200),
        ("", None, 400),
        ("", "high", 400),
        ("thinking", "max", 400),
        ("thinking", None, 400),
        ("deep_research", "high", 400),
    ],
)
def test_effort_and_mode_go_in_pairs(
    stand_in: StandIn, client: Client, mode: str, effort: str | None, status: int
) -> None:
    meta_data = {"chat_mode": mode, "reasoning_effort": effort}
    assert client.ask(meta_data=meta_data).status_code == status
    stand_in.change(strict_effort=False)
    assert client.ask(meta_data=meta_data).status_code == 200


def test_a_prompt_can_be_too_long_and_a_conversation_unknown(stand_in: StandIn, client: Client) -> None:
    stand_in.change(longest_prompt=10, unknown_conversation="refused")
    assert client.events(text="0123456789")[-1]["status"] == "finish"
    (event,) = client.events(text="0123456789a")
    assert event["error"] == {"error_code": 10040, "err_msg": "model response context exceeded"}
    assert refusal(client.ask(text="", conversation_id="0" * 24)) == (200, 40004)
    with pytest.raises(TypeError):
        stand_in.change(politeness=1)


def test_a_stream_is_taken_up_with_a_fresh_logic_id_and_may_begin_anew(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Cut(after=1, clean=True, anew=True)))
    history_id = client.events()[0]["id"]
    assert client.post(CONTINUE, {"history_id": history_id}).status_code == 400
    again = read(client.post(CONTINUE, {"history_id": history_id, "logic_id": "fresh"}))
    assert [event["parts"][0]["content"][0]["text"] for event in again] == ["a", "b", "ab", "ab"]


@pytest.mark.parametrize(
    ("deletion", "works"), [("bulk", (1, 1, 0)), ("single", (0, 1, 0)), ("old", (0, 0, 1)), ("none", (0, 0, 0))]
)
def test_ways_to_delete(stand_in: StandIn, client: Client, deletion: Any, works: tuple[int, ...]) -> None:
    stand_in.change(deletion=deletion)
    for path, expected in zip((DELETE, SINGLE_DELETE, OLD_DELETE), works, strict=True):
        conversation_id = client.events()[0]["conversation_id"]
        body: dict[str, Any] = {"assistant_id": PLAIN, "conversation_id": conversation_id}
        if path == DELETE:
            body = {"assistant_id": PLAIN, "conversation_ids": [conversation_id]}
        client.post(path, body)
        assert (conversation_id not in stand_in.conversations(client.account)) is bool(expected), path


def test_ways_to_upload(stand_in: StandIn, client: Client) -> None:
    assert client.upload(b"words", path=OLD_UPLOAD).status_code == 404
    stand_in.change(uploading="old")
    assert client.upload(b"words", path=UPLOAD).status_code == 404
    assert client.upload(b"words", path=OLD_UPLOAD, nothing="").json()["result"]["file_size"] == 5


def test_the_service_s_clock_can_be_another(stand_in: StandIn, client: Client) -> None:
    stand_in.change(clock_ahead=60.0, clock_tolerance=10.0)
    assert refusal(client.ask()) == (400, 40014)
    ahead = client.http.get(CLOCK).json()["result"]["cur_ts"] / 1000 - time.time()
    assert 59 < ahead < 61
    stand_in.reset()
    assert Client(client.http, stand_in.account()).events()


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("plain", {"status": 0, "result": {"is_guest": False}}),
        ("text", {"status": "0", "result": {"is_guest": False}}),
        ("code", {"code": "0", "result": {"is_guest": False}}),
        ("data", {"status": 0, "data": {"is_guest": False}}),
        ("list", {"status": 0, "result": [{"is_guest": False}]}),
        ("no status", {"result": {"is_guest": False}}),
        ("null status", {"status": None, "result": {"is_guest": False}}),
    ],
)
def test_envelopes_come_in_other_forms(stand_in: StandIn, client: Client, form: Any, shown: dict[str, Any]) -> None:
    stand_in.change(envelopes=form)
    envelope = client.http.get(INFO, headers=client.headers()).json()
    envelope = json.loads(
        json.dumps(envelope).replace(', "member_info": {"left_score": "2000.00", "token_left_percent": "82%"}', "")
    )
    envelope = json.loads(json.dumps(envelope).replace(', "block_info": {"blocked": false}', ""))
    assert {name: value for name, value in envelope.items() if name not in ("message", "rid")} == shown
    client.account.kill()
    assert refusal(client.ask()) == (401, 40102)


@pytest.mark.parametrize("form", ["opaque", "no exp", "no type", "exp as text"])
def test_access_tokens_come_in_other_forms(stand_in: StandIn, client: Client, form: Any) -> None:
    other = Client(client.http, stand_in.account(access_form=form, old_names=True))
    result = other.refresh().json()["result"]
    assert (result["accessToken"].count(".") == 2) is (form != "opaque")
    other.token = result["accessToken"]
    assert other.events()
    other.account.revoke_access()
    assert refusal(other.ask()) == (401, 40102)
