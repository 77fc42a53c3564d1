"""Chat on the open platform: what is sent for a request, and what comes of the platform's answers."""

import asyncio
import gzip
import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from lib.accounts.cooldown import Cooldown
from lib.errors import BadRequest, ContextLengthExceeded, QuotaExceeded, RateLimited, UpstreamFailed, UpstreamUncertain
from lib.types.chat import (
    ChatRequest,
    Effort,
    Message,
    ResponseFormat,
    Sampling,
    TextPart,
    Tool,
    ToolCall,
    ToolChoice,
)
from lib.types.events import Event, Finish, Reasoning, Source, Start, Text, ToolCallStart, Usage
from lib.types.upstream import Tries
from lib.upstreams.bigmodel import models
from lib.upstreams.bigmodel.errors import of_code
from tests import bigmodel
from tests.bigmodel import Answer, AnyDelta, Call, Gate, Platform, Raw, WebSearch
from tests.bigmodel_upstream import UPSTREAM, ask, calls, finish, reasoning, request, run, sent, settled, text, user

WEATHER = Tool("weather", "How the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}})


@pytest.fixture(scope="module")
def server() -> Iterator[Platform]:
    with Platform() as platform, settled({"GLM_PLATFORM_URL": platform.url}):
        yield platform


@pytest.fixture
def platform(server: Platform) -> Iterator[Platform]:
    yield server
    server.reset()


# What is answered.


def test_an_answer_is_reasoning_then_text_then_the_platform_s_own_usage(platform: Platform) -> None:
    platform.script(
        Answer(bigmodel.Reasoning("Hm", "."), bigmodel.Text("Hel", "lo"), usage=bigmodel.Usage(50, 7, 2, 40))
    )
    events = ask(request(), platform.key())
    assert events[0] == Start("", "glm-5.3")
    assert (reasoning(events), text(events)) == ("Hm.", "Hello")
    assert events[-2:] == [Usage(50, 7, 2, 40), Finish("stop")]


@pytest.mark.parametrize(
    "options",
    [
        {"empty_choices": True},
        {"bare": True},
        {"usage_apart": True},
        {"crlf": True},
        {"done": False},
    ],
    ids=str,
)
def test_every_form_of_the_stream_is_read(platform: Platform, options: dict[str, Any]) -> None:
    platform.script(Answer(bigmodel.Text("Hel", "lo"), usage=bigmodel.Usage(5, 2), **options))
    events = ask(request(), platform.key())
    assert text(events) == "Hello"
    assert events[-2:] == [Usage(5, 2), Finish("stop")]


@pytest.mark.parametrize(
    "rubbish",
    [b"data: \n\n", b"data: ping\n\n", b"data: null\n\n", b"data: []\n\n", b"data: {\n\n", b": ping\n\n",
     b"\xef\xbb\xbfdata: 5\n\n", b'data: {"a": "\xff"}\n\n', b'data: {"choices": null}\n\n',
     b'data: {"choices": [null]}\n\n', b'data: {"choices": [{"delta": null}]}\n\n',
     b'data: {"choices": [{"delta": {"content": null, "tool_calls": null}}]}\n\n',
     b'data: {"choices": [{"delta": {"tool_calls": [null, {"type": "web_search"}]}}], "usage": []}\n\n',
     b"data: " + b"9" * 5000 + b"\n\n", b"event: ping\nid: 1\nretry: 5\n\n"],
)  # fmt: skip
def test_what_cannot_be_read_is_skipped(platform: Platform, rubbish: bytes) -> None:
    platform.script(Answer(Raw(rubbish), bigmodel.Text("Hel"), Raw(rubbish), bigmodel.Text("lo")))
    events = ask(request(), platform.key())
    assert (text(events), finish(events)) == ("Hello", "stop")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("model_context_window_exceeded", "length"),
        ("sensitive", "content_filter"),
        ("something_new", "stop"),
    ],
)
def test_finish_reasons_are_the_house_s(platform: Platform, reason: str, expected: str) -> None:
    platform.script(Answer(bigmodel.Text("Hello"), finish=reason))
    assert finish(ask(request(), platform.key())) == expected


