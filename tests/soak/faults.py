"""The kinds of faults, and what each needs. How each is made to happen stands with what it happens to."""

from dataclasses import dataclass
from typing import Literal

type Family = Literal["upstream", "platform", "client", "weather", "store", "process"]


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Faults of the families "upstream", "platform" and "client" belong to a request; all others begin at a time, and
    last. `long`: it takes an account, or a client, until the deadline, or everybody for half a minute, and so is rare.
    `seconds`: for how long, at least and at most, one lasts that begins at a time.
    """

    name: str
    family: Family
    long: bool = False
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def deck(self) -> str:
        """Which kinds it is shuffled with, where it begins at a time."""
        return "rare weather" if self.long and self.family == "weather" else self.family


KINDS: tuple[Kind, ...] = (
    # What the service answers to one request.
    Kind("HTTP 5xx", "upstream"),
    Kind("HTTP 504", "upstream"),
    Kind("dropped", "upstream"),
    Kind("HTML page", "upstream"),
    Kind("hang at the head", "upstream"),
    Kind("hang at the first event", "upstream"),
    Kind("hang in the middle", "upstream"),
    Kind("hang at deletion", "upstream"),
    Kind("refused deletion", "upstream"),
    Kind("cut", "upstream"),
    Kind("cut for good", "upstream"),
    Kind("junk events", "upstream"),
    Kind("code first", "upstream"),
    Kind("code in the middle", "upstream"),
    Kind("rewriting snapshots", "upstream"),
    Kind("nothing", "upstream"),
    Kind("limited", "upstream"),
    Kind("busy", "upstream"),
    Kind("quota", "upstream"),
    Kind("first word after 70 s", "upstream", long=True),
    Kind("hang at the head for ever", "upstream", long=True),
    Kind("hang at the first event for ever", "upstream", long=True),
    Kind("hang in the middle for ever", "upstream", long=True),
    # What the open platform answers to one request.
    Kind("platform: refusal", "platform"),
    Kind("platform: dropped", "platform"),
    Kind("platform: cut", "platform"),
    # What the client does.
    Kind("leaves", "client"),
    Kind("reads slowly", "client"),
    Kind("half-closes", "client"),
    Kind("drips its body", "client"),
    Kind("never reads", "client", long=True),
    # What comes over everybody, or over one account, for a time.
    Kind("hang at connect", "weather", seconds=(4.0, 14.0)),
    Kind("verification page", "weather", long=True, seconds=(3.0, 8.0)),
    Kind("clock off by a minute", "weather", seconds=(10.0, 30.0)),
    Kind("access revoked", "weather"),
    Kind("stays busy", "weather", seconds=(8.0, 30.0)),
    Kind("banned", "weather", seconds=(8.0, 30.0)),
    # The store that instances share.
    Kind("store killed", "store", seconds=(2.0, 12.0)),
    Kind("store frozen", "store", seconds=(2.0, 12.0)),
    Kind("store emptied", "store"),
    Kind("store slow", "store", seconds=(4.0, 15.0)),
    Kind("store throttled", "store", seconds=(2.0, 8.0)),
    # The bundle's processes.
    Kind("SIGTERM", "process"),
    Kind("SIGKILL", "process"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
