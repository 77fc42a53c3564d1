"""The promises, and those of them that can only be told at the end of a run."""

from itertools import pairwise
from typing import Final

from tests.bigmodel import Platform
from tests.upstream import StandIn

from . import text
from .fleet import Fleet
from .plan import Plan
from .record import Record

PROMISES: Final = {
    "letter": "Every answer is the sent text to the letter, or ends in a documented error",
    "deadline": "Every request ends by its deadline, with a status of the table",
    "turns": "Never two generations at once on an account",
    "once": "Nothing that was delivered is sent again",
    "traces": "No generation runs and no conversation stays 10 s after its client is done",
    "orders": "Video orders equal jobs",
    "accounts": "No account is locked out after its faults end",
    "retry-after": "Each Retry-After holds",
    "level": "Memory and descriptors are level",
    "secrets": "No token, key or prompt in any log",
}
MORE_MEMORY: Final = 6 * 2**20
MORE_SHARE: Final = 0.08
"""By how many bytes, and by which share, memory may be more at the end than after the first third of the time, where it
grows in each of the other two."""
AT_ONCE: Final = 4
"""How many times as much it may have grown all the same where it did so but once: what a busy moment has needed is not
always returned to the system."""
QUIET: Final = 12
"""Samples of which the lowest counts: what a process holds at its quietest within a minute."""
MORE_DESCRIPTORS: Final = 12
"""By how many descriptors: what a busy moment holds more than a quiet one, not what is lost with each request."""
FEWEST_SAMPLES: Final = 6
MOST_EXEMPT: Final = 0.05
"""The share of all requests that may be exempt: more would say that exemptions hide something."""
AT_A_KILL: Final = 20
"""Requests that one process may have had at the time when it was killed, and traces of theirs."""
FEWEST_RIGHT: Final = 0.4
"""The share of all requests that have to be answered to the letter: errors alone keep most promises."""


def check_once(record: Record) -> None:
    """No prompt reached a model, or may have reached it, and was then sent again."""
    for number, arrivals in record.arrivals.items():
        record.checked["once"] += 1
        for before, after in pairwise(arrivals):
            if before.outcome in ("delivered", "uncertain"):
                what = f"{before.outcome} on {before.account[:6]}, and sent again {after.at - before.at:.2f} s later"
                record.breaks("once", what, number)
                break


def check_orders(record: Record, service: StandIn, platform: Platform, told: dict[int, bool]) -> None:
    """Of each order there is one job: one where the client was told of it, at most one where it was not."""
    jobs = dict.fromkeys(told, 0)
    prompts = [job.request["prompt"] for job in service.service.videos.ordered]
    prompts += [job.body["prompt"] for job in platform.service.videos.all()]
    for prompt in prompts:
        for number in text.numbers_in(prompt):
            jobs[number] = jobs.get(number, 0) + 1
    for number, known in told.items():
        record.checked["orders"] += 1
        if jobs[number] > 1 or (known and jobs[number] != 1):
            record.breaks(
                "orders", f"{jobs[number]} jobs, and the client was {'' if known else 'not '}told of one", number
            )


def check_level(record: Record, fleet: Fleet, plan: Plan) -> None:
    """Whoever lived on for long enough does not hold more and more.

    What counts is what it holds at its quietest: one answer of 4 MB that nobody reads is soon given back.
    """
    for instance in [*fleet.instances, *fleet.retired]:
        level_from = instance.started + plan.level_after * 60
        samples = [sample for sample in instance.samples if sample[0] >= level_from]
        if len(samples) < FEWEST_SAMPLES:
            continue
        record.checked["level"] += 1
        third = len(samples) // 3
        quiet = min(QUIET, max(1, third // 2))
        for place, what, unit, more in (
            (1, "memory", 2**20, max(MORE_MEMORY, MORE_SHARE * samples[0][1])),
            (2, "descriptors", 1, MORE_DESCRIPTORS),
        ):
            ends = (third, 2 * third, len(samples))
            first, middle, last = (min(sample[place] for sample in samples[:end][-quiet:]) for end in ends)
            record.facts.setdefault("level", []).append((instance.name, what, first / unit, last / unit))
            grows = middle > first + more / 3 and last > middle + more / 3
            if last > first + (more if grows else AT_ONCE * more):
                where = f"of {instance.name} went from {first / unit:.1f} over {middle / unit:.1f} to {last / unit:.1f}"
                record.breaks("level", f"{what} {where}")


def check_bounds(record: Record, plan: Plan) -> None:
    """What is exempt is rare, and most requests are answered."""
    asked = sum(record.asked.values())
    for why, count in record.exempt.items():
        # What the service or the store refuses while it is away is no trace of a fault, and lasts as long as that.
        most = max(8, MOST_EXEMPT * asked, AT_A_KILL * len(record.kills))
        if count > most and not why.startswith("refused while"):
            record.breaks("deadline", f"too much is exempt: {count} times: {why}")
    if asked and record.right < FEWEST_RIGHT * asked and not plan.only:
        record.breaks("letter", f"only {record.right} of {asked} requests were answered")
