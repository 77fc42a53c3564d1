"""The service's clock, by which calls are signed: this machine's may be wrong (protocol, 40014)."""

import time
from typing import Any, Final

from lib.upstreams.chatglm.session import lenient

PATH: Final = "/chatglm/operation-api/config/cur_ts"  # protocol: [once]

_NAMES: Final = ("cur_ts", "timestamp", "ts", "time")
"""Under which the time may stand. The field's name was seen nowhere [guess]."""
_FIRST_MILLISECONDS: Final = 100_000_000_000
"""A smaller number counts seconds: as milliseconds it would lie in 1973."""
MIN_DIFFERENCE: Final = 1.0
"""Seconds. Who is nearer than that to the service's clock was not refused because of it."""


class Clock:
    """This machine's clock, and by how much the service's is ahead of it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def milliseconds(self) -> int:
        """The Unix time by the service's clock, as far as it is known."""
        return int((time.time() + self._ahead) * 1000)

    def set(self, result: Any) -> bool:
        """Go by what the service says of its clock, in seconds or milliseconds. Was ours another until now?"""
        told = _told(result)
        if told is None:
            return False
        seconds = told / 1000 if told >= _FIRST_MILLISECONDS else told
        before, self._ahead = self._ahead, seconds - time.time()
        return abs(self._ahead - before) >= MIN_DIFFERENCE


def _told(result: Any) -> float | None:
    fields = lenient.mapping(result)
    for value in (result, *(fields.get(name) for name in _NAMES)):
        if (number := lenient.number(value)) is not None and number > 0:
            return number
    return None
