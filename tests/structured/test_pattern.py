"""Regular expressions of callers match what Python's match, where both read them alike."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.errors import BadRequest
from lib.structured.pattern import MAX_SIZE, Pattern

atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"[\w-]", r"\.", "(?:ab)", "(b|c)", "1", "-"])
quantifiers = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"])
sequences = st.lists(st.builds(str.__add__, atoms, quantifiers), max_size=5).map("".join)
expressions = st.lists(sequences, min_size=1, max_size=2).map("|".join)
aheads = st.lists(
    st.builds("({}{}{})".format, st.sampled_from(["?=", "?!"]), expressions, st.sampled_from(["", "$"])), max_size=2
)
patterns = st.builds("{}{}{}".format, st.just("^"), aheads.map("".join), sequences) | expressions
texts = st.text("ab1c.-\n", max_size=8)


@given(patterns, texts)
@example("^(?!a|b)(?=.*1$)c*", "cc1")
@example("^(?!^a$)a", "a")
def test_it_matches_what_the_languages_own_does(source: str, text: str) -> None:
    assert Pattern(source).search(text) == bool(re.search(source.replace("$", r"\Z"), text, re.ASCII))


@given(st.text("ab^$|()[]{}?*+\\!=:<d,-&~1", max_size=15), texts)
def test_any_text_is_a_pattern_or_the_requests_fault(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except BadRequest:
        return
    assert pattern.size <= MAX_SIZE
    assert isinstance(pattern.search(text), bool)


@pytest.mark.parametrize(
    ("source", "size"),
    [("abc", 3), ("[a-z]{10}", 10), ("(?:ab){3,5}c", 16), ("(a{10}){10}", 111), ("a{2,}", 2), ("a{0}", 1)],
)
def test_the_size_counts_repetitions(source: str, size: int) -> None:
    assert Pattern(source).size == pytest.approx(size, abs=size // 5 + 1)
