"""Field reports 1 to 7: the answer is wrong, or lost."""

import json
from collections.abc import Iterable
from typing import Any, Final

import httpx
import openai
import pytest

from tests.asking import ask
from tests.bundle import Bundle
from tests.upstream import (
    EMPTY,
    JUNK,
    Account,
    Answer,
    Cut,
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
    Unknown,
)

HELLO: Any = [{"role": "user", "content": "Hello"}]
ONE: Final = Source("One", "https://example.com/1", match_key="turn0search1")
FOUR: Final = Source("Four", "https://example.com/4", match_key="turn0search4")


def stream(bundle: Bundle, account: Account, **options: Any) -> list[Any]:
    return list(ask(bundle, account, stream=True, **options))


def said(chunks: Iterable[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def content(bundle: Bundle, account: Account, **options: Any) -> str | None:
    text: str | None = ask(bundle, account, **options).choices[0].message.content
    return text


def both(bundle: Bundle, upstream: StandIn, account: Account, answer: Answer) -> tuple[str | None, str]:
    """The text of a whole answer, and that of a stream."""
    upstream.script(answer, times=2)
    return content(bundle, account), said(stream(bundle, account))


# 1. Citation marks.


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_field_01_marks_become_links_at_their_place(
    bundle: Bundle, upstream: StandIn, account: Account, cut: int
) -> None:
    text = "今天晴【turn0search1】，明天雨turn0search4。【turn3fetch0】【3†source】【12†来源】【1†源】end turn9search9"
    pieces = [text[place : place + cut] for place in range(0, len(text), cut)]
    upstream.script(Answer(Search("weather", ONE, FOUR), Think(*pieces), Text(*pieces)), times=2)
    links = "今天晴[1](https://example.com/1)，明天雨[2](https://example.com/4)。end turn9search9"
    message = ask(bundle, account).choices[0].message
    assert message.content == message.reasoning_content == links
    places = [
        (one.url_citation.url, links[one.url_citation.start_index : one.url_citation.end_index])
        for one in message.annotations
    ]
    assert places == [
        ("https://example.com/1", "[1](https://example.com/1)"),
        ("https://example.com/4", "[2](https://example.com/4)"),
    ]
    assert said(stream(bundle, account)) == links


def test_field_01_a_bare_key_that_nobody_knows_is_text(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    assert both(bundle, upstream, account, Answer(Text("See turn0search1."))) == ("See turn0search1.",) * 2


# 2. An empty answer is no success.

NOTHING: Final = {
    "no parts": Answer(),
    "an empty text": Answer(Text("")),
    "white space": Answer(Text(" \n")),
    "a system_error": Answer(Unknown("system_error", content="系统开小差了")),
    "unknown types": Answer(Unknown("hologram", depth=3)),
    "nothing at all": Answer(ending=EMPTY),
    "only a tool's words": Answer(Text("found", role="tool")),
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", NOTHING)
def test_field_02_nothing_is_asked_for_once_more(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, streamed: bool
) -> None:
    upstream.script(NOTHING[name])
    upstream.script(Answer(Text("now")))
    assert (said(stream(bundle, account)) if streamed else content(bundle, account)) == "now"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", NOTHING)
def test_field_02_nothing_twice_is_an_error(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, streamed: bool
) -> None:
    upstream.script(NOTHING[name], times=2)
    with pytest.raises(openai.InternalServerError) as raised:
        ask(bundle, account, stream=streamed)
    assert raised.value.status_code == 502
    assert len(upstream.requests("chat")) == 2
    if name == "a system_error":
        assert "系统开小差了" in str(raised.value)
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_field_02_reasoning_alone_is_no_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think("Hm.")), times=None)
    with pytest.raises(openai.InternalServerError):
        ask(bundle, account)
    with pytest.raises(openai.APIError):
        stream(bundle, account)


def test_field_02_reasoning_that_max_tokens_ended_is_one(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Think(*["thinking "] * 50), Text("Hi")))
    choice = ask(bundle, account, max_completion_tokens=5).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("length", "")


# 3. What cannot be read is skipped.


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
@pytest.mark.parametrize("name", JUNK)
def test_field_03_an_event_that_cannot_be_read(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, dialect: Any
) -> None:
    answer = Answer(JUNK[name], Text("one "), JUNK[name], Text("two"), JUNK[name], dialect=dialect)
    assert both(bundle, upstream, account, answer) == ("one two",) * 2
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_field_03_it_is_logged_once(upstream: StandIn, bundle: Bundle, account: Account) -> None:
    upstream.script(Answer(JUNK["a word"], Unknown("hologram-3"), Unknown("hologram-3"), Text("one")), times=2)
    ask(bundle, account)
    request_id = ask.__name__  # The line of a later request is there only after those of an earlier one.
    response = httpx.get(f"{bundle.url}/ping", headers={"x-request-id": request_id})
    bundle.logged(response.headers["x-request-id"])
    told = [line["message"] for line in bundle.log() if "hologram-3" in line.get("message", "")]
    assert len(told) == 1


# 4. Endings. `finished`, `done`, `stop`, `FINISH` and the others: here; in pieces: tests/test_event_reader.py.


@pytest.mark.parametrize("status", ["finished", "done", "stop", "FINISH", None, "thinking"])
@pytest.mark.parametrize("tail", [None, b"", b"\n"])
def test_field_04_any_end_is_one(
    bundle: Bundle, upstream: StandIn, account: Account, status: str | None, tail: bytes | None
) -> None:
    answer = Answer(Text("one ", "two"), ending=Finish(status, tail=tail))
    assert both(bundle, upstream, account, answer) == ("one two",) * 2


@pytest.mark.parametrize("form", ["object", "text", "list"])
@pytest.mark.parametrize("at", ["event", "part"])
def test_field_04_the_filters_words_in_any_form(
    bundle: Bundle, upstream: StandIn, account: Account, form: Any, at: Any
) -> None:
    upstream.script(Answer(Text("one "), ending=Intervene("换个话题", at=at, form=form)))
    choice = ask(bundle, account).choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.message.content.endswith("换个话题")


# 5. The final whole is the truth.


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
def test_field_05_a_stream_that_begins_anew(bundle: Bundle, upstream: StandIn, account: Account, dialect: Any) -> None:
    words = ("Hello ", "wor", "ld", ", ", "how ", "are ", "you?")
    for after in range(1, len(words)):
        answer = Answer(Text(*words), dialect=dialect, ending=Cut(after=after, anew=True))
        assert both(bundle, upstream, account, answer) == ("Hello world, how are you?",) * 2


def test_field_05_a_stream_that_lost_a_part_of_the_answer_says_so(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    answer = Answer(Text("one ", "two ", "three ", "four ", "five"), ending=Cut(after=2, loses=2))
    upstream.script(answer, times=2)
    assert ask(bundle, account).choices[0].message.content == "one two three four five"
    with pytest.raises(openai.APIError, match="a part of it was lost"):
        said(stream(bundle, account))


@pytest.mark.parametrize("dialect", ["deltas", "snapshots"])
@pytest.mark.parametrize(
    "options", [{"twice": True}, {"statuses": "content"}, {"statuses": "part"}, {"statuses": "none"}], ids=str
)
@pytest.mark.parametrize("flag", ["right", None])
def test_field_05_each_letter_once(
    bundle: Bundle, upstream: StandIn, account: Account, dialect: Any, options: dict[str, Any], flag: Any
) -> None:
    words = ("The weather ", "is going to be ", "sunny ", "all day long.")
    answer = Answer(Text(*words), dialect=dialect, increase_push=flag, **options)
    assert both(bundle, upstream, account, answer) == ("".join(words),) * 2


def test_field_05_a_later_part_does_not_overtake_an_earlier_one(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    for flag in ("right", None):
        answer = Answer(Text("a"), Text("b", "c"), Text("d"), finishes=False, increase_push=flag)
        assert both(bundle, upstream, account, answer) == ("abcd",) * 2


def test_field_05_a_whole_answer_is_the_last_snapshot(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    pictures = Pictures(0, urls={0: "https://example.com/0.png"})
    answer = Answer(Search("q", ONE), Rewriting("Hello wrld", "Help the world"), pictures, Text("Done."))
    upstream.script(answer)
    message = ask(bundle, account).choices[0].message
    assert message.content == "Help the world\n![](https://example.com/0.png)\nDone."
    assert [one.url_citation.url for one in message.annotations] == ["https://example.com/1"]


def test_field_05_a_stream_never_sends_a_letter_twice(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Rewriting("Hello wrld", "Hello world"), dialect="snapshots"))
    text = said(stream(bundle, account))
    assert text.startswith("Hello wrld")
    assert text.count("Hello") == 1


# 6. Whose words they are, and what is no text.


def test_field_06_words_of_tools_are_not_the_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    parts = (Text("raw result", role="tool"), FailedTool("text", text="failed"), Text("answer"))
    assert both(bundle, upstream, account, Answer(*parts)) == ("answer",) * 2


@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}, True, None], ids=repr)
def test_field_06_a_text_that_is_none(bundle: Bundle, upstream: StandIn, account: Account, value: Any) -> None:
    odd = Odd(
        parts=[{"logic_id": "x", "role": "assistant", "status": "finish", "content": [{"type": "text", "text": value}]}]
    )
    assert both(bundle, upstream, account, Answer(odd, Text("answer"))) == ("answer",) * 2


