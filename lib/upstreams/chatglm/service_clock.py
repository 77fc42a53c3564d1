"""The service's own time [once]: it refuses calls whose timestamp is too far from it (protocol, 40014)."""

import time
from typing import Any, Final

from lib.upstreams.chatglm import reading

NO_DIFFERENCE: Final = 1.0
"""Seconds: a clock that is wrong by less is not why a timestamp was refused."""


class ServiceClock:
    """How far the service's clock is ahead of this machine's, as the service has said."""

    def __init__(self) -> None:
        self.ahead = 0.0
        """Seconds; 0 until the service has refused a timestamp."""

    def milliseconds(self) -> int:
        """Unix time by the service's clock."""
        return round((time.time() + self.ahead) * 1000)

    def learn(self, told: Any) -> bool:
        """Take what the service says of its time. Returns whether that makes a difference."""
        now = reading.number(reading.mapping(told).get("cur_ts"))
        if now is None:
            return False
        before, self.ahead = self.ahead, now / 1000 - time.time()
        return abs(self.ahead - before) >= NO_DIFFERENCE