def test_an_answer_that_the_filter_stops_before_its_first_word_says_so(platform: Platform) -> None:
    platform.script(Answer(finish="sensitive"))
    events = ask(request(), platform.key())
    assert isinstance(events[0], Start)
    assert finish(events) == "content_filter"


def test_a_lost_model_is_an_error_after_what_it_said(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Text("Hel"), finish="network_error"))
    with pytest.raises(UpstreamFailed, match="lost its connection"):
        ask(request(), platform.key())


@pytest.mark.parametrize("parts", [(), (bigmodel.Text(""),), (bigmodel.Reasoning("Hm."),)])
def test_an_answer_that_says_nothing_is_an_error(platform: Platform, parts: Any) -> None:
    platform.script(Answer(*parts))
    with pytest.raises(UpstreamFailed, match="without saying anything"):
        ask(request(), platform.key())
    assert len(platform.requests("chat")) == 1


def test_without_the_platform_s_numbers_usage_is_an_estimate(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Reasoning("Hmmm"), bigmodel.Text("Hello!!!"), usage=False))
    [usage] = [event for event in ask(request("12345678"), platform.key()) if isinstance(event, Usage)]
    assert usage == Usage(usage.prompt_tokens, 3, 1, estimated=True)
    assert usage.prompt_tokens > 0


def test_search_results_are_sources_each_once(platform: Platform) -> None:
    found = WebSearch(bigmodel.Source("A page", "https://a.example", "Words."), bigmodel.Source("B", "javascript:b"))
    platform.script(Answer(found, found, bigmodel.Text("Hello")))
    events = ask(request(search=True), platform.key())
    assert [event for event in events if isinstance(event, Source)] == [Source("https://a.example", "A page", "Words.")]
    assert sent(platform)["tools"][0]["type"] == "web_search"


