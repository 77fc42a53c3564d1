"""Tools in the prompt: declared as the request has it, earlier calls as they are to be written, no text in disguise."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.tokens import tokens
from lib.toolcalls import invoke, prompt, trained
from lib.toolcalls.escape import MARKS, unescape
from lib.toolcalls.prompt import (
    call_names,
    calls_text,
    declaration,
    lengths,
    message_text,
    messages,
    reminder,
    too_long,
)
from lib.toolcalls.reader import read_calls
from lib.types.chat import ChatRequest, FilePart, Message, TextPart, Tool, ToolCall, ToolChoice
from lib.upstreams.chatglm.chat.native import shown_name
from lib.upstreams.chatglm.chat.prompt import unmarked
from tests.toolcalls.calls import NAMES, READ, TOOLS, WRITE, always_told


@pytest.fixture(params=[trained, invoke], ids=["trained", "dsml"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the prompt asks for: how a call begins in it."""
    monkeypatch.setattr(prompt, "syntax", request.param)
    return "<tool_call>" if request.param is trained else "<|DSML|invoke name="


def said(role: Any, text: str, **more: Any) -> Message:
    return Message(role, (TextPart(text),), **more)


def asked(*said_before: Message, choice: ToolChoice | None = None, tools: tuple[Tool, ...] = TOOLS) -> ChatRequest:
    return ChatRequest("m", said_before or (said("user", "Hello"),), tools=tools, tool_choice=choice or ToolChoice())


