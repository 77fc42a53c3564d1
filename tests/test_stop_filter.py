"""Cutting an answer at a stop sequence or at its length: the same, however the answer arrives."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.tokens import Counter, tokens
from lib.types.chat import Sampling
from lib.wires.shared.stop_filter import StopFilter

# Few letters and short pieces, so that stop sequences are hit, begun, overlapped and cut; one letter has three bytes.
pieces = st.lists(st.text("ab你", max_size=3), max_size=12)
stops = st.lists(st.text("ab你", max_size=4), max_size=3)
limits = st.none() | st.integers(1, 5)


def stop_filter(*stop: str, max_tokens: int | None = None) -> StopFilter:
    return StopFilter(Sampling(stop=stop, max_tokens=max_tokens))


def through(pieces: list[str], stop: list[str], max_tokens: int | None) -> tuple[str, str | None]:
    """What comes through, and why no more does."""
    one = stop_filter(*stop, max_tokens=max_tokens)
    shown = "".join([*map(one.feed, pieces), one.finish()])
    return shown, one.reason


@given(pieces, stops, limits)
@example(["xab", "c"], ["ab", "xabc"], None)
@example(["ab", "c"], ["b", "abc"], None)
@example(["aa", "ab"], ["aab"], None)
@example(["aaa", "bST", "OP"], ["STOP"], 1)
def test_any_way_to_cut_into_pieces_gives_the_same(pieces: list[str], stop: list[str], max_tokens: int | None) -> None:
    whole = "".join(pieces)
    assert (
        through(pieces, stop, max_tokens)
        == through([whole], stop, max_tokens)
        == through(list(whole), stop, max_tokens)
    )


@given(pieces, stops)
def test_the_text_goes_through_to_the_letter_up_to_the_first_stop_sequence(pieces: list[str], stop: list[str]) -> None:
    whole = "".join(pieces)
    shown, reason = through(pieces, stop, None)
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
    final, _ = through(pieces, stop, None)
    one, shown = stop_filter(*stop), ""
    for piece in pieces:
        shown += one.feed(piece)
        assert final.startswith(shown)


@given(pieces)
def test_nothing_waits_that_no_stop_sequence_begins_with(pieces: list[str]) -> None:
    one = stop_filter("STOP")
    assert [one.feed(piece) for piece in pieces] == pieces


@given(pieces, st.integers(1, 5))
def test_the_length_is_that_of_the_estimated_tokens(pieces: list[str], max_tokens: int) -> None:
    whole = "".join(pieces)
    shown, reason = through(pieces, [], max_tokens)
    assert shown == Counter().take(whole, max_tokens)
    assert reason == (None if shown == whole else "length")


@given(pieces, pieces, st.integers(1, 5))
def test_reasoning_counts_where_all_is_limited(reasoning: list[str], answer: list[str], most: int) -> None:
    one = StopFilter(Sampling(max_completion_tokens=most))
    thought = "".join(map(one.reasoning, reasoning))
    said = "".join(map(one.feed, answer))
    assert tokens(thought) + tokens(said) <= most
    assert one.reason == (None if (thought, said) == ("".join(reasoning), "".join(answer)) else "length")


@given(pieces, pieces)
def test_reasoning_does_not_count_where_the_answer_is_limited(reasoning: list[str], answer: list[str]) -> None:
    one = stop_filter(max_tokens=2)
    assert list(map(one.reasoning, reasoning)) == reasoning
    assert "".join(map(one.feed, answer)) == Counter().take("".join(answer), 2)


def test_a_chinese_answer_is_as_long_as_its_tokens() -> None:
    answer = (
        "国家统计局今天发布的数据显示，今年前三季度，全国居民收入继续增长。我们买菜，问价，说两句闲话，然后各自回家做饭。\n\n"
        * 200
    )
    shown, reason = through([answer], [], 4000)
    assert reason == "length"
    assert 6000 < len(shown) < 8000


@pytest.mark.parametrize("stop", [["ab"], []])
def test_nothing_comes_through_afterwards(stop: list[str]) -> None:
    one = stop_filter(*stop, max_tokens=1)
    assert one.feed("word") + one.feed(" and more ab") == "word"
    assert one.reason is not None
    assert one.feed("more") + one.finish() == ""


def test_an_answer_that_just_fits_is_not_cut() -> None:
    assert through(["two ", "words"], [], 2) == ("two words", None)
    assert through(["two ", "words of many"], [], 2) == ("two words", "length")


def test_what_waited_is_shown_when_the_answer_ends_without_the_rest_of_it() -> None:
    one = stop_filter("STOP")
    assert one.feed("full ST") == "full "
    assert one.finish() == "ST"
    assert one.finish() == ""


@pytest.mark.parametrize("stop", [[], [""], ["", ""]])
def test_an_empty_stop_sequence_stops_nothing(stop: list[str]) -> None:
    assert through(["a", "b"], stop, None) == ("ab", None)


def test_a_limit_larger_than_any_text_is_no_limit() -> None:
    assert through(["a" * 1000], [], 10**5000) == ("a" * 1000, None)
