"""Requests and faults in time, drawn from a seed: the same plan always has the same schedule."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Final, Literal

from .faults import KINDS, Kind
from .plan import Plan

type What = Literal["chat", "turns", "tools", "file", "picture", "video"]
type Wire = Literal["openai", "anthropic", "responses"]

MIX: Final[dict[What, int]] = {"chat": 10, "turns": 3, "tools": 3, "file": 2, "picture": 1, "video": 2}
WIRES: Final[tuple[Wire, ...]] = ("openai", "openai", "anthropic", "responses")
PLATFORM_KEYS: Final = 3
OF_REQUESTS: Final = ("upstream", "platform", "client")
"""Families of faults that belong to a request."""
LONG_EVERY: Final = 45.0
"""Seconds from one fault that lasts until the deadline to the next: each holds an account."""
EVERY: Final = {"weather": 14.0, "rare weather": 300.0, "store": 60.0, "process": 75.0}
"""Seconds from one fault that begins at a time to the next of its family, on average."""


@dataclass(frozen=True)
class Ask:
    """One request. `keys` name accounts (`a0`, …) and keys of the platform (`k0`, …); `stream`: the answer comes so."""

    number: int
    at: float
    what: What
    wire: Wire
    stream: bool
    keys: tuple[str, ...]
    fault: str = ""
    manner: str = ""

    def chance(self, what: str) -> Random:
        """What is left to chance in this request, always the same."""
        return Random(f"{self.number} {what} {self.at}")

    @property
    def on_service(self) -> bool:
        """Whether the web service alone can be asked."""
        return all(key.startswith("a") for key in self.keys)


@dataclass(frozen=True)
class Event:
    """A fault that begins at a time, `target` being which of the accounts or processes it is to meet."""

    at: float
    kind: str
    seconds: float
    target: int


@dataclass(frozen=True)
class Schedule:
    """All of a run."""

    asks: tuple[Ask, ...]
    events: tuple[Event, ...]

    def planned(self, kind: str) -> int:
        """How often a kind of fault was drawn."""
        return sum(kind in (ask.fault, ask.manner) for ask in self.asks) + sum(
            event.kind == kind for event in self.events
        )


def draw(plan: Plan) -> Schedule:
    """Draw the schedule of a plan."""
    kinds = [kind for kind in KINDS if _fits(kind, plan)]
    asks = tuple(_asks(plan, kinds))
    events = sorted(_events(plan, kinds), key=lambda event: event.at)
    return Schedule(asks, tuple(_aimed(event, asks) for event in events))


def _aimed(event: Event, asks: tuple[Ask, ...]) -> Event:
    """A fault of one account, at one that is asked meanwhile; any other event as it is."""
    if event.kind not in ("stays busy", "banned"):
        return event
    until = event.at + event.seconds * 0.8
    alone = [ask for ask in asks if len(ask.keys) == 1 and ask.on_service and not ask.fault and ask.what != "video"]
    met = [ask for ask in alone if event.at < ask.at < until]
    return replace(event, target=int(met[0].keys[0].removeprefix("a"))) if met else event


def _fits(kind: Kind, plan: Plan) -> bool:
    if plan.only and kind.name not in plan.only:
        return False
    return kind.family != "store" or plan.store != "memory"


def _deck(kinds: list[Kind], chance: Random) -> Iterator[Kind]:
    """All kinds, shuffled, over and over: none is left out for long."""
    while kinds:
        yield from chance.sample(kinds, len(kinds))


def _asks(plan: Plan, kinds: list[Kind]) -> Iterator[Ask]:
    chance = Random(f"asks {plan.seed}")
    of_requests = [kind for kind in kinds if kind.family in OF_REQUESTS]
    deck = _deck([kind for kind in of_requests if not kind.long], chance)
    long_deck = _deck([kind for kind in of_requests if kind.long], chance)
    mix = [what for what, weight in MIX.items() if not plan.asks or what in plan.asks for _ in range(weight)]
    next_long = 1.0
    # Half of the time that a request may take is left at the end for the long ones of a short run.
    long_until = max(plan.seconds - plan.max_duration / 2, plan.seconds / 4)
    long_every = min(LONG_EVERY, long_until / 5)
    at = 0.0
    for number in count():
        at += chance.expovariate(plan.rate)
        if at >= plan.seconds:  # Requests come to the end: a fault that begins late is met, too.
            break
        kind = None
        if at >= next_long and at < long_until:
            kind, next_long = next(long_deck, None), next_long + long_every
        if kind is None and chance.random() < plan.faulty:
            kind = next(deck, None)
        yield _ask(plan, chance, number, at, kind, chance.choice(mix))


def _ask(plan: Plan, chance: Random, number: int, at: float, kind: Kind | None, what: What) -> Ask:
    wire, stream = chance.choice(WIRES), chance.random() < 0.7
    accounts = [f"a{index}" for index in chance.sample(range(plan.accounts), min(3, plan.accounts))]
    keys = chance.choice((accounts[:1], accounts[:1], accounts, [accounts[0], "k"], ["k"]))
    if kind is not None and (kind.family == "upstream" or kind.long):
        if what not in ("chat", "turns") and (what != "video" or kind.name not in ("dropped", "HTTP 504", "HTTP 5xx")):
            what = "chat"
        keys = chance.choice((accounts[:1], accounts))
    if kind is not None and kind.name == "never reads":
        wire, stream = "openai", True
    if kind is not None and kind.family == "platform":
        what, keys = "chat", ["k"]
    if what in ("picture", "file", "video"):
        wire = "openai"
        keys = accounts[:1] if what != "video" else chance.choice((accounts[:1], ["k"], accounts))
    if kind is not None and what == "video" and kind.family == "upstream":
        keys = accounts[:1]
    named = tuple(f"k{chance.randrange(PLATFORM_KEYS)}" if key == "k" else key for key in keys)
    fault = kind.name if kind is not None and kind.family in ("upstream", "platform") else ""
    manner = kind.name if kind is not None and kind.family == "client" else ""
    return Ask(number, at, what, wire, stream and what not in ("picture", "video"), named, fault, manner)


def _events(plan: Plan, kinds: list[Kind]) -> Iterator[Event]:
    for family, every in EVERY.items():
        chance = Random(f"{family} {plan.seed}")
        of_family = [kind for kind in kinds if kind.deck == family]
        if not of_family:
            continue
        # A short run meets each kind all the same; it ends without any, so that what they leave can be told.
        until = plan.seconds * 0.8
        rare = family == "rare weather"
        if rare and every > until:  # Nobody is answered for half a minute: a short run meets it near its end.
            yield Event(plan.seconds * 0.9, of_family[0].name, of_family[0].seconds[0], 0)
            continue
        every = min(every, until / (len(of_family) + 1))
        at = every * chance.uniform(0.3, 0.8)
        for kind in _deck(of_family, chance):
            if at >= until:
                break
            longest = min(kind.seconds[1], until / 2)
            yield Event(at, kind.name, chance.uniform(min(kind.seconds[0], longest), longest), chance.randrange(1000))
            at += every * chance.uniform(0.7, 1.3)
