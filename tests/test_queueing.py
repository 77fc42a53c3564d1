"""The simulation behind docs/scale.md: turns in order, nobody waits longer than patience, no account twice at once."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bench.queueing import Coming, Served, busiest, drawn, waits

SECONDS = st.floats(0.1, 30.0)


def test_turns_are_had_in_the_order_of_coming() -> None:
    requests = [Coming(at, 10.0, [0]) for at in (0.0, 1.0, 2.0, 3.0)]
    assert waits(requests, 1, Random(0), patience=25.0) == [0.0, 9.0, 18.0, None]


def test_whoever_brings_a_free_account_overtakes_who_waits_for_another() -> None:
    requests = [Coming(0.0, 10.0, [0]), Coming(1.0, 10.0, [0]), Coming(2.0, 10.0, [0, 1])]
    assert waits(requests, 2, Random(0)) == [0.0, 9.0, 0.0]


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=40), st.integers(1, 4))
def test_no_account_writes_two_answers_at_once(drawn_: list[tuple[float, float]], accounts: int) -> None:
    requests = [Coming(at, takes, range(accounts)) for at, takes in drawn_]
    found = waits(requests, accounts, Random(0), patience=5.0)
    assert all(wait is None or 0.0 <= wait <= 5.0 for wait in found)
    served = [(one.at + wait, one.takes) for one, wait in zip(requests, found, strict=True) if wait is not None]
    for begun, _ in served:
        at_once = sum(other <= begun < other + takes - 1e-9 for other, takes in served)
        assert at_once <= accounts


def test_more_accounts_serve_more_than_their_share() -> None:
    one, four = (busiest(accounts, 20.0, 5.0, 0.01, count=800) for accounts in (1, 4))
    assert four > 4 * one > 0
    chance = Random(2)
    served = Served.of(waits(drawn(0.9 / 20, 2000, 20.0, 1, chance), 1, chance))
    assert served.refused > 0.1
    assert served.median < served.most <= 25.0
