"""Asking twice: answers in a wanted form, and calls that have to come, from an upstream that writes what it likes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from lib.errors import AccountBusy, AnswerUnusable, BadRequest, Error, UpstreamFailed
from lib.invocation.retry import REPAIR_TURN
from lib.toolcalls import emulation
from lib.types.chat import ChatRequest, Message, ResponseFormat, TextPart, Tool, ToolChoice
from lib.types.events import (
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
    asyncio.run(_take(emulation.answer(request, model.ask), seen))
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
    model = Model([[Start(""), Text("I look."), *CALL], [CALLED]])
    assert events(model, NUMBER._replace(tools=(LOOK,))) == [Start(""), *CALL, CALLED]


def test_a_required_call_comes_before_the_value() -> None:
    request = NUMBER._replace(tools=(LOOK,), tool_choice=ToolChoice("required"))
    model = Model(says('{"n": 1}'), [[Start(""), *CALL], [CALLED]])
    assert events(model, request) == [Start(""), *CALL, Usage(10, 5), CALLED]
    assert "look" in last_words(model.asked[1])


def test_an_answer_without_an_end_has_failed() -> None:
    with pytest.raises(UpstreamFailed):
        lists(Model([[Start(""), Text('{"n": 1}')]]), NUMBER)


def test_an_account_that_is_not_free_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulation, "REPAIR_TURN", REPAIR_TURN._replace(times=2, first=0.0))
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


def test_a_call_streams_as_it_comes() -> None:
    model = Model([[Start(""), Reasoning("hm")], [Text("I look. ")], CALL[:2], CALL[2:], [Usage(1, 1), CALLED]])
    assert lists(model, MUST) == [
        [Start(""), Reasoning("hm")],
        [Text("I look. "), *CALL[:2]],
        CALL[2:],
        [Usage(1, 1), CALLED],
    ]


def test_a_call_that_has_to_come_is_asked_for_again() -> None:
    model = Model(
        [[Start(""), Reasoning("hm")], [Text("Looking.")], [Usage(10, 5), STOP]],
        [[Start(""), *CALL], [Usage(1, 1), CALLED]],
    )
    assert events(model, MUST) == [Start(""), Reasoning("hm"), *CALL, Usage(11, 6), CALLED]
    assert "look" in last_words(model.asked[1])


def test_a_call_in_a_revision_counts() -> None:
    revision = Revision((Text("I look."), *CALL))
    assert events(Model([[Start(""), Text("No.")], [revision], [CALLED]]), MUST) == [
        Start(""),
        Text("No."),
        revision,
        CALLED,
    ]


def test_no_call_twice_is_an_error() -> None:
    with pytest.raises(AnswerUnusable) as caught:
        lists(Model(says("No."), says("No.")), MUST)
    assert caught.value.code == "tool_call_missing"


def test_an_answer_that_was_cut_before_its_call_comes_as_it_is() -> None:
    model = Model(says("I look", finish=Finish("length")))
    assert events(model, MUST) == [Start(""), Usage(10, 5), Text("I look"), Usage(10, 5), Finish("length")]


def test_text_under_auto_streams_as_it_comes() -> None:
    assert lists(Model(says(" ", "a", "b")), MAY) == [
        [Start(""), Usage(10, 5), Text(" "), Text("a")],
        [Text("b")],
        [Usage(10, 5), STOP],
    ]


def test_after_thinking_alone_the_model_goes_on() -> None:
    model = Model([[Start(""), Reasoning("hm")], [Usage(1, 1), STOP]], [[Start(""), Text("Yes.")], [Usage(2, 2), STOP]])
    assert events(model, MAY) == [Start(""), Reasoning("hm"), Text("Yes."), Usage(3, 3), STOP]
    nothing: Lists = [[Start(""), Reasoning("hm")], [STOP]]
    with pytest.raises(UpstreamFailed) as caught:
        lists(Model(nothing, nothing), MAY)
    assert caught.value.code == "empty_answer"


def test_a_call_of_a_strict_tool_is_checked_before_it_goes_out() -> None:
    model = Model([[Start(""), *WRONG], [Text("never read"), CALLED]], [[Start("")], CALL[:2], CALL[2:], [CALLED]])
    assert events(model, STRICT) == [Start(""), *CALL, CALLED]
    assert "at" in last_words(model.asked[1])
    with pytest.raises(AnswerUnusable) as caught:
        lists(Model([[Start(""), *WRONG]], [[Start(""), *WRONG]]), STRICT)
    assert caught.value.code == "invalid_tool_arguments"


def test_a_call_of_a_strict_tool_that_does_not_fit_after_text_ends_the_answer() -> None:
    model = Model([[Start(""), Text("I look.")], WRONG, [CALLED]])
    with pytest.raises(AnswerUnusable):
        lists(model, STRICT)
    assert len(model.asked) == 1


def test_a_call_of_another_tool_goes_out_as_it_is() -> None:
    assert events(Model([[Start(""), *WRONG], [CALLED]]), MAY) == [Start(""), *WRONG, CALLED]


WHOLE = MAY._replace(streamed=False)


def checked(model: Model, request: ChatRequest) -> list[Event]:
    seen: list[list[Event]] = []
    asyncio.run(_take(emulation.answer(request, model.ask, check_calls=True), seen))
    return [event for events in seen for event in events]


def test_a_call_that_nobody_has_seen_is_asked_for_again_whatever_its_tool_is() -> None:
    model = Model([[Start(""), Text("I look.")], WRONG, [CALLED]], [[Start("")], CALL, [CALLED]])
    assert checked(model, WHOLE) == [Start(""), *CALL, CALLED]
    assert "at" in last_words(model.asked[1])


def test_it_is_asked_for_once_and_then_it_is_the_callers_to_say_what_is_wrong() -> None:
    model = Model([[Start(""), *WRONG], [CALLED]], [[Start(""), *WRONG], [CALLED]])
    assert checked(model, WHOLE) == [Start(""), *WRONG, CALLED]
    with pytest.raises(AnswerUnusable):
        lists(Model([[Start(""), *WRONG]], [[Text("I look."), *WRONG]]), STRICT._replace(streamed=False))


def test_what_is_seen_as_it_comes_is_not_asked_for_again() -> None:
    model = Model([[Start(""), *WRONG], [CALLED]])
    assert checked(model, MAY) == [Start(""), *WRONG, CALLED]
    assert checked(Model([[Start(""), Text("No."), STOP]]), WHOLE) == [Start(""), Text("No."), STOP]
    cut = Finish("length")
    assert checked(Model([[Start(""), *WRONG], [cut]]), WHOLE) == [Start(""), *WRONG, cut]


def test_a_strict_call_that_was_cut_does_not_go_out() -> None:
    cut = Finish("length")
    assert events(Model([[Start(""), *CALL[:2]], [cut]]), STRICT) == [Start(""), cut]


@pytest.mark.parametrize("request_", [NUMBER, MUST, MAY, ASKED])
def test_an_answer_that_is_not_read_to_its_end_is_closed(request_: ChatRequest) -> None:
    model = Model([[Start(""), Reasoning("a"), Text("b")], [Text('{"n": 1}'), *CALL], [STOP], [STOP]])

    async def leave() -> None:
        answer = emulation.answer(request_, model.ask)
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
