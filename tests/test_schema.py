"""Annotated classes read JSON as pydantic's own models do: the same values, and the same first error."""

import json
import sys
import tracemalloc
from typing import Annotated, Any, Literal, Self, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import ValidationError

from lib.wires.openai.chat_request import MAX_CALLS, ChatRequest
from lib.wires.openai.schema import Before, Model, Within, schema, validator


def as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def fitting(inner: Any) -> Any:
    if inner.kind == "b" and inner.name is None:
        raise ValueError("b has a name")
    return inner


class Deeper(TypedDict):
    number: int


class Loose(TypedDict, total=False):
    word: str
    deeper: Deeper


class Inner(Model):
    kind: Literal["a", "b"]
    name: Annotated[str, Within(min_length=1, max_length=3)] | None = None

    def verified(self) -> Self:
        return fitting(self)  # type: ignore[no-any-return]


class Outer(Model):
    inner: Inner
    others: Annotated[Annotated[list[Inner], Within(max_length=2)] | None, Before(as_list, str | list[Inner])] = None
    either: Inner | str | None = None
    number: Annotated[int, Within(ge=1, le=4)] = 1
    flag: bool | None = None
    table: dict[str, int] | None = None
    loose: Loose | None = None
    anything: Any = "?"


class TheirInner(BaseModel):
    kind: Literal["a", "b"]
    name: str | None = Field(default=None, min_length=1, max_length=3)

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        return fitting(self)  # type: ignore[no-any-return]


class TheirOuter(BaseModel):
    inner: TheirInner
    others: Annotated[Annotated[list[TheirInner], Field(max_length=2)] | None, BeforeValidator(as_list)] = None
    either: TheirInner | str | None = None
    number: int = Field(default=1, ge=1, le=4)
    flag: bool | None = None
    table: dict[str, int] | None = None
    loose: Loose | None = None
    anything: Any = "?"


def plain(value: Any) -> Any:
    """A model as the values of its fields."""
    if isinstance(value, Model | BaseModel):
        return {name: plain(field) for name, field in vars(value).items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def outcome(read: Any, sent: str) -> Any:
    try:
        return plain(read(sent))
    except ValidationError as error:
        return [(each["type"], each["msg"], *map(renamed, each["loc"])) for each in error.errors()]


def renamed(step: object) -> object:
    """A step to an error's place, with our names: in a union, pydantic-core names the choice that failed."""
    return step.replace("_fitting", "verified").replace("Their", "") if isinstance(step, str) else step


scalars = st.none() | st.booleans() | st.integers(-1, 6) | st.sampled_from(["", "a", "b", "abc", "abcd", "1", "yes"])
inners = st.fixed_dictionaries({}, optional=dict.fromkeys(("kind", "name", "number", "more"), scalars))
values = scalars | inners | st.lists(inners | scalars, max_size=3) | st.dictionaries(st.text(max_size=2), scalars)
good = st.fixed_dictionaries({"kind": st.sampled_from(["a", "b"])}, optional={"name": st.sampled_from(["x", "abc"])})
loose = st.fixed_dictionaries({}, optional={"word": scalars, "deeper": scalars | inners})
outers = st.fixed_dictionaries(
    {"inner": good | inners},
    optional={"loose": loose}
    | dict.fromkeys(("others", "either", "number", "flag", "table", "anything", "unknown"), values | good),
)


@given(outers | values)
def test_it_reads_what_pydantic_reads_and_refuses_what_pydantic_refuses(sent: Any) -> None:
    text = json.dumps(sent)
    assert outcome(validator(Outer).validate_json, text) == outcome(TheirOuter.model_validate_json, text)


def test_a_field_that_is_absent_has_its_default() -> None:
    read = validator(Outer).validate_json('{"inner": {"kind": "a"}, "unknown": 1}')
    assert plain(read) == plain(TheirOuter(inner=TheirInner(kind="a")))
    assert not hasattr(read, "unknown")


def test_a_call_of_a_tool_takes_little_more_than_an_empty_dictionary() -> None:
    message = {"role": "assistant", "content": "", "tool_calls": [{}] * MAX_CALLS}
    body = json.dumps({"messages": [message] * 100})
    validator(ChatRequest).validate_json(body)
    tracemalloc.start()
    read = validator(ChatRequest).validate_json(body)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    calls = sum(len(message.tool_calls) for message in read.messages)
    assert calls == 100 * MAX_CALLS
    assert size / calls < 2 * sys.getsizeof({})


@pytest.mark.parametrize(
    "hint",
    [Annotated[str, Within(ge=1)], Annotated[int, Within(max_length=1)], Annotated[str | None, Within(max_length=1)]],
)
def test_a_bound_that_would_not_bound_is_told(hint: Any) -> None:
    with pytest.raises(TypeError, match="cannot bound"):
        schema(type("Odd", (Model,), {"__annotations__": {"field": hint}}))


def test_an_annotation_that_is_not_known_is_told_when_it_is_first_read() -> None:
    class Odd(Model):
        pair: tuple[int, int]

    with pytest.raises(TypeError, match="tuple"):
        schema(Odd)
