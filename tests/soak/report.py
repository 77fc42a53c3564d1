"""The table of a run: requests, faults, promises, what was exempt; and for what was broken, trace and command."""

from collections.abc import Iterator

from .faults import KINDS
from .plan import Plan
from .promises import PROMISES
from .record import Broken, Record
from .schedule import Schedule

SHOWN = 5
"""How many breaks of a promise are shown with their traces."""


def lines(plan: Plan, schedule: Schedule, record: Record) -> Iterator[str]:
    """The table, line by line."""
    asked = sum(record.asked.values())
    yield f"{plan.command}"
    minutes = record.facts.get("took", 0.0) / 60
    yield f"{asked} requests in {minutes:.1f} min; {record.right} exchanges right to the letter"
    yield ""
    yield "Requests"
    yield from _counts(dict(record.asked))
    yield "What they came to"
    yield from _counts(dict(record.statuses))
    yield "Faults                                       drawn  fired"
    for kind in KINDS:
        if planned := schedule.planned(kind.name):
            name = f"{kind.family}: {kind.name.removeprefix('platform: ')}"
            yield f"  {name:42} {planned:5}  {record.fired[kind.name]:5}"
    if record.exempt:
        yield "Exempt"
        yield from _counts(dict(record.exempt))
    if level := record.facts.get("level"):
        yield "Memory (MB) and descriptors, first third and last"
        for name, what, before, after in level:
            yield f"  {name} {what:12} {before:7.1f} {after:7.1f}"
    yield "Promises                                                                        checked  broken"
    for name, words in PROMISES.items():
        broken = sum(one.promise == name for one in record.broken)
        yield f"  {words:76} {record.checked[name]:8} {broken:7}"
    yield from _breaks(plan, record)


def _counts(counts: dict[str, int]) -> Iterator[str]:
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"  {name:60} {count:6}"


def _breaks(plan: Plan, record: Record) -> Iterator[str]:
    for name in PROMISES:
        for one in [one for one in record.broken if one.promise == name][:SHOWN]:
            yield ""
            yield from told(plan, record, one)


def told(plan: Plan, record: Record, one: Broken) -> Iterator[str]:
    """What was broken, the trace of the request that it happened to, and the command that runs all of it again."""
    yield f"BROKEN: {PROMISES[one.promise]}: {one.what}"
    if one.number is not None:
        yield f"  request {one.number}: {record.asks.get(one.number)}"
        yield from (f"  {line}" for line in record.traces[one.number])
    yield f"  again: {plan.command}"
