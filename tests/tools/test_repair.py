"""When one more turn is asked, and what it says."""

import pytest

from lib.tools.repair import announces_only, arguments_wrong, call_missing, call_missing_error, repeats_itself
from lib.types.chat import ChatRequest, Message, ToolChoice
from tests.tools.calls import TOOLS


@pytest.mark.parametrize(
    ("text", "auto", "required"),
    [
        ("", True, True),
        (" \n", True, True),
        ("Writing the file now:", True, True),
        ("我来读取文件：", True, True),
        ("Paris.", False, True),
        ("It is done. " * 100, False, True),
        ("It is done. " * 100 + ":", False, True),
    ],
)
def test_an_answer_that_only_announces_a_call(text: str, *, auto: bool, required: bool) -> None:
    assert announces_only(text, required=False) is auto
    assert announces_only(text, required=True) is required


def test_repair_texts_name_the_tools_and_the_form() -> None:
    request = ChatRequest("m", (Message("user"),), tools=TOOLS, tool_choice=ToolChoice("required", ("Read",)))
    assert "Read" in call_missing(request)
    assert "Write<" not in call_missing(request)
    assert "<tool_call>{function-name}" in call_missing(request)
    assert "Read" in call_missing_error(request)
    assert "limit is not an integer" in arguments_wrong("Read", "limit is not an integer")


@pytest.mark.parametrize(
    "piece", ["ha", "I will try again.\n", "x", "Let me read the file once more, to be sure. " * 3]
)
def test_text_that_repeats_itself_without_end(piece: str) -> None:
    assert repeats_itself("It begins well. " + piece * 2000)
    assert not repeats_itself(piece * 3)


def test_lists_and_tables_do_not_repeat_themselves() -> None:
    assert not repeats_itself("".join(f"| row {number} | value |\n" for number in range(500)))
    assert not repeats_itself("word " * 100 + "and then it ends.")
