"""Risk control: the service refuses an address, whatever account is asked (protocol: 40012)."""

import time
from typing import Literal

from starlette.responses import HTMLResponse

from .call import Call, Reply
from .ending import SLIDE_PAGE, VISIT_PAGE
from .envelope import RISK_CONTROL, Refusal

type Look = Literal["40012", "slide", "visit"]


class RiskControl:
    """While it is on, every signed call is refused, and counted.

    It stays on until it is lifted, or for some seconds, which begin anew with every call. `after`: so many calls still
    pass. All that asks the stand-in is one address.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._look: Look | None = None
        self._seconds: float | None = None
        self._until: float | None = None
        self._passing = 0

    @property
    def is_on(self) -> bool:
        """Whether the next call is refused."""
        self._expire()
        return self._look is not None and self._passing <= 0

    def begin(self, look: Look = "40012", seconds: float | None = None, after: int = 0) -> None:
        self.asked = 0
        self._look, self._seconds, self._passing = look, seconds, after
        self._until = None if seconds is None else time.monotonic() + seconds

    def lift(self) -> None:
        self._look = None

    def clear(self) -> None:
        self.lift()
        self.asked = 0

    def refuse(self, call: Call) -> Reply | None:
        """Return what to answer instead; None: the call passes. Refusal 40012."""
        self._expire()
        if self._look is None:
            return None
        if self._passing > 0:
            self._passing -= 1
            return None
        self.asked += 1
        if self._seconds is not None:
            self._until = time.monotonic() + self._seconds
        call.recorded.code = RISK_CONTROL
        if self._look == "40012":
            raise Refusal(RISK_CONTROL, "bad request", 400)
        return HTMLResponse(SLIDE_PAGE if self._look == "slide" else VISIT_PAGE)

    def _expire(self) -> None:
        if self._until is not None and time.monotonic() >= self._until:
            self._look = self._until = None
