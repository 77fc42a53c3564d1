"""Tools whose parameters make no sense: they are declared as they are, and their calls are read all the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.toolcalls.draft import Names, Written
from lib.toolcalls.prompt import messages
from lib.toolcalls.reading import draft_of, read_block
from lib.types.chat import ChatRequest, Message, TextPart, Tool
from tests.structured.test_schema import ANYTHING
from tests.toolcalls.calls import FORMS, always_told

_NAMES = st.sampled_from(["a", "b", "$ref"])
_SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": ANYTHING,
        "properties": st.dictionaries(_NAMES, ANYTHING, max_size=3) | ANYTHING,
        "required": st.lists(_NAMES | ANYTHING, max_size=3) | ANYTHING,
        "anyOf": ANYTHING,
        "$ref": ANYTHING,
    },
)
_VALUES = st.sampled_from(["", "1", "true", "words", '{"a": 1}', "[1", '"x"', "<item>1</item>"])


@given(_SCHEMAS, _VALUES)
def test_any_parameters(parameters: Any, value: str) -> None:
    tool = Tool("tool", parameters=parameters)
    (declared, _) = messages(ChatRequest("m", (Message("user", (TextPart("Hi"),)),), tools=(tool,)))
    assert '"name":"tool"' in declared.text
    for form in FORMS.values():
        (told,) = always_told(form("tool", {"a": value}), tools=[tool])
        assert told[0] == "tool"
    always_told(f"<tool_call>toola</arg_key><arg_value>{value}</arg_value></tool_call>", tools=[tool])
    for written in ("toola[1]", "tool a{}", 'tool{"a": 1}'):
        read_block(written, Names([tool], {}))
    call = draft_of(Written("tool", {"a": value}, raw=False), Names([tool], {}), "")
    assert isinstance(json.loads(call.arguments), dict)


@pytest.mark.parametrize("parameters", [{"properties": None}, {"required": [["a"]]}, {"type": "string"}])
def test_what_was_seen(parameters: Any) -> None:
    test_any_parameters.hypothesis.inner_test(parameters, "1")  # type: ignore[attr-defined]
