"""What the stand-in is told to answer, to fail and to remember."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    Answer,
    Gate,
    StandIn,
    Text,
    demo,
)
from tests.upstream_tests.client import REFRESH, STREAM, Client, Events, contents, question, refusal


def kinds(events: Events) -> list[str]:
    return [part["content"][0]["type"] for part in events[-1]["parts"]]


def test_the_demo_answer_echoes_the_last_words(client: Client) -> None:
    events = client.events(text="<|system|>\nBe brief.\n<|user|>\nGood morning\n<|assistant|>\n")
    text = events[-1]["parts"][0]["content"][0]["text"]
    assert "stand-in" in text
    assert text.endswith("You said: Good morning")


def test_the_demo_thinks_searches_and_draws(client: Client) -> None:
    assert kinds(client.events(meta_data={"chat_mode": "thinking", "reasoning_effort": "high"})) == ["think", "text"]
    assert kinds(client.events(text="search this")) == ["tool_calls", "tool_result", "text"]
    assert kinds(client.events(text="search this", meta_data={"is_networking": False})) == ["text"]
    drawn = client.events(
        text="a cat", assistant_id=demo.DRAWING_ASSISTANT, meta_data={"cogview": {"aspect_ratio": "1:1"}}
    )
    assert len([part for part in drawn[-1]["parts"] if part["content"][-1]["type"] == "image"]) == 4


def test_scripts_are_told_in_order_by_account_and_number(stand_in: StandIn, client: Client) -> None:
    other = Client(client.http, stand_in.account())
    stand_in.script(Answer(Text("for the other")), account=other.account)
    stand_in.script(Answer(Text("twice")), times=2)
    stand_in.script(Answer(Text("always")), times=None)
    told = [contents(one.events())[0][2] for one in (client, client, client, other, other, client)]
    assert told == ["twice", "twice", "always", "for the other", "always", "always"]


def test_an_endpoint_fails_as_often_as_it_was_told(stand_in: StandIn, client: Client) -> None:
    stand_in.fail("chat", code=BUSY, message=BUSY_MESSAGE)
    stand_in.fail("chat", status=502, times=2)
    stand_in.fail("chat", status=429, headers={"Retry-After": "7"}, body={"code": 1})
    stand_in.fail("chat", drop=True)
    assert client.ask().json()["message"] == BUSY_MESSAGE
    assert [client.ask().status_code for _ in range(2)] == [502, 502]
    limited = client.ask()
    assert (limited.headers["Retry-After"], limited.json()) == ("7", {"code": 1})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.ask()
    assert client.events()


def test_a_failure_can_be_one_account_s_and_one_path_s(stand_in: StandIn, client: Client) -> None:
    other = Client(client.http, stand_in.account())
    stand_in.fail(REFRESH, status=500, account=other.account, times=None)
    assert [client.refresh().status_code, other.refresh().status_code, other.refresh().status_code] == [200, 500, 500]


def test_an_answer_can_be_held(stand_in: StandIn, client: Client) -> None:
    gate = Gate()
    stand_in.fail("refresh", gate=gate)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.refresh)
        stand_in.wait_for(lambda: stand_in.requests("refresh"))
        assert not answer.done()
        gate.release()
        assert answer.result(10).status_code == 200


def test_a_gate_lets_events_go_one_by_one(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        lines = (line for line in it.iter_lines() if line.startswith("data:"))
        for count in (1, 2, 3):
            gate.wait_sent(count)
            assert json.loads(next(lines)[5:])["parts"][0]["content"][0]["text"] == "abc"[count - 1]
            assert gate.sent == count
            gate.release(1)
        with pytest.raises(TimeoutError):
            gate.wait_sent(5, timeout=0.01)
        gate.release()
        assert len(list(lines)) == 2


def test_a_reset_forgets_and_breaks_off(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        stand_in.fail("chat", status=500, times=None)
        stand_in.reset()
        with pytest.raises(httpx.RemoteProtocolError):
            it.read()
    assert refusal(client.ask()) == (401, 40102)
    assert stand_in.record == []
    assert Client(client.http, stand_in.account()).events()


def test_the_record_holds_what_was_asked(stand_in: StandIn, client: Client) -> None:
    before = time.monotonic()
    client.ask(text="for the record")
    client.http.get("/nowhere?a=1")
    chat, nowhere = stand_in.record
    assert (chat.name, chat.method, chat.path, chat.status, chat.code) == ("chat", "POST", STREAM, 200, 0)
    assert chat.json["messages"][0]["content"][0]["text"] == "for the record"
    assert chat.headers["x-app-platform"] == "pc"
    assert (chat.account, chat.done, chat.client_gone) == (client.account.uid, True, False)
    assert before <= chat.at <= time.monotonic()
    assert chat.events > 1
    assert chat.first_sent is not None
    assert chat.at <= chat.first_sent <= time.monotonic()
    assert (nowhere.name, nowhere.query, nowhere.status) == ("", {"a": "1"}, 404)
    assert stand_in.requests("chat") == [chat]
    assert stand_in.requests(account=client.account) == [chat]
    assert stand_in.requests("chat", stand_in.account()) == []


def test_waiting_ends_when_it_is_so_and_says_when_it_is_not(stand_in: StandIn, client: Client) -> None:
    later = threading.Timer(0.05, client.refresh)
    later.start()
    stand_in.wait_for(lambda: stand_in.requests("refresh") and stand_in.requests("refresh")[0].done)
    later.join()
    with pytest.raises(TimeoutError, match="refresh 200"):
        stand_in.wait_for(lambda: stand_in.requests("chat"), timeout=0.01)
