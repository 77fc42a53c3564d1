"""Asking twice: answers in a wanted form, and calls that have to come, from an upstream that writes what it likes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from lib.errors import AccountBusy, AnswerUnusable, BadRequest, Error, UpstreamFailed
from lib.invocation.retry import REPAIR_TURN
from lib.toolcalls import repair
from lib.types.chat import ChatRequest, Message, ResponseFormat, TextPart, Tool, ToolChoice
from lib.types.events import (
    Draft,
    Event,
    Finish,
    Reasoning,
    Revision,
    Start,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)

type Lists = Sequence[list[Event] | Error]

ASKED = ChatRequest("glm", (Message("user", (TextPart("Who?"),)),))
NUMBER = ASKED._replace(
    response_format=ResponseFormat({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
)
LOOK = Tool("look", parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]})
MUST = ASKED._replace(tools=(LOOK,), tool_choice=ToolChoice("required"))
MAY = ASKED._replace(tools=(LOOK,))
STRICT = ASKED._replace(tools=(LOOK._replace(strict=True),))
CALL: list[Event] = [
    ToolCallStart("1", "look"),
    ToolCallArguments('{"at": '),
    ToolCallArguments('"sky"}'),
    ToolCallEnd(),
]
WRONG: list[Event] = [ToolCallStart("1", "look"), ToolCallArguments("{}"), ToolCallEnd()]
STOP = Finish("stop")
CALLED = Finish("tool_calls")


class Model:
    """Answers each time with the next of what it was given."""

    def __init__(self, *answers: Lists) -> None:
        self._answers = list(answers)
        self.asked: list[ChatRequest] = []
        self.open = 0

    async def ask(self, request: ChatRequest) -> AsyncGenerator[list[Event]]:
        self.asked.append(request)
        self.open += 1
        assert self.open == 1
        try:
            for events in self._answers.pop(0):
                if isinstance(events, Error):
                    raise events
                yield events
        finally:
            self.open -= 1


async def _take(answer: AsyncGenerator[list[Event]], seen: list[list[Event]]) -> None:
    async with aclosing(answer):
        async for events in answer:
            seen.append(events)  # noqa: PERF401 - what came before a failure is kept.


def lists(model: Model, request: ChatRequest) -> list[list[Event]]:
    seen: list[list[Event]] = []
    asyncio.run(_take(repair.answer(request, model.ask), seen))
    assert model.open == 0
    return seen


def events(model: Model, request: ChatRequest) -> list[Event]:
    return [event for arrived in lists(model, request) for event in arrived]


def says(*texts: str, start: str = "", finish: Finish = STOP) -> Lists:
    usage = Usage(10, 5)
    first, *more = texts
    deltas: list[list[Event]] = [[Text(text)] for text in more]
    return [[Start(start), usage, Text(first)], *deltas, [usage, finish]]


def last_words(request: ChatRequest) -> str:
    assert request.messages[-1].role == "user"
    return request.messages[-1].text


# Structured output.


def test_the_value_alone_goes_out() -> None:
    model = Model(
        [[Start("c"), Reasoning("hm"), Text("Sure: ")], [Text('{"n"')], [Text(": 1} !")], [Usage(1, 2), STOP]]
    )
    assert lists(model, NUMBER) == [[Start("c"), Reasoning("hm"), Text('{"n": 1}'), Usage(1, 2), STOP]]
    assert '"required":["n"]' in last_words(model.asked[0])


def test_what_does_not_fit_is_asked_for_again_with_what_was_wrong() -> None:
    model = Model(says('{"n": "one"}'), says('{"n": 1}'))
    assert events(model, NUMBER) == [Start(""), Text('{"n": 1}'), Usage(20, 10), STOP]
    _, second = model.asked
    assert second.messages[-2] == Message("assistant", (TextPart('{"n": "one"}'),))
    assert "$.n" in last_words(second)


def test_an_answer_that_does_not_fit_twice_is_an_error_that_says_why() -> None:
    model = Model(says("No."), says('{"n": "one"}'))
    with pytest.raises(AnswerUnusable) as caught:
        lists(model, NUMBER)
    assert caught.value.code == "invalid_structured_output"
    assert "$.n" in caught.value.message
    assert len(model.asked) == 2


def test_a_schema_that_cannot_be_used_is_told_before_anybody_is_asked() -> None:
    model = Model()
    with pytest.raises(BadRequest):
        lists(model, ASKED._replace(response_format=ResponseFormat({"$ref": "http://127.0.0.1:1/"})))
    assert model.asked == []


def test_a_text_that_was_cut_is_not_handed_out_and_not_asked_for_again() -> None:
    cut = Finish("length")
    assert events(Model(says('{"n": ', finish=cut)), NUMBER) == [Start(""), Usage(10, 5), cut]
    filtered = Finish("content_filter", "No more.")
    assert events(Model(says('{"n": ', finish=filtered)), NUMBER) == [Start(""), Usage(10, 5), filtered]


def test_a_revision_replaces_what_was_said() -> None:
    model = Model([[Start(""), Text('{"n": 1}')], [Revision((Text('{"n": 2}'),))], [STOP]])
    assert events(model, NUMBER) == [Start(""), Text('{"n": 2}'), STOP]


def test_a_kept_conversation_goes_on() -> None:
    model = Model(says("No.", start="c1"), says('{"n": 1}', start="c1"))
    assert events(model, NUMBER._replace(conversation_id=""))[0] == Start("c1")
    assert [request.conversation_id for request in model.asked] == ["", "c1"]
    model = Model(says("No.", start="c1"), says('{"n": 1}', start="c2"))
    assert events(model, NUMBER)[0] == Start("c2")
    assert [request.conversation_id for request in model.asked] == [None, None]


def test_calls_are_an_answer_too() -> None:
    model = Model([[Start(""), Text("I look."), GOOD], [CALLED]])
    assert events(model, NUMBER._replace(tools=(LOOK,))) == [Start(""), *told(GOOD), CALLED]


def test_a_required_call_comes_before_the_value() -> None:
    request = NUMBER._replace(tools=(LOOK,), tool_choice=ToolChoice("required"))
    model = Model(says('{"n": 1}'), [[Start(""), GOOD], [CALLED]])
    assert events(model, request) == [Start(""), *told(GOOD), Usage(10, 5), CALLED]
    assert "look" in last_words(model.asked[1])


def test_an_answer_without_an_end_has_failed() -> None:
    with pytest.raises(UpstreamFailed):
        lists(Model([[Start(""), Text('{"n": 1}')]]), NUMBER)


def test_an_account_that_is_not_free_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "REPAIR_TURN", REPAIR_TURN._replace(times=2, first=0.0))
    model = Model(says("No."), [AccountBusy("busy")], [AccountBusy("busy")], says('{"n": 1}'))
    assert Text('{"n": 1}') in events(model, NUMBER)
    with pytest.raises(AccountBusy):
        lists(Model(says("No."), *[[AccountBusy("busy")]] * 3), NUMBER)
    first = Model([AccountBusy("busy")])
    with pytest.raises(AccountBusy):
        lists(first, NUMBER)
    assert len(first.asked) == 1


# Calls.


def test_a_request_without_either_goes_through() -> None:
    answer = says("a", "b")
    assert lists(Model(answer), ASKED) == list(answer)


def test_what_the_upstream_calls_natively_streams_as_it_comes() -> None:
    model = Model([[Start(""), Reasoning("hm")], [Text("I look. ")], CALL[:2], CALL[2:], [Usage(1, 1), CALLED]])
    assert lists(model, MUST) == [
        [Start(""), Reasoning("hm")],
        [Text("I look. "), *CALL[:2]],
        CALL[2:],
        [Usage(1, 1)],
        [Usage(1, 1), CALLED],
    ]


def told(call: Draft) -> list[Event]:
    return [ToolCallStart(call.id, call.name), ToolCallArguments(call.arguments), ToolCallEnd()]


GOOD = Draft("1", "look", '{"at": "sky"}', "<tool_call>look…")
BAD = Draft("2", "look", "{}", "<tool_call>look</tool_call>")
UNKNOWN = Draft("3", "peek", '{"at": "sky"}', "<tool_call>peek</tool_call>", declared=False)


def test_a_call_goes_out_whole_behind_the_text_before_it() -> None:
    model = Model([[Start(""), Text("I look.")], [GOOD], [CALLED]])
    assert lists(model, MAY) == [[Start(""), Text("I look.")], [*told(GOOD), CALLED]]


@pytest.mark.parametrize("wrong", [BAD, UNKNOWN])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_call_that_cannot_be_used_is_asked_for_once_more(wrong: Draft, streamed: bool) -> None:
    model = Model([[Start(""), Text("I look.")], [wrong], [CALLED]], [[Start(""), Text("Again."), GOOD], [CALLED]])
    assert events(model, MAY._replace(streamed=streamed)) == [Start(""), Text("I look."), *told(GOOD), CALLED]
    assert wrong.written in model.asked[1].messages[-2].text
    assert "look" in last_words(model.asked[1])


def test_the_second_call_counts_where_it_comes_else_the_first() -> None:
    other = BAD._replace(id="9")
    assert events(Model([[Start(""), BAD], [CALLED]], [[Start(""), other], [CALLED]]), MAY)[1:-1] == told(other)
    left = events(Model([[Start(""), BAD], [CALLED]], says("No.")), MAY)
    assert [one for one in left if not isinstance(one, Start | Usage)] == [*told(BAD), CALLED]
    changed = GOOD._replace(arguments='{"at": 1}')
    both = events(Model([[Start(""), GOOD, BAD], [CALLED]], [[Start(""), changed], [CALLED]]), MAY)
    assert [one.text for one in both if isinstance(one, ToolCallArguments)] == [GOOD.arguments, changed.arguments]


def test_a_call_of_no_declared_tool_is_text_in_the_end_or_a_call_where_the_caller_answers_such() -> None:
    twice = Model([[Start(""), UNKNOWN], [CALLED]], [[Start(""), UNKNOWN], [CALLED]])
    assert events(twice, MAY) == [Start(""), Text(UNKNOWN.written), STOP]
    once = Model([[Start(""), UNKNOWN], [CALLED]])
    assert events(once, MAY._replace(unknown_calls=True)) == [Start(""), *told(UNKNOWN), CALLED]


def test_a_call_is_not_shown_where_none_is_wanted() -> None:
    model = Model([[Start(""), Text("Hello."), GOOD], [CALLED]])
    asked = MAY._replace(tool_choice=ToolChoice("none"))
    assert events(model, asked) == [Start(""), Text("Hello."), STOP]


def test_a_call_that_has_to_come_is_asked_for_again() -> None:
    model = Model(
        [[Start(""), Reasoning("hm")], [Text("Looking.")], [Usage(10, 5), STOP]],
        [[Start(""), GOOD], [Usage(1, 1), CALLED]],
    )
    assert [one for one in events(model, MUST) if not isinstance(one, Usage)] == [
        Start(""),
        Reasoning("hm"),
        *told(GOOD),
        CALLED,
    ]
    assert "look" in last_words(model.asked[1])


def test_a_call_in_a_revision_counts() -> None:
    revision = Revision((Text("I look."), GOOD))
    assert events(Model([[Start(""), Text("No.")], [revision], [CALLED]]), MUST) == [
        Start(""),
        Text("I look."),
        *told(GOOD),
        CALLED,
    ]


@pytest.mark.parametrize("answer", [[Text("No.")], [UNKNOWN]])
def test_no_call_twice_is_an_error(answer: list[Event]) -> None:
    with pytest.raises(AnswerUnusable) as caught:
        lists(Model([[Start(""), *answer], [STOP]], [[Start(""), *answer], [STOP]]), MUST)
    assert caught.value.code == "tool_call_missing"


def test_an_answer_that_was_cut_before_its_call_comes_as_it_is() -> None:
    found = events(Model(says("I look", finish=Finish("length"))), MUST)
    assert [one for one in found if not isinstance(one, Usage)] == [Start(""), Text("I look"), Finish("length")]


def test_text_under_auto_streams_as_it_comes() -> None:
    assert lists(Model(says(" ", "a", "b")), MAY)[:2] == [[Start(""), Usage(10, 5), Text(" "), Text("a")], [Text("b")]]


def test_after_thinking_alone_the_model_goes_on() -> None:
    model = Model([[Start(""), Reasoning("hm")], [Usage(1, 1), STOP]], [[Start(""), Text("Yes.")], [Usage(2, 2), STOP]])
    found = events(model, MAY)
    assert [one for one in found if not isinstance(one, Usage)] == [Start(""), Reasoning("hm"), Text("Yes."), STOP]
    assert [one for one in found if isinstance(one, Usage)][-1] == Usage(3, 3)
    nothing: Lists = [[Start(""), Reasoning("hm")], [STOP]]
    with pytest.raises(UpstreamFailed) as caught:
        lists(Model(nothing, nothing), MAY)
    assert caught.value.code == "empty_answer"


@pytest.mark.parametrize("native", [True, False])
def test_a_call_of_a_strict_tool_never_goes_out_where_it_does_not_fit(native: bool) -> None:
    wrong: list[Event] = WRONG if native else [BAD]
    right: list[Event] = CALL if native else [GOOD]
    model = Model([[Start(""), *wrong], [CALLED]], [[Start("")], right, [CALLED]])
    arguments = "".join(one.text for one in events(model, STRICT) if isinstance(one, ToolCallArguments))
    assert arguments == GOOD.arguments
    with pytest.raises(AnswerUnusable) as caught:
        lists(Model([[Start(""), *wrong], [CALLED]], [[Start(""), *wrong], [CALLED]]), STRICT)
    assert caught.value.code == "invalid_tool_arguments"


def test_a_strict_call_that_was_cut_does_not_go_out() -> None:
    cut = Finish("length")
    assert events(Model([[Start(""), *CALL[:2]], [cut]]), STRICT) == [Start(""), cut]


@pytest.mark.parametrize("request_", [NUMBER, MUST, MAY, ASKED])
def test_an_answer_that_is_not_read_to_its_end_is_closed(request_: ChatRequest) -> None:
    model = Model([[Start(""), Reasoning("a"), Text("b")], [Text('{"n": 1}'), *CALL], [STOP], [STOP]])

    async def leave() -> None:
        answer = repair.answer(request_, model.ask)
        await anext(answer)
        await answer.aclose()
        assert model.open == 0

    asyncio.run(leave())


@pytest.mark.parametrize("request_", [NUMBER, MUST, MAY])
def test_what_the_upstream_raises_comes_through(request_: ChatRequest) -> None:
    model = Model([[Start("")], UpstreamFailed("gone")])
    with pytest.raises(UpstreamFailed, match="gone"):
        lists(model, request_)
    assert len(model.asked) == 1
