"""`Prefer: wait=N`, as RFC 7240 lets clients write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serving.prefer import wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        (["wait=10"], 10),
        (["Wait = 10"], 10),
        (['wait="10"'], 10),
        (["respond-async, wait=100"], 100),
        (["respond-async", "wait=7;x=1, return=minimal"], 7),
        (["wait=1, wait=2"], 1),
        (["wait=0"], 0),
        (["respond-async"], None),
        (["wait"], None),
        (["wait=-1"], None),
        (["wait=ten"], None),
        (["wait=1.5"], None),
        (["await=10"], None),
        (["x;wait=10"], None),
        (["wait=99999999999999"], None),
    ],
)
def test_the_seconds_are_read(headers: list[str], seconds: int | None) -> None:
    assert wait(headers) == seconds


@given(st.lists(st.text()))
def test_any_header_is_read_or_ignored(headers: list[str]) -> None:
    assert wait(headers) is None or wait(headers) in range(10**9)