# 7. Pictures.


def drawn(bundle: Bundle, account: Account, **options: Any) -> list[Any]:
    return bundle.client(account.refresh_token).images.generate(prompt="一只猫", **options).data or []


@pytest.mark.parametrize("prompt_at", ["item", "beside"])
@pytest.mark.parametrize("item", ["image_url", "url", "text"])
@pytest.mark.parametrize("together", [False, True])
def test_field_07_pictures_in_any_form(
    bundle: Bundle, upstream: StandIn, account: Account, prompt_at: Any, item: Any, together: bool
) -> None:
    upstream.script(
        Answer(Pictures(2, 0, None, 1, prompt="A fluffy cat", prompt_at=prompt_at, item=item, together=together))
    )
    pictures = drawn(bundle, account)
    assert [picture.url.rpartition("_")[0][-1] for picture in pictures] == ["0", "1", "2"]
    assert {picture.revised_prompt for picture in pictures} == {"A fluffy cat"}


@pytest.mark.parametrize("ending", [Cut(after=2, resumes=False), Cut(after=2, resumes=False, clean=True)], ids=str)
def test_field_07_pictures_are_kept_when_the_stream_is_cut_after_them(
    bundle: Bundle, upstream: StandIn, account: Account, ending: Cut
) -> None:
    upstream.script(Answer(Pictures(0, 1, 2, 3), ending=ending))
    assert len(drawn(bundle, account)) == 2


def test_field_07_one_that_is_gone_does_not_fail_the_others(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Pictures(0, 1, 2, 3, urls={2: f"{upstream.url}/gone_2_0.jpg"})))
    assert len(drawn(bundle, account, response_format="b64_json")) == 3


def test_field_07_a_refusal_in_words_is_the_reason(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("抱歉，我无法绘制这张图。")), times=None)
    with pytest.raises(openai.InternalServerError, match="抱歉，我无法绘制"):
        drawn(bundle, account)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/relative.png", "data:text/html,x", "file:///etc/passwd", ""])
def test_field_07_only_web_addresses_reach_clients(
    bundle: Bundle, upstream: StandIn, account: Account, url: str
) -> None:
    upstream.script(Answer(Pictures(0, 1, urls={0: url})), times=2)
    assert len(drawn(bundle, account)) == 1
    body = {"model": "cogview-4", "messages": HELLO}
    response = httpx.post(f"{bundle.url}/v1/chat/completions", json=body, headers={"x-api-key": account.refresh_token})
    assert not url or url not in json.dumps(response.json())
