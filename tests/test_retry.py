"""Asking again: every policy together stays under what a client waits for, and what a deployment has."""

from typing import Final

from lib.invocation import retry
from lib.invocation.deadline import GRACE
from lib.invocation.retry import Policy
from lib.store import LEASE_TTL

CLIENTS_WAIT: Final = 60.0
"""Seconds for which the most patient of the usual clients waits for a response's head."""

POLICIES: Final = [one for one in vars(retry).values() if isinstance(one, Policy)]


def test_all_waits_that_one_request_can_meet_fit_into_the_time_that_clients_wait() -> None:
    assert len(POLICIES) >= 10
    others = sum(policy.worst for policy in POLICIES if policy is not retry.TURN)
    assert others < retry.TURN.worst
    assert retry.TURN.worst + others + GRACE < CLIENTS_WAIT


def test_whoever_waits_behind_an_instance_that_vanished_is_served() -> None:
    assert retry.TURN.worst > LEASE_TTL


def test_no_wait_is_longer_than_its_worst() -> None:
    for policy in POLICIES:
        waits = [policy.wait(turn) for turn in range(policy.times or 20)]
        assert sum(waits) <= policy.worst or policy.times is None
        assert max(waits, default=0.0) <= policy.longest