def test_a_whole_answer_in_place_of_a_stream_is_read(platform: Platform) -> None:
    whole = {
        "model": "glm-5.3",
        "choices": [{"message": {"content": "Hello", "reasoning_content": "Hm."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    platform.fail("chat", status=200, body=whole)
    events = ask(request(), platform.key())
    assert (reasoning(events), text(events)) == ("Hm.", "Hello")
    assert events[-2:] == [Usage(3, 4), Finish("stop")]


def test_a_stream_that_was_packed_on_its_way_is_read(platform: Platform) -> None:
    stream = b'data: {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    headers = {"Content-Encoding": "gzip"}
    platform.fail("chat", status=200, body=gzip.compress(stream), content_type="text/event-stream", headers=headers)
    assert text(ask(request(), platform.key())) == "Hello"


# Tools.


@pytest.mark.parametrize("pieces", [['{"city": "Rome"}'], ["{", '"city": "Ro', 'me"', "}"]])
def test_a_call_comes_as_it_is_written(platform: Platform, pieces: list[str]) -> None:
    platform.script(Answer(bigmodel.Text("Let me see."), Call("weather", *pieces, id="call_7")))
    events = ask(request(tools=(WEATHER,)), platform.key())
    assert calls(events) == [("weather", '{"city": "Rome"}')]
    assert finish(events) == "tool_calls"
    body = sent(platform)
    assert body["tool_choice"] == "auto"
    assert body["tool_stream"] is True
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": WEATHER.description, "parameters": dict(WEATHER.parameters)},
        }
    ]


def test_several_calls_are_told_one_after_the_other_with_ids_of_their_own(platform: Platform) -> None:
    platform.script(Answer(Call("weather", '{"city":', ' "Rome"}', id=""), Call("time", id=""), Call("weather", "{}")))
    events = ask(request(tools=(WEATHER, Tool("time"))), platform.key())
    assert calls(events) == [("weather", '{"city": "Rome"}'), ("time", "{}"), ("weather", "{}")]
    ids = [event.id for event in events if isinstance(event, ToolCallStart)]
    assert len(set(ids)) == 3
    assert all(ids)


def piece(index: int, arguments: str, name: str = "", **more: Any) -> AnyDelta:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return AnyDelta(tool_calls=[{"index": index, "function": function, **more}])


def test_calls_whose_pieces_are_mixed_are_put_in_order(platform: Platform) -> None:
    mixed = [
        piece(0, "", "weather"),
        piece(1, "", "time"),
        piece(1, '{"zone"'),
        piece(0, '{"city":'),
        piece(1, ': "CET"}'),
        AnyDelta(content="Two calls."),
        piece(0, ' "Rome"}'),
    ]
    platform.script(Answer(*mixed, finish="tool_calls"))
    events = ask(request(tools=(WEATHER, Tool("time"))), platform.key())
    assert calls(events) == [("weather", '{"city": "Rome"}'), ("time", '{"zone": "CET"}')]
    assert text(events) == "Two calls."


def test_calls_that_all_have_the_index_0_or_none_are_told_apart(platform: Platform) -> None:
    whole = [
        piece(0, "{}", "weather", id="a"),
        piece(0, '{"zone": 1}', "time", id="b"),
        AnyDelta(tool_calls=[{"function": {"name": "weather", "arguments": {"city": "Rome"}}}]),
    ]
    platform.script(Answer(*whole, finish="stop"))
    events = ask(request(tools=(WEATHER, Tool("time"))), platform.key())
    assert calls(events) == [("weather", "{}"), ("time", '{"zone": 1}'), ("weather", '{"city": "Rome"}')]
    assert finish(events) == "tool_calls"


def test_a_call_that_a_limit_cuts_is_not_ended(platform: Platform) -> None:
    platform.script(Answer(Call("weather", '{"city": "Ro'), finish="length"))
    events = ask(request(tools=(WEATHER,)), platform.key())
    assert calls(events) == [("weather", '{"city": "Ro')]
    assert finish(events) == "length"
    assert "ToolCallEnd" not in [type(event).__name__ for event in events]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", ["{}"]),
        ("null", ["{}"]),
        ('{"city": "Rome"', ['{"city": "Rome"}']),
        ('"{\\"city\\": \\"Rome\\"}"', ['{"city":"Rome"}']),
        ('{"city": "Rome"}{"city": "Rome"}', ['{"city": "Rome"}']),
        ('{"city": "Rome"}{"city": "Bonn"}', ['{"city": "Rome"}', '{"city":"Bonn"}']),
        # What cannot be read goes out as the model wrote it: an agent asks for it again.
        ('{"city": ', ['{"city": ']),
        ("[1]", ["[1]"]),
        ('"Rome"', ['"Rome"']),
        ("5", ["5"]),
    ],
)
def test_odd_arguments_are_read_as_far_as_they_can_be(platform: Platform, arguments: str, told: list[str]) -> None:
    for pieces in ((arguments,), tuple(arguments)):
        platform.script(Answer(Call("weather", *pieces)))
        events = ask(request(tools=(WEATHER,)), platform.key())
        assert calls(events) == [("weather", one) for one in told]
        assert finish(events) == "tool_calls"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ('weather{"city": "Rome"}', "", ("weather", '{"city":"Rome"}')),
        ("<tool_call>weather<arg_key>city</arg_key><arg_value>Rome</arg_value>", "", ("weather", '{"city":"Rome"}')),
        ("no_such_tool", '{"a": 1}', ("no_such_tool", '{"a": 1}')),
    ],
)
def test_what_a_call_s_name_holds_besides_is_read(
    platform: Platform, name: str, arguments: str, told: tuple[str, str]
) -> None:
    platform.script(Answer(Call(name, arguments)))
    assert calls(ask(request(tools=(WEATHER,)), platform.key())) == [told]


