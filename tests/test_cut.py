"""Cutting an answer at a stop sequence or at its length: the same, however the answer arrives."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.types.usage import BYTES_PER_TOKEN
from lib.wires.shared.stop_filter import Cut

# Few letters and short pieces, so that stop sequences are hit, begun, overlapped and cut; one letter has three bytes.
pieces = st.lists(st.text("ab你", max_size=3), max_size=12)
stops = st.lists(st.text("ab你", max_size=4), max_size=3)
limits = st.none() | st.integers(1, 5)


def cut(pieces: list[str], stop: list[str], max_tokens: int | None) -> tuple[str, str | None]:
    """What comes through, and why no more does."""
    one = Cut(stop, max_tokens)
    shown = "".join([*map(one.take, pieces), one.rest()])
    return shown, one.reason


@given(pieces, stops, limits)
@example(["xab", "c"], ["ab", "xabc"], None)
@example(["ab", "c"], ["b", "abc"], None)
@example(["aa", "ab"], ["aab"], None)
@example(["aaa", "bST", "OP"], ["STOP"], 1)
def test_any_way_to_cut_into_pieces_gives_the_same(pieces: list[str], stop: list[str], max_tokens: int | None) -> None:
    whole = "".join(pieces)
    assert cut(pieces, stop, max_tokens) == cut([whole], stop, max_tokens) == cut(list(whole), stop, max_tokens)


@given(pieces, stops)
def test_the_text_goes_through_to_the_letter_up_to_the_first_stop_sequence(pieces: list[str], stop: list[str]) -> None:
    whole = "".join(pieces)
    shown, reason = cut(pieces, stop, None)
    sequences = [one for one in stop if one]
    # As a reader would who looks for a stop sequence after each letter.
    ends = [end for end in range(len(whole) + 1) if any(whole[:end].endswith(one) for one in sequences)]
    if ends:
        seen = whole[: ends[0]]
        longest = max(len(one) for one in sequences if seen.endswith(one))
        assert (shown, reason) == (seen[: len(seen) - longest], "stop")
    else:
        assert (shown, reason) == (whole, None)


@given(pieces, stops)
def test_nothing_of_a_stop_sequence_is_shown_while_it_is_on_its_way(pieces: list[str], stop: list[str]) -> None:
    final, _ = cut(pieces, stop, None)
    one, shown = Cut(stop), ""
    for piece in pieces:
        shown += one.take(piece)
        assert final.startswith(shown)


@given(pieces)
def test_nothing_waits_that_no_stop_sequence_begins_with(pieces: list[str]) -> None:
    one = Cut(["STOP"])
    assert [one.take(piece) for piece in pieces] == pieces


@given(pieces, st.integers(1, 5))
def test_the_length_counts_bytes_and_leaves_letters_whole(pieces: list[str], max_tokens: int) -> None:
    whole, limit = "".join(pieces), max_tokens * BYTES_PER_TOKEN
    shown, reason = cut(pieces, [], max_tokens)
    assert whole.startswith(shown)
    if len(whole.encode()) <= limit:
        assert (shown, reason) == (whole, None)
    else:
        assert reason == "length"
        assert limit - len("你".encode()) < len(shown.encode()) <= limit


@pytest.mark.parametrize("stop", [["ab"], []])
def test_nothing_comes_through_afterwards(stop: list[str]) -> None:
    one = Cut(stop, max_tokens=2)
    assert one.take("12345678") + one.take("ab") == "12345678"
    assert one.reason is not None
    assert one.take("more") + one.rest() == ""


def test_an_answer_that_just_fits_is_not_cut() -> None:
    assert cut(["1234", "5678"], [], 2) == ("12345678", None)
    assert cut(["1234", "56789"], [], 2) == ("12345678", "length")


def test_what_waited_is_shown_when_the_answer_ends_without_the_rest_of_it() -> None:
    one = Cut(["STOP"])
    assert one.take("full ST") == "full "
    assert one.rest() == "ST"
    assert one.rest() == ""


@pytest.mark.parametrize("stop", [[], [""], ["", ""]])
def test_an_empty_stop_sequence_stops_nothing(stop: list[str]) -> None:
    assert cut(["a", "b"], stop, None) == ("ab", None)


def test_a_limit_larger_than_any_text_is_no_limit() -> None:
    assert cut(["a" * 1000], [], 10**5000) == ("a" * 1000, None)
