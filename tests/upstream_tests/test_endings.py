"""The stand-in's answers: each ending."""

from typing import Any

import httpx
import pytest

from tests.upstream import (
    EMPTY,
    HTML,
    UNAVAILABLE,
    Answer,
    Cut,
    Error,
    Intervene,
    StandIn,
    Text,
)
from tests.upstream_tests.client import CONTINUE, STREAM, Client, contents, parse, question, read


def test_the_filter_intervenes(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Intervene("换一个话题")))
    events = client.events()
    assert contents(events[:-1]) == [("text", "init", "a"), ("text", "init", "b")]
    assert (events[-1]["status"], events[-1]["last_error"]) == ("intervene", Intervene("换一个话题").error())


@pytest.mark.parametrize("field", ["error", "last_error"])
def test_generating_fails(stand_in: StandIn, client: Client, field: Any) -> None:
    stand_in.script(Answer(Text("a"), ending=Error(field=field)))
    last = client.events()[-1]
    assert (last["status"], last[field]) == ("error", {"error_code": 10024, "err_msg": "generator exit"})


def test_the_connection_is_cut(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b", "c"), ending=Cut(after=2, partial=20)))
    headers = client.headers(Accept="text/event-stream")
    arrived = b""
    with client.http.stream("POST", STREAM, json=question(), headers=headers) as response:
        chunks = response.iter_raw()
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  It is the reading that fails, some chunks later.
            while True:
                arrived += next(chunks)
    assert arrived.count(b"event:message") == 3
    assert contents(parse(arrived[: arrived.rindex(b"event:message")])) == [
        ("text", "init", "a"),
        ("text", "init", "b"),
    ]
    assert len(arrived) - arrived.rindex(b"event:message") == 20


def test_the_connection_is_cut_in_good_order(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b", "c"), ending=Cut(after=2, clean=True)))
    assert contents(client.events()) == [("text", "init", "a"), ("text", "init", "b")]


def test_a_cut_stream_is_taken_up_again_from_where_it_was(stand_in: StandIn, client: Client) -> None:
    again = Cut(after=1, clean=True, then=Intervene())
    stand_in.script(Answer(Text("a", "b", "c", "d"), ending=Cut(after=2, clean=True, then=again)))
    history_id = client.events()[0]["id"]
    assert contents(read(client.post(CONTINUE, {"history_id": history_id, "logic_id": "L"}))) == [("text", "init", "c")]
    events = read(client.post(CONTINUE, {"history_id": history_id, "logic_id": "L"}))
    assert contents(events[:1]) == [("text", "init", "d")]
    assert events[-1]["status"] == "intervene"
    assert client.post(CONTINUE, {"history_id": history_id, "logic_id": "L"}).json()["status"] != 0


def test_a_cut_stream_may_be_gone_for_good(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Cut(after=1, clean=True, resumes=False)))
    history_id = client.events()[0]["id"]
    assert client.post(CONTINUE, {"history_id": history_id, "logic_id": "L"}).json()["status"] != 0


@pytest.mark.parametrize(
    ("ending", "status", "content_type", "start"),
    [
        (EMPTY, 200, "text/event-stream", b""),
        (HTML, 200, "text/html", b"<!DOCTYPE html>"),
        (UNAVAILABLE, 503, "text/html", b"<html>"),
    ],
)
def test_no_events_at_all(
    stand_in: StandIn, client: Client, ending: Any, status: int, content_type: str, start: bytes
) -> None:
    stand_in.script(Answer(ending=ending))
    response = client.ask()
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith(content_type)
    assert response.content[:15].startswith(start)
    assert bool(start) == bool(response.content)
    assert stand_in.conversations(client.account) == []