def test_where_one_call_is_wanted_the_first_is_kept(platform: Platform) -> None:
    platform.script(Answer(Call("weather", '{"city":', "1}"), Call("time", "{}")))
    events = ask(request(tools=(WEATHER,), parallel_tool_calls=False), platform.key())
    assert calls(events) == [("weather", '{"city":1}')]


def test_the_history_goes_back_with_calls_results_and_reasoning(platform: Platform) -> None:
    history = (
        Message("system", (TextPart("Be brief."),)),
        user("Weather in Rome?"),
        Message("assistant", tool_calls=(ToolCall("c1", "weather", '{"city": "Rome"}'),), reasoning="Look it up."),
        Message("tool", (TextPart("Sunny"),), tool_call_id="c1", tool_name="weather"),
        Message("tool", (TextPart("Old"),), tool_call_id="gone", tool_name="time"),
    )
    ask(request(*history), platform.key())
    assert sent(platform)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Rome?"},
        {
            "role": "assistant",
            "reasoning_content": "Look it up.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
            ],
        },
        {"role": "tool", "content": "Sunny", "tool_call_id": "c1"},
        {"role": "user", "content": "[Result of the tool time]\nOld"},
    ]


# What is sent.


@pytest.mark.parametrize(
    ("schema", "answer", "native"),
    [(None, "{}", True), ({"type": "object"}, "{}", True), ({"type": "array"}, "[]", False)],
)
def test_a_wanted_form_is_asked_for_in_words_and_natively_where_the_platform_can(
    platform: Platform, schema: dict[str, Any] | None, answer: str, native: bool
) -> None:
    platform.script(Answer(bigmodel.Text(answer)))
    assert text(ask(request(response_format=ResponseFormat(schema)), platform.key())) == answer
    body = sent(platform)
    assert body.get("response_format") == ({"type": "json_object"} if native else None)
    assert "JSON" in body["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(), {}),
        (request(sampling=Sampling(temperature=1.7, top_p=0.0)), {"temperature": 1.0, "top_p": 0.01}),
        (request(sampling=Sampling(temperature=0.0, top_p=1.0)), {"temperature": 0.0, "top_p": 1.0}),
        (request(sampling=Sampling(max_tokens=10**9)), {"max_tokens": 131072}),
        (request(sampling=Sampling(max_tokens=10**9), model="glm-4.5-air"), {"max_tokens": 98304}),
        (
            request(vendor={"do_sample": False, "thinking": {"clear_thinking": False}}),
            {"do_sample": False, "thinking": {"type": "enabled", "clear_thinking": False}},
        ),
        (request(sampling=Sampling(max_tokens=500, max_completion_tokens=900)), {"max_tokens": 500}),
        (request(sampling=Sampling(max_tokens=0, max_completion_tokens=-1)), {}),
        (request(sampling=Sampling(stop=("END",))), {"stop": ["END"]}),
        (request(sampling=Sampling(stop=("END", "FIN"))), {}),
        (request(model="glm-5.3-think"), {}),
        (request(model="glm-5.3-think", effort="low"), {"reasoning_effort": "low"}),
        (request(tools=(WEATHER,), tool_choice=ToolChoice("none")), {}),
        (request(search=False), {}),
    ],
)
def test_options_are_sent_as_the_platform_takes_them(
    platform: Platform, asked: ChatRequest, expected: dict[str, Any]
) -> None:
    ask(asked, platform.key())
    body = sent(platform)
    name = asked.model.removesuffix("-think")
    usual = {"thinking": {"type": "enabled"}, "reasoning_effort": "high"} if name.startswith("glm-5.3") else {}
    messages = [{"role": "user", "content": "Hello"}]
    assert body == {"model": name, "stream": True, "messages": messages, **usual, **expected}


