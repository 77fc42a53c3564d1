"""The stand-in's answers: each kind of part and event."""

import json

import httpx

from tests.upstream import (
    Answer,
    Code,
    Gate,
    MarkdownPictures,
    Output,
    Pictures,
    Quote,
    Raw,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    Unknown,
)
from tests.upstream_tests.client import STREAM, Client, contents, parse, question


def test_deltas_then_the_finished_part_then_everything(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Think("h", "m"), Text("ha ", "ha ", "haha")))
    events = client.events()
    assert contents(events[:-1]) == [
        ("think", "init", "h"),
        ("think", "init", "m"),
        ("think", "finish", "hm"),
        ("text", "init", "ha "),
        ("text", "init", "ha "),
        ("text", "init", "haha"),
        ("text", "finish", "ha ha haha"),
    ]
    assert [event["status"] for event in events] == ["init"] * 7 + ["finish"]
    think, text = events[-1]["parts"]
    assert (think["content"][0]["think"], text["content"][0]["text"]) == ("hm", "ha ha haha")
    assert (think["status"], text["status"]) == ("finish", "finish")
    assert think["logic_id"] != text["logic_id"]
    assert {event["parts"][0]["logic_id"] for event in events[:3]} == {think["logic_id"]}
    assert {event["conversation_id"] for event in events} == set(stand_in.conversations(client.account))
    assert len({event["id"] for event in events}) == 1


def test_the_older_dialect_says_everything_every_time(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Think("hm"), Text("ha ", "ha ", "haha"), dialect="snapshots"))
    events = client.events()
    assert contents(events) == [
        ("think", "init", "hm"),
        ("think", "finish", "hm"),
        ("text", "init", "ha "),
        ("text", "init", "ha ha "),
        ("text", "init", "ha ha haha"),
        ("text", "finish", "ha ha haha"),
        ("text", "finish", "ha ha haha"),
    ]
    assert [len(event["parts"]) for event in events] == [1, 1, 2, 2, 2, 2, 2]
    stand_in.script(Answer(Think("hm"), Text("ha"), dialect="snapshots", carry=False))
    assert [len(event["parts"]) for event in client.events()] == [1, 1, 1, 1, 2]


def test_a_finished_part_may_say_more_than_its_deltas(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", snapshot="abc"), opening=True))
    events = client.events()
    assert events[0]["parts"] == []
    assert contents(events[1:]) == [("text", "init", "a"), ("text", "finish", "abc"), ("text", "finish", "abc")]


def test_a_search_and_its_sources_in_both_forms(stand_in: StandIn, client: Client) -> None:
    source = Source("Title", "https://example.com/", "Snippet")
    stand_in.script(Answer(Search("what", source), Quote(source), Text("so")))
    call, result, quote, *_ = (event["parts"][0] for event in client.events())
    assert call["content"][0]["tool_calls"]["name"] == "search"
    assert json.loads(call["content"][0]["tool_calls"]["arguments"]) == {"query": "what"}
    found = {
        "url": "https://example.com/",
        "title": "Title",
        "snippet": "Snippet",
        "host_name": "example.com",
        "index": 0,
        "match_key": "turn0search0",
    }
    assert (result["content"][0]["type"], result["meta_data"]["tool_result_extra"]["search_results"]) == (
        "tool_result",
        [found],
    )
    assert quote["content"][0]["type"] == "quote_result"
    assert quote["meta_data"]["metadata_list"][0]["url"] == "https://example.com/"


def test_code_output_and_unknown_types(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Code("print", "(1)"), Output("1\n"), Unknown("hologram", depth=3), Unknown("system_error")))
    events = client.events()
    assert contents(events[:5]) == [
        ("code", "init", "print"),
        ("code", "init", "(1)"),
        ("code", "finish", "print(1)"),
        ("execution_output", "init", "1\n"),
        ("execution_output", "finish", "1\n"),
    ]
    assert events[5]["parts"][0]["content"] == [{"type": "hologram", "depth": 3, "status": "finish"}]
    assert events[6]["parts"][0]["content"] == [{"type": "system_error", "status": "finish"}]


def test_pictures_come_out_of_order_and_can_be_fetched(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Pictures(2, 0, 3, 1, prompt="a polished cat")))
    events = client.events()
    urls = [event["parts"][0]["content"][-1]["image"][0]["image_url"] for event in events[:4]]
    assert urls == [f"{stand_in.url}/testpath/{events[0]['id']}_{number}_0.jpg" for number in (2, 0, 3, 1)]
    assert events[0]["parts"][0]["content"][0]["code"] == "a polished cat"
    assert events[4]["parts"][0]["content"][0]["type"] == "one_to_more_finish"
    pictures = [httpx.get(url) for url in urls]
    assert {picture.headers["Content-Type"] for picture in pictures} == {"image/jpeg"}
    assert len({picture.content for picture in pictures}) == 4
    assert pictures[0].content.startswith(b"\xff\xd8\xff")
    assert httpx.get(f"{stand_in.url}/testpath/{'0' * 24}_0_0.jpg").status_code == 404


def test_pictures_of_the_older_form_are_markdown(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(MarkdownPictures(0, 1)))
    events = client.events()
    text = events[-1]["parts"][0]["content"][0]["text"]
    assert text.count("![picture](") == 2
    assert f"{stand_in.url}/testpath/{events[0]['id']}_1_0.jpg)" in text


def test_the_bytes_can_be_cut_anywhere(stand_in: StandIn, client: Client) -> None:
    answer = Answer(Text("你", "好"), chunk_sizes=(1, 2, 7), gate=Gate(after=3))
    assert answer.gate is not None
    stand_in.script(answer)
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        raw = it.iter_raw()
        answer.gate.wait_sent()
        arrived = next(raw)
        while len(arrived) < 10:
            arrived += next(raw)
        assert arrived == b"event:mess"
        answer.gate.release()
        assert contents(parse(arrived + b"".join(raw)))[-1] == ("text", "finish", "你好")


def test_lines_can_end_with_cr_lf_and_bytes_can_be_anything(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Raw(b": a comment\r\n\r\n"), Text("a"), crlf=True))
    content = client.ask().content
    assert content.startswith(b": a comment\r\n\r\nevent:message\r\ndata:  {")
    assert content.endswith(b"}\r\n\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_lone_surrogate_travels_escaped(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("\ud800")))
    assert contents(client.events())[0] == ("text", "init", "\ud800")
