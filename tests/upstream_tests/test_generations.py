"""One generation at a time for an account of the stand-in, and conversations that stay until they are deleted."""

from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    Answer,
    Cut,
    Gate,
    StandIn,
    Text,
)
from tests.upstream_tests.client import CONTINUE, DELETE, PLAIN, STOP, STREAM, Client, contents, parse, question


def test_an_account_generates_one_answer_at_a_time(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        busy = client.ask()
        assert (busy.status_code, busy.json()["status"], busy.json()["message"]) == (200, BUSY, BUSY_MESSAGE)
        assert len(stand_in.running(client.account)) == 1
        assert Client(client.http, stand_in.account()).ask().headers["Content-Type"] == "text/event-stream"
        gate.release()
        assert contents(parse(it.read()))[-1] == ("text", "finish", "ab")
    assert stand_in.running(client.account) == []
    assert client.events()


def test_who_leaves_ends_the_generation(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")):
        gate.wait_sent()
    assert client.events()
    stand_in.wait_for(lambda: stand_in.requests("chat")[0].client_gone)
    assert [one.client_gone for one in stand_in.requests("chat")] == [True, False]


def test_a_lingering_generation_ends_when_it_is_stopped(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate, lingers=True))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")):
        gate.wait_sent()
    stand_in.wait_for(lambda: stand_in.requests("chat")[0].client_gone)
    assert client.ask().json()["status"] == BUSY
    (history_id,) = stand_in.running(client.account)
    assert client.post(STOP, {"history_id": history_id}).json()["status"] == 0
    assert client.events()


def test_a_stopped_stream_ends_with_what_it_has(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=2)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        (history_id,) = stand_in.running(client.account)
        assert client.post(STOP, {"history_id": history_id}).json()["status"] == 0
        last = parse(it.read())[-1]
    assert (last["status"], last["parts"][0]["content"][0]["text"]) == ("finish", "ab")


def test_only_the_account_itself_stops_and_resumes(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Cut(after=1, clean=True)))
    history_id = client.events()[0]["id"]
    other = Client(client.http, stand_in.account())
    assert other.post(STOP, {"history_id": history_id}).json()["status"] != 0
    assert other.post(CONTINUE, {"history_id": history_id}).json()["status"] != 0
    assert client.post(STOP, {"history_id": "made up"}).json()["status"] != 0


def test_a_conversation_goes_on_and_is_deleted(stand_in: StandIn, client: Client) -> None:
    conversation_id = client.events()[0]["conversation_id"]
    assert len(conversation_id) == 24
    assert client.events(conversation_id=conversation_id)[0]["conversation_id"] == conversation_id
    assert stand_in.conversations(client.account) == [conversation_id]
    deletion = {"conversation_ids": [conversation_id], "assistant_id": PLAIN}
    assert client.post(DELETE, {**deletion, "assistant_id": "0" * 24}).status_code == 400
    assert Client(client.http, stand_in.account()).post(DELETE, deletion).json()["status"] != 0
    assert stand_in.conversations(client.account) == [conversation_id]
    assert client.post(DELETE, deletion).json()["status"] == 0
    assert stand_in.conversations(client.account) == []
    assert client.post(DELETE, deletion).json()["status"] != 0
    assert client.ask(conversation_id=conversation_id).content == b""


def test_a_made_up_conversation_is_an_empty_stream(stand_in: StandIn, client: Client) -> None:
    of_another = Client(client.http, stand_in.account()).events()[0]["conversation_id"]
    for conversation_id in ("0" * 24, "none", of_another):
        response = client.ask(conversation_id=conversation_id)
        assert (response.status_code, response.content) == (200, b"")