EFFORTS: tuple[Effort | None, ...] = (None, "none", "minimal", "low", "medium", "high", "xhigh", "max")
ALWAYS = ["high", "low", "low", "low", "high", "high", "max", "max"]
BY_EFFORT = ["high", "off", "off", "high", "high", "high", "max", "max"]
SWITCH = ["", "off", "off", "on", "on", "on", "on", "on"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        *((name, ALWAYS) for name in ("glm-5.3", "glm-5.3-flash", "glm-5.3-flashx", "glm-5.4", "GLM-5.3")),
        ("glm-5.2", BY_EFFORT),
        *(
            (name, SWITCH)
            for name in ("glm-5.1", "glm-5-turbo", "glm-5v-turbo", "glm-4.7-flash", "glm-4.6v", "glm-4.5")
        ),
        *((name, [""] * 8) for name in ("glm-4.1v-thinking-flash", "glm-4-flash-250414", "glm-4-long")),
    ],
)
def test_every_effort_is_sent_as_the_model_takes_it(platform: Platform, model: str, expected: list[str]) -> None:
    key = platform.key()
    for effort, wanted in zip(EFFORTS, expected, strict=True):
        assert finish(ask(request(effort=effort, model=model), key)) == "stop"
        body = sent(platform)
        switch = body.get("thinking", {}).get("type", "")
        said = body.get("reasoning_effort") or {"enabled": "on", "disabled": "off"}.get(switch, "")
        assert (said, effort) == (wanted, effort)


def test_a_name_that_is_not_known_passes_without_a_field_of_thinking(platform: Platform) -> None:
    assert models.find(request(model="glm-9-odd", effort="max")).row.thinking == "always"
    assert models.find(request(model="qwen-3", effort="max")).thinking() == {}


def test_an_answer_ends_with_the_model_though_the_connection_stays_open(platform: Platform) -> None:
    for usage in (True, False):
        platform.script(Answer(bigmodel.Text("Done."), usage=usage, stays_open=True))
        started = time.monotonic()
        events = ask(request(), platform.key())
        assert (text(events), finish(events)) == ("Done.", "stop")
        assert time.monotonic() - started < 5


def test_a_context_that_is_full_is_told_as_what_it_is(platform: Platform) -> None:
    platform.script(Answer(finish="model_context_window_exceeded"))
    with pytest.raises(ContextLengthExceeded):
        ask(request(), platform.key())
    platform.script(Answer(bigmodel.Text("Half"), finish="model_context_window_exceeded"))
    assert ask(request(), platform.key())[-1] == Finish("length", context_full=True)


def test_an_answer_that_only_thought_says_so(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Reasoning("Hm."), finish="length"))
    end = ask(request(), platform.key())[-1]
    assert isinstance(end, Finish)
    assert "max_tokens" in end.note


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_marks_of_older_models_are_no_part_of_the_answer(platform: Platform, size: int) -> None:
    whole = "<think>Hm <b></think>\n<|begin_of_box|>42<|end_of_box|> is < 43 <think>"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    platform.script(Answer(*map(bigmodel.Text, pieces)))
    events = ask(request(model="glm-4.1v-thinking-flash"), platform.key())
    assert (reasoning(events), text(events)) == ("Hm <b>", "42 is < 43 <think>")


def test_only_the_tools_that_may_be_called_are_declared(platform: Platform) -> None:
    asked = request(tools=(WEATHER, Tool("time")), tool_choice=ToolChoice("required", ("time",)))
    ask(asked, platform.key())
    assert [tool["function"]["name"] for tool in sent(platform)["tools"]] == ["time"]
    assert sent(platform)["tool_choice"] == "auto"


def test_more_tools_than_the_platform_takes_are_refused_clearly(platform: Platform) -> None:
    with pytest.raises(BadRequest, match="128") as caught:
        ask(request(tools=tuple(Tool(f"tool_{number}") for number in range(129))), platform.key())
    assert caught.value.param == "tools"


@pytest.mark.parametrize(
    ("name", "meant"),
    [(" GLM-5.3 ", "glm-5.3"), ("openai/glm-4.6", "glm-4.6"), ("", "glm-5.3"), ("glm-5.3-offline", "glm-5.3")],
)
def test_names_are_read_as_they_are_meant(platform: Platform, name: str, meant: str) -> None:
    ask(request(model=name), platform.key())
    assert sent(platform)["model"] == meant


