"""The stand-in's answers as the field has seen them: further fields, missing ones, junk between good events."""

import gzip
import json
import time
from typing import Any

import pytest

from tests.upstream import (
    ERRORS,
    JUNK,
    After,
    Answer,
    FailedTool,
    Finish,
    Intervene,
    Odd,
    Pictures,
    Rewriting,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    Together,
    Unknown,
    empty_events,
    tiny_parts,
)
from tests.upstream_tests.client import STREAM, Client, contents, question


def test_events_have_the_fields_of_the_capture(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Think("hm"), Text("a"), opening=True))
    first, think, *_, text, _ = client.events()
    assert (first["parts"], first["tool_calls"], bool(first["conversation_id"])) == ([], [], True)
    assert set(first["meta_data"]) >= {"input_question_type", "if_plus_model", "if_increase_push"}
    part = think["parts"][0]
    assert (part["id"], part["model"]) == (think["id"], "moe_53f")
    assert (part["meta_data"]["show_type"], part["content"][0]["tool_calls"]) == ("mc_tool_think2", {})
    assert text["parts"][0]["meta_data"]["tool_result_extra"] == {"think_finished_time": 3}


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({}, True),
        ({"dialect": "snapshots"}, False),
        ({"increase_push": False}, False),
        ({"increase_push": None}, None),
    ],
)
def test_the_flag_names_the_dialect_or_is_absent(
    stand_in: StandIn, client: Client, options: dict[str, Any], flag: bool | None
) -> None:
    stand_in.script(Answer(Text("a"), **options))
    assert {event["meta_data"].get("if_increase_push") for event in client.events()} == {flag}


@pytest.mark.parametrize(
    ("statuses", "part", "content"),
    [("both", True, True), ("part", True, False), ("content", False, True), ("none", False, False)],
)
def test_statuses_can_be_missing(stand_in: StandIn, client: Client, statuses: Any, part: bool, content: bool) -> None:
    stand_in.script(Answer(Text("a"), statuses=statuses, model=None))
    shown = client.events()[0]["parts"][0]
    assert ("status" in shown, "status" in shown["content"][0], "model" in shown) == (part, content, False)


def test_bare_events_have_nothing_more_than_they_need(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a"), bare=True, increase_push=None))
    body = client.ask().content
    assert body.startswith(b"event:message\ndata: {")
    assert (b"tool_calls" in body, b'"meta_data":{}' in body) == (False, True)


def test_events_come_twice_or_never_say_that_a_part_is_finished(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a"), twice=True))
    assert [said[1] for said in contents(client.events())] == ["init", "init", "finish", "finish", "finish"]
    stand_in.script(Answer(Text("a"), Text("b"), finishes=False))
    assert [said[1:] for said in contents(client.events())] == [("init", "a"), ("init", "b"), ("finish", "b")]


@pytest.mark.parametrize("name", list(JUNK))
def test_junk_comes_between_good_events(stand_in: StandIn, client: Client, name: str) -> None:
    stand_in.script(Answer(Text("a"), JUNK[name], Text("b")))
    body = client.ask().content
    good = [
        event for event in body.split(b"event:message\ndata:  ") if b'"type":"text"' in event and b'"junk"' not in event
    ]
    assert len(good) == 5
    assert body.endswith(b"\n\n")


def test_an_odd_event_says_what_it_is_told(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Odd(parts=[None], meta_data=[], id=None)))
    odd, last = client.events()
    assert (odd["parts"], odd["meta_data"], odd["id"]) == ([None], [], None)
    assert (last["status"], last["parts"]) == ("finish", [])


def test_a_failed_tool_and_a_tool_s_words_are_no_end(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(FailedTool(), Text("page", role="tool"), Unknown("system_error"), Text("so")))
    events = client.events()
    failed = events[0]["parts"][0]
    assert (failed["role"], failed["status"], failed["content"][0]["type"]) == ("tool", "error", "system_error")
    assert events[1]["parts"][0]["role"] == "tool"
    assert [event["status"] for event in events] == ["init"] * 6 + ["finish"]


def test_snapshots_can_rewrite_themselves(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Rewriting("Hello", "Help"), dialect="snapshots"))
    assert [said[2] for said in contents(client.events())] == ["Hello", "Help", "Help", "Help"]


