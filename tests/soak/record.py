"""What clients and stand-ins saw of a run. Nothing in it comes from the bundle."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from .schedule import Ask

HANDED_OVER: Final = 25.0
"""Seconds after a store has lost all in which whoever is at work has seen it and given it back what it knows."""

type End = Literal["complete", "broken off", "left", "no connection", "too late"]


@dataclass
class Exchange:
    """One request as its client saw it; times are `time.monotonic`.

    `instance`: which process answered, by what nginx says of it; empty where nobody could know. `closed_body`: the
    answer ended as HTTP says that it does.
    """

    ask: Ask
    request_id: str
    step: str
    key: str
    manner: str = ""
    begun: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    end: End = "complete"
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    first_byte: float = 0.0

    @property
    def instance(self) -> str:
        return self.headers.get("x-instance", "")

    @property
    def streamed(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")


@dataclass(frozen=True)
class Arrival:
    """A prompt that reached a stand-in. `outcome`: refused (surely nothing was done), or what was begun."""

    number: int
    at: float
    account: str
    outcome: Literal["delivered", "uncertain", "nothing", "refused"]


@dataclass(frozen=True)
class Broken:
    """A promise that was broken, and by which request."""

    promise: str
    what: str
    number: int | None = None


class Record:
    """All of a run."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.shares_nothing = False
        """Whether the processes have no store in common."""
        self.asked = Counter[str]()
        self.statuses = Counter[str]()
        self.fired = Counter[str]()
        self.met: set[int] = set()
        """Requests that have met their fault."""
        self.exempt = Counter[str]()
        self.checked = Counter[str]()
        """How often each promise was held to something."""
        self.broken: list[Broken] = []
        self.arrivals: dict[int, list[Arrival]] = defaultdict(list)
        self.done_at: dict[int, float] = {}
        """When the client of each request was done with it."""
        self.asks: dict[int, Ask] = {}
        self.traces: dict[int, list[str]] = defaultdict(list)
        self.outages: list[tuple[float, float]] = []
        """When the store was not what it should be."""
        self.losses: list[tuple[float, float]] = []
        """From when to when the store lost all that it held."""
        self.kills: list[tuple[float, str]] = []
        """When which process was killed."""
        self.ends: list[float] = []
        """When a process ended, in whatever way."""
        self.refreshes: dict[str, set[float]] = defaultdict(set)
        """When each account's refresh tokens were handed out."""
        self.refusing: list[tuple[str, float, float]] = []
        """Which account (`*`: everybody) was refused whatever it asked, from when to when."""
        self.unreachable: list[tuple[float, float]] = []
        """When nobody could connect to the service."""
        self.spoilt: set[int] = set()
        """Requests whose clean-up the faults prevented, by refusing it or by killing who would have done it."""
        self.kept: dict[int, str] = {}
        """Of requests that the time limit cut: the conversation that stays, since their client can go on in it."""
        self.right = 0
        """How many answers came as they were sent, to their end."""
        self.facts: dict[str, Any] = {}

    def meet(self, ask: Ask) -> None:
        """The fault of a request has happened to it."""
        self.fired[ask.fault] += 1
        self.met.add(ask.number)

    def note(self, number: int, what: str) -> None:
        """Add a line to a request's trace."""
        self.traces[number].append(f"{time.monotonic() - self.begun:8.2f} s  {what}")

    def breaks(self, promise: str, what: str, number: int | None = None) -> None:
        """A promise is broken."""
        self.broken.append(Broken(promise, what, number))

    def excuse(self, why: str) -> None:
        """Something would have broken a promise, and is exempt."""
        self.exempt[why] += 1

    def store_was_away(self, since: float, until: float | None = None) -> bool:
        """Whether the store was lost, or slow, at any moment from `since` on."""
        return any(begun <= (until or time.monotonic()) and ended >= since for begun, ended in self.outages)

    def store_had_lost(self, since: float, until: float) -> bool:
        """Whether the store had lost what it held, and not been given it back, at any moment of that time."""
        return any(begun <= until and ended + HANDED_OVER >= since for begun, ended in self.losses)

    def token_was_lost(self, uid: str, at: float) -> bool:
        """Whether nobody may know the account's newest token any more.

        The store lost it, or could not take it, and a process ended before it had given it to the store.
        """
        since = self.refreshed(uid)
        lost = [ended for begun, ended in self.losses if since <= ended and begun <= at]
        lost += [ended for begun, ended in self.outages if begun - 1.0 <= since <= ended]
        return any(since <= end <= max(lost) + HANDED_OVER for end in self.ends) if lost else False

    def refreshed(self, uid: str) -> float:
        """When the account's newest refresh token was handed out; 0 where none was."""
        return max(self.refreshes[uid], default=0.0)

    def was_untold(self, uid: str, since: float, until: float) -> bool:
        """Whether in that time one instance alone knew the account's newest token, for want of a store to tell others.

        The token was handed out during an outage, or so shortly before that it was still on its way to the store.
        """
        outages = [(begun, ended) for begun, ended in self.outages if begun <= until and ended >= since]
        return any(begun - 1.0 <= at <= ended for at in self.refreshes[uid] for begun, ended in outages)

    def was_refused(self, uids: set[str], since: float, until: float) -> bool:
        """Whether any of these accounts, or everybody, was refused at any moment of that time."""
        return any(
            (who == "*" or who in uids) and begun <= until and ended >= since for who, begun, ended in self.refusing
        )

    def was_unreachable(self, since: float, until: float) -> bool:
        """Whether nobody could connect to the service at any moment of that time."""
        return any(begun <= until and ended >= since for begun, ended in self.unreachable)

    def killed_between(self, since: float, until: float) -> bool:
        """Whether a process was killed in that time."""
        return any(since <= at <= until for at, _ in self.kills)