def test_a_silent_name_leaves_the_reasoning_out(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Reasoning("Hm."), bigmodel.Text("Hello")))
    events = ask(request(model="glm-5.3-silent"), platform.key())
    assert (reasoning(events), text(events)) == ("", "Hello")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((Message("system", (TextPart("Say hello."),)),), ["user"]),
        ((Message("system", (TextPart("Be brief."),)), Message("system", (TextPart("Hi"),))), ["system", "user"]),
        ((Message("assistant", (TextPart("Once"),)),), ["assistant", "user"]),
        ((user(""), user("Hello"), Message("assistant")), ["user"]),
    ],
)
def test_there_is_always_something_to_answer(
    platform: Platform, messages: tuple[Message, ...], expected: list[str]
) -> None:
    ask(request(*messages), platform.key())
    assert [message["role"] for message in sent(platform)["messages"]] == expected


def test_nothing_at_all_is_a_bad_request(platform: Platform) -> None:
    with pytest.raises(BadRequest, match="nothing to answer"):
        ask(request(user("")), platform.key())


def test_half_a_surrogate_pair_does_no_harm(platform: Platform) -> None:
    ask(request("a\ud83db"), platform.key())
    assert sent(platform)["messages"][0]["content"] == "a?b"


# Which requests, which keys.


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        (request(), True),
        (request(model="glm-9-unheard-of"), True),
        (request(model="glm-5.3-think"), True),
        (request(conversation_id=""), True),
        (request(conversation_id="6593f1d1ed0d1e2b3c4d5e6f"), False),
        (request(model="65940acff94777010aa6b796"), False),
        (request(model="glm-4-zero"), False),
        (request(model="glm-4-deepresearch-silent"), False),
        (request(model="cogview-3"), False),
    ],
)
def test_what_only_the_web_service_knows_is_not_served(asked: ChatRequest, served: bool) -> None:
    assert (UPSTREAM.why_not(asked) is None) is served


@pytest.mark.parametrize(
    ("key", "accepted"),
    [
        ("0123456789abcdef0123456789abcdef.AbCdEf0123456789", True),
        ("0123456789ABCDEF0123456789abcdef.AbCdEf0123456789", True),
        ("eyJhbGciOiJIUzUxMiJ9.eyJ1aWQiOiIxIn0.c2ln", False),
        ("eyJhbGciOiJIUzUxMiJ9aaaa.eyJ1aWQiOiIxIn0", False),
        ("sk-0123456789abcdef", False),
        ("", False),
        ("a.b", False),
    ],
)
def test_keys_are_told_by_their_look(key: str, accepted: bool) -> None:
    assert UPSTREAM.accepts(key) is accepted


def test_one_key_may_have_many_answers_at_once(platform: Platform) -> None:
    key = platform.key()
    gates = [Gate(after=1) for _ in range(8)]
    for gate in gates:
        platform.script(Answer(bigmodel.Text("Hel", "lo"), gate=gate))

    async def ask_all() -> list[list[Event]]:
        async def one() -> list[Event]:
            async with aclosing(UPSTREAM.answer(request(), key, Tries())) as answer:
                return [event async for events in answer for event in events]

        tasks = [asyncio.ensure_future(one()) for _ in gates]
        for gate in gates:
            await asyncio.to_thread(gate.wait_sent)
        for gate in gates:
            gate.release()
        return await asyncio.gather(*tasks)

    assert [text(events) for events in run(ask_all)] == ["Hello"] * 8
    assert platform.most_at_once(key) == 8


def test_a_caller_that_leaves_closes_the_connection(platform: Platform) -> None:
    gate = Gate(after=1)
    platform.script(Answer(bigmodel.Text("Hel", "lo"), gate=gate))
    key = platform.key()

    async def leave() -> list[Event]:
        async with aclosing(UPSTREAM.answer(request(), key, Tries())) as answer:
            return await anext(answer)

    assert run(leave) == [Start("", "glm-5.3"), Text("Hel")]
    platform.wait_for(lambda: platform.requests("chat")[0].client_gone)