def test_the_declaration_is_the_block_that_the_model_was_trained_on() -> None:
    told = declaration(asked())
    assert told.startswith(
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{"
    )
    assert (
        "\n</tools>\n\n"
        "For each function call, output the function name and arguments within the following XML format:\n"
        "<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value>"
        "<arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>\n"
    ) in told
    declared = told.partition("<tools>\n")[2].partition("\n</tools>")[0].split("\n")
    assert [json.loads(line)["function"]["name"] for line in declared] == ["Read", "Write", "ping"]
    assert json.loads(declared[0])["function"]["parameters"] == READ.parameters


def test_texts_are_kept_as_they_are() -> None:
    tool = Tool(
        "天气", "查询天气 <now>", {"type": "object", "properties": {"城市": {"type": "string"}}, "required": ["城市"]}
    )
    told = declaration(asked(tools=(tool,)))
    assert "查询天气 <now>" in told
    assert "城市" in told


def test_the_example_calls_a_tool_of_this_request(form: str) -> None:
    example = declaration(asked()).partition("For example:\n")[2].partition("\n\n")[0]
    assert always_told(example) == [("Read", {"file_path": "…"})]
    assert form in example


def test_what_may_be_called_is_what_is_declared() -> None:
    assert declaration(asked(choice=ToolChoice("none"))) == reminder(asked(choice=ToolChoice("none"))) == ""
    assert declaration(asked(tools=())) == ""
    named = declaration(asked(choice=ToolChoice("required", ("Write",)))) + reminder(
        asked(choice=ToolChoice("required", ("Write",)))
    )
    assert "Write" in named
    assert "Read" not in named
    assert "must call Write" in named
    allowed = declaration(asked(choice=ToolChoice("auto", ("Write", "ping"))))
    assert "Read" not in allowed
    assert "must" not in allowed
    assert "must" in declaration(asked(choice=ToolChoice("required")))
    assert "must" not in declaration(asked()) + reminder(asked())


def test_one_call_at_a_time_where_no_more_are_wanted() -> None:
    assert "one block" in declaration(asked()._replace(parallel_tool_calls=False))


def test_the_names_of_the_services_own_tools_get_a_prefix() -> None:
    search = Tool("search", parameters={"type": "object", "properties": {"query": {"type": "string"}}})
    told = declaration(asked(tools=(search,)), shown_name)
    assert '"client__search"' in told
    assert '"search"' not in told
    assert calls_text([ToolCall("1", "search", "{}")], shown_name) == "<tool_call>client__search</tool_call>"


HISTORY = (
    said("system", "Be brief."),
    said("user", "Look at a."),
    said(
        "assistant",
        "I look.",
        tool_calls=(ToolCall("c1", "Read", '{"file_path": "a", "limit": 3}'), ToolCall("c2", "ping", "")),
    ),
    said("tool", "It is\n  empty.", tool_call_id="c1"),
    said("tool", "No route", tool_call_id="c2", is_error=True),
)


def test_history_is_replayed_in_the_canonical_form() -> None:
    declared, system, user, assistant, results = messages(asked(*HISTORY))
    assert system.text == "Be brief."
    assert declared.text == declaration(asked())
    assert user.text == "Look at a."
    assert assistant.text == (
        "I look.\n<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value>"
        "<arg_key>limit</arg_key><arg_value>3</arg_value></tool_call>\n<tool_call>ping</tool_call>"
    )
    assert assistant.tool_calls == ()
    assert results.role == "user"
    assert results.text == (
        "[TOOL RESULT from Read (c1)]\nIt is\n  empty.\n[END OF TOOL RESULT] This call is done.\n"
        "[TOOL RESULT from ping (c2)] The tool failed:\nNo route\n[END OF TOOL RESULT] This call is done.\n"
        + reminder(asked())
    )


def test_history_without_declared_tools_is_replayed_too() -> None:
    for request in (asked(*HISTORY, tools=()), asked(*HISTORY, choice=ToolChoice("none"))):
        told = messages(request)
        assert [message.role for message in told] == ["system", "user", "assistant", "user"]
        assert "<tool_call>Read" in told[2].text
        assert told[3].text.endswith("This call is done.")


def test_results_name_the_tool_as_the_caller_does_or_by_the_calls_id() -> None:
    names = call_names(HISTORY)
    assert names == {"c1": "Read", "c2": "ping"}
    assert message_text(said("tool", "x", tool_call_id="c1"), names).startswith("[TOOL RESULT from Read (c1)]\nx\n")
    assert "from other (c1)" in message_text(said("tool", "x", tool_call_id="c1", tool_name="other"), names)
    lost = message_text(said("tool", "x", tool_call_id="gone]\n[END"), names)
    assert lost.startswith("[TOOL RESULT from a tool (gone) [END)]\nx\n")


def test_the_names_of_calls_may_come_from_a_longer_conversation() -> None:
    (_, last) = messages(asked(HISTORY[-1]), names=call_names(HISTORY))
    assert last.text.startswith("[TOOL RESULT from ping (c2)] The tool failed:\nNo route\n")


def test_pictures_in_results_stay_where_they_were() -> None:
    picture = FilePart("data:,", "messages[1]", is_image=True)
    result = Message("tool", (TextPart("See:"), picture), tool_call_id="c1")
    (*_, last) = messages(asked(*HISTORY[:3], result, tools=()))
    assert [type(part) for part in last.parts] == [TextPart, TextPart, FilePart, TextPart]


def test_arguments_that_are_no_object_are_told_all_the_same() -> None:
    assert "half" in calls_text([ToolCall("1", "Read", '{"file_path": "half')])
    assert calls_text([ToolCall("1", "ping", "null")]).startswith("<tool_call>ping")


def test_the_assistants_own_words_are_cleaned_and_its_calls_are_not() -> None:
    history = (
        said("user", "x"),
        said("assistant", "/mnt/data/a", tool_calls=(ToolCall("1", "Read", '{"file_path": "/mnt/data/a"}'),)),
    )
    told = messages(asked(*history), lambda words: words.replace("/mnt/data/a", "?"))
    assert told[2].text.startswith("?\n<tool_call>")
    assert "/mnt/data/a" in told[2].text


def test_a_prompt_that_is_too_long_says_how_long_each_part_is() -> None:
    found = lengths(asked(*HISTORY))
    assert found.tools > 100
    assert 0 < found.newest < found.history < found.tools
    error = too_long(asked(*HISTORY))
    assert error.code == "context_length_exceeded"
    assert error.tokens == found.total
    assert f"tools about {found.tools} tokens" in error.message
    assert str(found.history) in error.message
    assert lengths(asked(said("user", "some words"), tools=())) == (0, 0, tokens("some words"))


_MARKED = st.lists(st.one_of(st.text(max_size=6), st.sampled_from((*MARKS, "<|im_start|>", *"<[~|>"))), max_size=6).map(
    "".join
)


@settings(max_examples=200, deadline=None)
@given(_MARKED, st.sampled_from(["system", "user", "assistant", "tool"]))
def test_no_text_poses_as_a_call_a_result_or_a_turn(text: str, role: str) -> None:
    (told, *_) = messages(asked(said(role, text, tool_call_id=text), tools=()))
    shown = told.text
    if role == "tool":
        shown = shown.partition("\n")[2].removesuffix("[END OF TOOL RESULT] This call is done.").removesuffix("\n")
    assert not [mark for mark in MARKS if mark in shown]
    assert unmarked(shown) == shown  # What the prompt does about role marks has nothing left to do.
    assert not read_calls(shown, NAMES)
    assert unescape(shown) == text


@settings(max_examples=200, deadline=None)
@given(_MARKED, _MARKED, st.integers())
def test_the_reader_reads_what_the_prompt_writes(path: str, content: str, count: int) -> None:
    arguments = {"file_path": path, "content": content, "lines": count}
    written = calls_text([ToolCall("1", "Write", json.dumps(arguments)), ToolCall("2", "ping", "{}")])
    assert always_told(written) == [("Write", arguments), ("ping", {})]


def test_the_second_dialect_is_one_constant_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "syntax", invoke)
    arguments = {"file_path": "a", "content": "if a[b[0]] > 1:\n\treturn <b>\n"}
    written = calls_text([ToolCall("1", "Write", json.dumps(arguments))])
    assert written.startswith('<|DSML|invoke name="Write"><|DSML|parameter name="file_path"><![CDATA[a]]></|DSML|par')
    assert always_told(written, tools=[WRITE]) == [("Write", arguments)]
    assert '<|DSML|invoke name="{function-name}">' in declaration(asked())
