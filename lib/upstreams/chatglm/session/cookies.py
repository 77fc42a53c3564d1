"""The cookies of one account, as a browser keeps them (protocol, "Cookies").

The firewall before the service sets some with any answer and refuses POSTs that never return them. What it sets goes
back to it, beside what the page itself sends; nothing is made here. Each account has a jar of its own, which the store
remembers, encrypted like its token.
"""

import json
import math
from collections.abc import Mapping
from http.cookiejar import Cookie
from typing import Any, Final

import httpx

from lib.store import Store
from lib.store.entry import Entry

MAX_COOKIES: Final = 20
"""Cookies of an account that are remembered; the service was seen to set two."""
MAX_BYTES: Final = 4096
"""Of one cookie, its name and value together: what browsers keep at most."""
REMEMBERED: Final = 24 * 3600.0
"""Seconds for which cookies are remembered, those without an expiry as well: as long as an access token lives."""

_ENTRY: Final = "cookies, 1\n"
"""Before a token, for the name of its entry: under the token alone there is its session."""
_FIELDS: Final = ("name", "value", "domain", "path", "expires", "secure")


class Jar:
    """The jar of the account that a caller's token is for."""

    def __init__(self, store: Store, token: str) -> None:
        self._entry = Entry(store, _ENTRY + token)
        self._cookies = httpx.Cookies()
        self._loaded = False
        self.refresh_token = ""
        """The newest one, which the page sends along."""
        self.tried_at = -math.inf
        """When the service was asked once more because of cookies, by the monotonic clock."""

    async def add_to(self, request: httpx.Request, page: Mapping[str, str]) -> None:
        """Send along what the service has set, and what the page sends: that is of the session that is in use."""
        if not self._loaded:
            self._loaded = True
            await self._load()
        pairs = [f"{name}={value}" for name, value in page.items() if value]
        if any(self._cookies.jar):
            self._cookies.set_cookie_header(request)
            kept = request.headers.get("cookie", "").split("; ")
            pairs += [pair for pair in kept if pair and pair.partition("=")[0] not in page]
        if pairs:
            request.headers["cookie"] = "; ".join(pairs)

    async def keep(self, response: httpx.Response) -> bool:
        """Take the cookies that a response sets; were there any."""
        if "set-cookie" not in response.headers:
            return False
        before, jar = self._written(), self._cookies.jar
        self._cookies.extract_cookies(response)
        too_large = [cookie for cookie in jar if len(cookie.name) + len(cookie.value or "") > MAX_BYTES]
        for cookie in (*too_large, *[one for one in jar if one not in too_large][:-MAX_COOKIES]):
            jar.clear(cookie.domain, cookie.path, cookie.name)
        if (now := self._written()) != before:
            await self._entry.set(json.dumps(now).encode(), REMEMBERED)
        return True

    async def _load(self) -> None:
        for fields in json.loads(await self._entry.get() or b"[]"):
            self._cookies.jar.set_cookie(_cookie(**fields))
        self._cookies.jar.clear_expired_cookies()

    def _written(self) -> list[dict[str, Any]]:
        return [{name: getattr(cookie, name) for name in _FIELDS} for cookie in self._cookies.jar]


def _cookie(name: str, value: str, domain: str, path: str, expires: int | None, secure: bool) -> Cookie:
    dotted, discard = domain.startswith("."), expires is None
    return Cookie(
        0, name, value, None, False, domain, dotted, dotted, path, True, secure, expires, discard, None, None, {}
    )
