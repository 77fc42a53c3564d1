"""What an instance has learnt of accounts, and how it forgets."""

from lib.accounts.cooldown import BANNED_FOR, FAILED_FOR, REFUSED_FOR, REMEMBERED, Cooldown
from lib.errors import AccountBanned, AccountBusy, RateLimited, Unauthorized, UpstreamFailed


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_learnt_is_forgotten_after_its_time() -> None:
    clock = Clock()
    cooldown = Cooldown(clock)
    cooldown.note("dead", Unauthorized("no"))
    cooldown.note("busy", AccountBusy("wait", retry_after=5))
    cooldown.note("limited", RateLimited("wait", retry_after=30))
    cooldown.note("unlucky", UpstreamFailed("broken"))
    cooldown.note("banned", AccountBanned("no"))
    accounts = ["dead", "busy", "limited", "unlucky", "banned", "unknown"]
    assert cooldown.best(accounts) == ["busy", "unknown"]  # Being busy is over at once.
    clock.now += 30
    assert cooldown.best(accounts) == ["busy", "limited", "unknown"]
    clock.now += FAILED_FOR
    assert cooldown.best(accounts) == ["busy", "limited", "unlucky", "unknown"]
    clock.now += REFUSED_FOR
    assert cooldown.best(accounts) == ["dead", "busy", "limited", "unlucky", "unknown"]
    clock.now += BANNED_FOR
    assert cooldown.best(accounts) == accounts


def test_where_nothing_is_well_the_first_to_recover_is_chosen() -> None:
    cooldown = Cooldown(Clock())
    cooldown.note("dead", Unauthorized("no"))
    cooldown.note("limited", RateLimited("wait", retry_after=5))
    assert cooldown.best(["dead", "limited"]) == ["limited"]
    assert cooldown.best(["dead"]) == ["dead"]


def test_an_answer_makes_well() -> None:
    cooldown = Cooldown(Clock())
    cooldown.note("a", Unauthorized("no"))
    cooldown.recovered("a")
    assert cooldown.best(["a", "b"]) == ["a", "b"]


def test_its_memory_is_bounded() -> None:
    cooldown = Cooldown(Clock())
    for number in range(REMEMBERED + 1):
        cooldown.note(str(number), Unauthorized("no"))
    assert cooldown.best(["0", "1"]) == ["0"]