def test_pictures_in_every_form(stand_in: StandIn, client: Client) -> None:
    def items(pictures: Pictures) -> list[Any]:
        stand_in.script(Answer(pictures))
        return [content for event in client.events()[:-2] for content in event["parts"][0]["content"]]

    (picture,) = items(Pictures(1, prompt="polished", prompt_at="item"))
    assert (picture["code"], list(picture["image"][0])) == ("polished", ["image_url"])
    assert list(items(Pictures(1, item="url"))[0]["image"][0]) == ["url"]
    assert items(Pictures(1, item="text"))[0]["image"][0].startswith("http")
    (together,) = items(Pictures(0, None, 1, urls={1: "javascript:alert(1)"}, together=True))
    assert [item and item["image_url"][-6:] for item in together["image"]] == ["_0.jpg", None, "ert(1)"]


def test_sources_have_the_keys_of_marks(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Search("a", Source("A", "https://a.example/"), Source("B", "https://b.example/", "", "x1"))))
    results = client.events()[1]["parts"][0]["meta_data"]["tool_result_extra"]["search_results"]
    assert [(one["match_key"], one["index"]) for one in results] == [("turn0search0", 0), ("x1", 1)]


def test_parts_arrive_together_and_later(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Together(Unknown("a"), Unknown("b")), After(0.1, Text("c"))))
    begun = time.monotonic()
    events = client.events()
    assert time.monotonic() - begun >= 0.1
    assert [len(event["parts"]) for event in events] == [2, 1, 1, 3]
    with pytest.raises(ValueError, match="at once"):
        Together(Text("a")).pieces()


def test_many_parts_and_empty_events(stand_in: StandIn, client: Client) -> None:
    stand_in.script(tiny_parts(100))
    assert len(client.events()[-1]["parts"]) == 100
    stand_in.script(empty_events(1000))
    assert len(client.events()) == 1003


@pytest.mark.parametrize("status", ["finished", "done", "stop", "FINISH", None])
def test_the_last_event_can_have_any_status(stand_in: StandIn, client: Client, status: str | None) -> None:
    stand_in.script(Answer(Text("a"), ending=Finish(status, repeats=False)))
    last = client.events()[-1]
    assert (last.get("status"), last["parts"]) == (status, [])


def test_the_last_event_can_lack_its_blank_line(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a"), ending=Finish(tail=b"")))
    assert client.ask().content.endswith(b"}")


def test_the_filter_s_words_can_be_a_part_s_or_of_another_form(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Intervene("no", at="part")))
    part = client.events()[-1]["parts"][0]
    assert (part["status"], part["error"]["intervene_text"], part["content"][0]["text"]) == ("intervene", "no", "ab")
    stand_in.script(Answer(ending=Intervene("no", form="text")))
    stand_in.script(Answer(ending=Intervene("no", form="list")))
    assert client.events()[-1]["last_error"] == "no"
    assert client.events()[-1]["last_error"][0]["intervene_text"] == "no"


@pytest.mark.parametrize("name", list(ERRORS))
def test_an_error_can_be_all_that_comes(stand_in: StandIn, client: Client, name: str) -> None:
    stand_in.script(Answer(ending=ERRORS[name]))
    (event,) = client.events()
    assert (event["status"], event["error"]["error_code"]) == ("error", ERRORS[name].code)


def test_the_head_can_say_anything(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a"), content_type="Text/Event-Stream;charset=UTF-8", gzip=True))
    stand_in.script(Answer(Text("a"), content_type=None))
    headers = client.headers(Accept="text/event-stream")
    with client.http.stream("POST", STREAM, json=question(), headers=headers) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["Content-Type"] == "Text/Event-Stream;charset=UTF-8"
    assert json.loads(gzip.decompress(packed).split(b"event:message\ndata:")[1])["parts"]
    assert "Content-Type" not in client.ask().headers
