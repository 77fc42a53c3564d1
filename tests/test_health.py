"""What an instance has learnt of accounts, and how it forgets."""

from lib.accounts.cooldown import DEAD_FOR, REMEMBERED, Health
from lib.errors import AccountBusy, RateLimited, Unauthorized, UpstreamFailed


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_learnt_is_forgotten_after_its_time() -> None:
    clock = Clock()
    health = Health(clock)
    health.note("dead", Unauthorized("no"))
    health.note("busy", AccountBusy("wait", retry_after=5))
    health.note("limited", RateLimited("wait", retry_after=30))
    health.note("unlucky", UpstreamFailed("broken"))
    accounts = ["dead", "busy", "limited", "unlucky", "unknown"]
    assert health.best(accounts) == ["unlucky", "unknown"]
    clock.now += 5
    assert health.best(accounts) == ["busy", "unlucky", "unknown"]
    clock.now += 25
    assert health.best(accounts) == ["busy", "limited", "unlucky", "unknown"]
    clock.now += DEAD_FOR
    assert health.best(accounts) == accounts


def test_where_nothing_is_well_the_first_to_recover_is_chosen() -> None:
    health = Health(Clock())
    health.note("dead", Unauthorized("no"))
    health.note("busy", AccountBusy("wait", retry_after=5))
    assert health.best(["dead", "busy"]) == ["busy"]
    assert health.best(["dead"]) == ["dead"]


def test_an_answer_makes_well() -> None:
    health = Health(Clock())
    health.note("a", Unauthorized("no"))
    health.recovered("a")
    assert health.best(["a", "b"]) == ["a", "b"]


def test_its_memory_is_bounded() -> None:
    health = Health(Clock())
    for number in range(REMEMBERED + 1):
        health.note(str(number), Unauthorized("no"))
    assert health.best(["0", "1"]) == ["0"]