# Endings out of order.


def test_an_answer_that_breaks_off_in_its_middle_is_an_error_and_not_asked_again(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Text("Hel"), cut=True))
    with pytest.raises(UpstreamFailed, match="broke the answer off"):
        ask(request(), platform.key())
    assert len(platform.requests("chat")) == 1


@pytest.mark.parametrize("clean", [True, False])
def test_one_that_breaks_off_before_its_first_word_may_have_been_taken(platform: Platform, clean: bool) -> None:
    platform.script(Answer(cut=True, clean=clean))
    with pytest.raises(UpstreamUncertain):
        ask(request(), platform.key())
    assert len(platform.requests("chat")) == 1


def test_what_was_said_before_an_error_in_the_stream_is_told(platform: Platform) -> None:
    platform.script(Answer(bigmodel.Text("Hel"), bigmodel.Text("lo"), error=1234))
    heard: list[Event] = []

    async def listen() -> None:
        async with aclosing(UPSTREAM.answer(request(), platform_key, Tries())) as answer:
            async for events in answer:
                heard.extend(events)

    platform_key = platform.key()
    with pytest.raises(UpstreamFailed, match="1234"):
        run(listen)
    assert text(heard) == "Hello"
    assert len(platform.requests("chat")) == 1


def test_the_demo_calls_a_tool_that_the_prompt_names(platform: Platform) -> None:
    events = ask(request("Please call weather", tools=(WEATHER,)), platform.key())
    assert [(name, json.loads(arguments)) for name, arguments in calls(events)] == [("weather", {"city": "text"})]
    assert any(isinstance(event, Reasoning) for event in events)


# Keys of other bases, and calls that leak.


def test_a_plan_s_key_chats_at_the_plan_s_base_and_is_told_as_what_it_is_elsewhere(platform: Platform) -> None:
    plan, poor = platform.key(plan=True), platform.key(refuse=1113)
    assert finish(ask(request(), f"{plan}@plan")) == "stop"
    assert [call.path for call in platform.requests("plan_chat")] == ["/api/coding/paas/v4/chat/completions"]
    for _ in range(2):
        with pytest.raises(QuotaExceeded, match="coding plan's"):
            ask(request(), plan)
        with pytest.raises(QuotaExceeded, match="Top up the account of this API key: its balance"):
            ask(request(), poor)


@pytest.mark.parametrize(
    "key", ["0123456789abcdef.0123456789abcdef" + base for base in ("", "@plan", "@zai", "@zai-plan")]
)
def test_keys_of_every_base_are_taken(key: str) -> None:
    assert UPSTREAM.accepts(key)
    assert UPSTREAM.account(key) == "0123456789abcdef"


@pytest.mark.parametrize("code", [1305, 1312])
def test_a_model_that_is_overloaded_is_no_fault_of_the_key_s(platform: Platform, code: int) -> None:
    error = of_code(code, "busy", 429)
    cooldown = Cooldown()
    cooldown.note("account", error)
    assert isinstance(error, RateLimited)
    assert not cooldown.remaining("account")


@pytest.mark.parametrize("part", [bigmodel.Text, bigmodel.Reasoning])
def test_a_call_that_leaks_into_the_text_or_the_reasoning_is_read(platform: Platform, part: Any) -> None:
    leaked = "<tool_call>weather<arg_key>city</arg_key><arg_value>Rome</arg_value></tool_call>"
    for pieces in ((leaked,), tuple(leaked)):
        platform.script(Answer(part(*pieces), finish="stop"))
        events = ask(request(tools=(WEATHER,)), platform.key())
        assert calls(events) == [("weather", '{"city":"Rome"}')]
        assert (text(events), finish(events)) == ("", "tool_calls")
