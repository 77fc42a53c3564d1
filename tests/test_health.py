"""How accounts stand: how many are asked at once, for how long, and what is remembered."""

import asyncio
from collections.abc import Callable
from typing import Any

from lib.accounts import health
from lib.accounts.keys import Key
from lib.errors import UpstreamUnavailable
from lib.types.upstream import AccountState, KeyState
from tests.clock import Loop


class Service:
    """A service that takes its time."""

    name = "slow"

    def __init__(self, seconds: Callable[[str], float]) -> None:
        self.asked: list[str] = []
        self.running = self.most_at_once = 0
        self._seconds = seconds

    def account(self, key: str) -> str:
        return key

    def expires_at(self, key: str) -> None:
        return None

    async def check(self, key: str) -> KeyState:
        self.asked.append(key)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(self._seconds(key))
        finally:
            self.running -= 1
        if key == "away":
            raise UpstreamUnavailable("It is away.")
        return KeyState(live=key != "dead", kind="api_key", reason="It is dead." if key == "dead" else "")


def look(service: Any, *texts: str, times: int = 1, fresh: bool = False) -> tuple[list[AccountState], float]:
    """What is found, the last of so many times, and the seconds that it took in all."""

    async def all_of_it() -> tuple[list[AccountState], float]:
        keys = [Key(text, f"label-{text}") for text in texts]
        for _ in range(times):
            states = await health.check_all(keys, lambda key: service, fresh=fresh)
        return states, asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(all_of_it())


def test_eight_are_asked_at_once() -> None:
    service = Service(lambda _: 1.0)
    states, took = look(service, *(f"key-{number}" for number in range(20)))
    assert service.most_at_once == health.AT_ONCE == 8
    assert [state.label for state in states] == [f"label-key-{number}" for number in range(20)]
    assert took == 3.0


def test_nobody_waits_for_one_that_does_not_answer() -> None:
    states, took = look(Service(lambda key: 1e6 if key == "silent" else 0.1), "silent", "well")
    assert took == health.CHECK_TIMEOUT
    assert [state.live for state in states] == [False, True]
    assert states[0].found is None
    assert "in time" in states[0].reason


def test_what_was_found_is_remembered_whatever_it_was() -> None:
    service = Service(lambda _: 0.0)
    states, _ = look(service, "well", "dead", "away", times=3)
    assert sorted(service.asked) == ["away", "dead", "well"]
    assert [state.found and state.found.live for state in states] == [True, False, None]
    assert [state.reason for state in states] == ["", "It is dead.", "It is away."]


def test_who_wants_to_know_how_it_is_now_is_told() -> None:
    service = Service(lambda _: 0.0)
    look(service, "well", times=3, fresh=True)
    assert service.asked == ["well"] * 3
