"""The firewall before the service (protocol, "Cookies"): it sets two cookies, and may demand them of POSTs."""

import uuid
from collections.abc import MutableMapping
from http.cookies import SimpleCookie
from typing import Any

from starlette.types import Message, Send

from .call import Call
from .envelope import RISK_CONTROL, Refusal

NAMES = ("acw_tc", "cdn_sec_tc")
LIFETIME = 1800


class Firewall:
    """Sets `acw_tc` and `cdn_sec_tc` with any answer to who does not return them.

    `demands`: POSTs that do not return them are refused with 40012, and counted in `refused`. `bare`: no cookies are
    set. `shared`: cookies that came back from another account than they were given to.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.demands = self.bare = False
        self.refused = 0
        self.shared: list[str] = []
        self._given: dict[str, str] = {}

    def check(self, call: Call) -> None:
        """Refusal 40012."""
        if self._is_known(call) or not self.demands or call.recorded.method != "POST":
            return
        self.refused += 1
        call.recorded.code = RISK_CONTROL
        raise Refusal(RISK_CONTROL, "bad request", 400)

    def setting(self, call: Call, send: Send) -> Send:
        """A `send` that adds the cookies, where the call did not return them."""
        if self._is_known(call) or self.bare:
            return send
        values = {name: uuid.uuid4().hex for name in NAMES}
        self._given.update(dict.fromkeys(values.values(), call.recorded.headers.get("X-Device-Id", "")))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                add(message, values)
            await send(message)

        return sending

    def _is_known(self, call: Call) -> bool:
        cookies = SimpleCookie(call.recorded.headers.get("Cookie", ""))
        values = [cookies[name].value for name in NAMES if name in cookies]
        device = call.recorded.headers.get("X-Device-Id", "")
        self.shared += [value for value in values if self._given.get(value, device) != device]
        return len([value for value in values if value in self._given]) == len(NAMES)


def add(message: MutableMapping[str, Any], values: dict[str, str]) -> None:
    cookies = [
        (b"set-cookie", f"{name}={value}; Path=/; Max-Age={LIFETIME}; HttpOnly".encode())
        for name, value in values.items()
    ]
    message["headers"] = [*message.get("headers", ()), *cookies]
