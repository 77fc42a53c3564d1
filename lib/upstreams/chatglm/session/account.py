"""An account of the service, known by the token that the caller presents.

A refresh token is exchanged for an access token, and each exchange hands out a new refresh token, which may be the only
one that works from then on (protocol, "Credentials"). So what was handed out is remembered under a name made from the
caller's token, in the store that the deployment names, and the caller goes on with the token it has.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from lib.errors import (
    AccountBanned,
    AccountBusy,
    RateLimited,
    TokenOutdated,
    TokenRefused,
    Unauthorized,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamUnavailable,
)
from lib.invocation import context
from lib.invocation.deadline import shielded_wait
from lib.invocation.retry import TOKEN, retry
from lib.invocation.within_deadline import within_deadline
from lib.store import Store, configured_store
from lib.store.entry import Entry
from lib.store.seal import name_of
from lib.types.upstream import KeyState
from lib.upstreams.chatglm.session import lenient, service
from lib.upstreams.chatglm.session.cookies import Jar
from lib.upstreams.chatglm.session.refusal import AlreadyClaimed, NotLoggedIn
from lib.upstreams.chatglm.session.token import WHERE_TO_GET_ONE, Token

_REFRESH = "/chatglm/user-api/user/refresh"  # protocol: [sure]
_USER = "/chatglm/user-api/user/info"  # protocol: [once]

_CLAIM = "/chatglm/member-api/member/daily_login_score"  # protocol: [sure]
_GUEST = "guest_token"
_POINTLESS = "no_points"
"""Names of reasons, beside those of errors."""
_NO_POINTS = "It holds no points. A new account has none before it has logged in by ChatGLM's App once."

_REFRESH_LIFETIME = 180 * 24 * 3600.0  # protocol: [sure]

ACCESS_MARGIN = 60.0
"""Seconds before its expiry from which an access token is no longer used: clocks differ, and calls take time.

One with a short life is used until a tenth of it is left."""
REFRESH_TIMEOUT = 30.0
"""Seconds that an exchange may take, waiting for another instance's included. It is not broken off when the client
leaves: what it hands out would be lost."""
OUTDATED_FOR = 3600.0
"""Seconds for which a token that worked once counts as renewed by an instance that cannot say so; then as ended."""
OUTDATED_RETRY_AFTER = 10.0
"""Seconds after which a client may ask again: as soon as the instance that has renewed it is asked, all is well."""
_REFUSED = "refused, 1\n"
"""Before a token, for the name of the entry that says since when."""
SHORT_CUTS = 1000
"""How many access tokens an instance keeps at hand, so that most requests need neither store nor exchange."""


class Session(NamedTuple):
    access: Token
    refresh: str
    """The newest refresh token."""
    new: bool = True
    """Handed out just now; else it was remembered, and may be as old as the one before."""


class Sessions:
    """The sessions that one event loop knows of: at hand, on the way, or in the store."""

    def __init__(self) -> None:
        self.store = context.shared(configured_store)
        self._jars: OrderedDict[str, Jar] = OrderedDict()
        self._at_hand: OrderedDict[str, Session] = OrderedDict()
        self._on_the_way: dict[str, asyncio.Task[Session]] = {}

    def jar(self, token: str) -> Jar:
        """The cookies that go with a caller's token."""
        name = name_of(token)
        jar = self._jars.pop(name, None) or Jar(self.store, token)
        self._jars[name] = jar
        if len(self._jars) > SHORT_CUTS:
            self._jars.popitem(last=False)
        return jar

    async def get(self, token: Token, refused: str | None = None) -> Session:
        """A session for the caller's refresh token; a new one where `refused` is the last access token."""
        name = name_of(token.text)
        session = self._at_hand.get(name)
        if session is not None and _usable(session, refused):
            self._at_hand.move_to_end(name)
            return session
        exchange = self._on_the_way.get(name)
        if exchange is None:
            exchange = asyncio.create_task(self._exchange(token, name, refused))
            self._on_the_way[name] = exchange
            exchange.add_done_callback(lambda _: self._on_the_way.pop(name, None))
        try:
            session = await asyncio.shield(exchange)
        except asyncio.CancelledError:
            # What it hands out would be lost if the invocation ended now.
            await shielded_wait(exchange, context.current().deadline.clean_up_seconds())
            raise
        self._at_hand[name] = session._replace(new=False)
        if token.jar is not None:
            token.jar.refresh_token = session.refresh
        if len(self._at_hand) > SHORT_CUTS:
            self._at_hand.popitem(last=False)
        return session

    async def _exchange(self, token: Token, name: str, refused: str | None) -> Session:
        try:
            async with asyncio.timeout(REFRESH_TIMEOUT):
                return await self._remember(token, refused)
        except TimeoutError as error:
            raise UpstreamUnavailable("The service did not renew the token in time.") from error

    async def _remember(self, token: Token, refused: str | None) -> Session:
        entry = Entry(self.store, token.text)
        async with entry.lock(wait=REFRESH_TIMEOUT / 2) as held:
            remembered = _read(await entry.get(), token)
            if remembered is not None and _usable(remembered, refused):
                return remembered
            if not held:
                raise UpstreamUnavailable("Another instance has been renewing this token for too long.")
            session = await self._refresh(token, remembered, damaged=entry.damaged)
            await entry.set(_write(session), _expiry(session, token) - time.time())
            return session

    async def _refresh(self, token: Token, remembered: Session | None, *, damaged: bool) -> Session:
        try:
            return await self._exchanged(token, remembered)
        except TokenRefused as error:
            # Nobody has to log in anew because a store is away, from here or from an instance that has renewed it.
            lost = self.store.shared and (remembered is not None or damaged)
            if not self.store.away and not (lost and await self._lately(token, remembered)):
                raise
            raise TokenOutdated(
                "The service refuses this token, which another instance may have renewed: the store that should hold "
                "the newer one is, or was, out of reach, from here or from there. Ask again in a moment.",
                retry_after=OUTDATED_RETRY_AFTER,
            ) from error

    async def _lately(self, token: Token, remembered: Session | None) -> bool:
        """Was what is remembered refused for the first time within the last hour."""
        entry = Entry(self.store, _REFUSED + token.text)
        newest = name_of(remembered.refresh if remembered else token.text)
        known = json.loads(await entry.get() or b"{}")
        if known.get("newest") == newest:
            return bool(time.time() - known["since"] < OUTDATED_FOR)
        await entry.set(json.dumps({"newest": newest, "since": time.time()}).encode(), _REFRESH_LIFETIME)
        return True

    async def _exchanged(self, token: Token, remembered: Session | None) -> Session:
        if remembered is not None and remembered.refresh != token.text:
            try:
                return await self._call(token._replace(text=remembered.refresh))
            except TokenRefused:
                pass  # Somebody else used it, or the store is behind: the caller's own may still be good.
        return await self._call(token.check())

    async def _call(self, token: Token) -> Session:
        refresh = partial(service.current().call, "POST", _REFRESH, token, json={}, repeatable=True)
        try:
            result = await retry(refresh)
        except NotLoggedIn as error:
            raise guest() from error
        found = lenient.mapping(result[0] if isinstance(result, list) and result else result)
        access = lenient.words(found.get("access_token") or found.get("accessToken"))
        if lenient.flag(found.get("is_guest")):
            raise guest()
        if not access:
            raise UpstreamFailed("The service answered the refresh without an access token.")
        newest = lenient.words(found.get("refresh_token") or found.get("refreshToken"))
        return Session(Token.handed_out(access, token), newest or token.text)


class Guest(Unauthorized):
    """The token belongs to a visitor who never logged in."""


def guest() -> Guest:
    return Guest(f"This ChatGLM token is a visitor's, who has not logged in. {WHERE_TO_GET_ONE}")


class Account:
    """One caller's token on the service."""

    def __init__(self, token: str) -> None:
        """Raises `Unauthorized` for a text that is no token: no call is needed to know."""
        self.service = service.current()
        self._sessions = context.shared(Sessions)
        self.token = Token.read(token)
        self.token = self.token._replace(jar=self._sessions.jar(token))

    @property
    def store(self) -> Store:
        return self._sessions.store

    async def use[T](self, attempt: Callable[[Token], Awaitable[T]]) -> T:
        """What `attempt` returns, called with an access token; with another one if the service refuses the first.

        One that another instance has remembered may be refused as well: then with one that is handed out now.
        """
        access = await self.access()
        for _ in range(TOKEN.times or 0):
            try:
                return await attempt(access)
            except TOKEN.after:
                if access is self.token:
                    raise
            session = await self._sessions.get(self.token, access.text)
            access = session.access
            if session.new:
                break
        return await attempt(access)

    async def access(self) -> Token:
        """An access token that is good for some time yet."""
        if self.token.kind == "access":
            return self.token.check()
        return (await self._sessions.get(self.token)).access

    async def info(self) -> dict[str, Any]:
        """What the service says of the account; nothing where it does not. Raises `Unauthorized` where it does not let
        the token in. Generates nothing."""
        await self.access()
        with suppress(UpstreamRefused, RateLimited):  # It let the token in, whatever else it found wrong.
            found = lenient.mapping(await self.use(lambda access: self.service.call("GET", _USER, access)))
            if lenient.flag(lenient.mapping(found.get("block_info")).get("blocked")):
                raise AccountBanned("The service has closed this account.")
            if lenient.flag(found.get("is_guest")):
                raise guest()
            return lenient.mapping(found.get("member_info"))
        return {}

    async def claim(self) -> bool:
        """Take the credit of the day, as the page does when it loads; False where it was taken already."""
        call = partial(self.service.call, "POST", _CLAIM, json={}, repeatable=True)
        try:
            await self.use(call)
        except AlreadyClaimed:
            return False
        return True


async def check(text: str) -> KeyState:
    """Find out whether a token is alive. Raises where the service cannot be asked."""
    try:
        token = Token.read(text)
    except Unauthorized as error:
        return KeyState(live=False, reason=error.message, code=error.code)
    state = KeyState(True, token.kind, token.expires_at)
    info: dict[str, Any] = {}
    try:
        with suppress(AccountBusy):
            async with within_deadline():
                info = await retry(Account(text).info)
    except (Unauthorized, AccountBanned) as error:
        is_guest = isinstance(error, Guest)
        code = _GUEST if is_guest else error.code
        return state._replace(live=False, guest=is_guest, reason=error.message, code=code)
    score = lenient.number(info.get("left_score"))
    state = state._replace(
        points=None if score is None else score / 100,  # It counts hundredths.
        token_left_percent=lenient.text(info.get("token_left_percent")),
    )
    return state._replace(reason=_NO_POINTS, code=_POINTLESS) if score == 0 else state


def _usable(session: Session, refused: str | None) -> bool:
    return session.access.text != refused and not session.access.expired(
        min(ACCESS_MARGIN, session.access.lifetime / 10)
    )


def _expiry(session: Session, token: Token) -> float:
    """Until when a session is worth remembering: until neither refresh token is good any more."""
    try:
        return max(token.expires_at, Token.read(session.refresh).expires_at)
    except Unauthorized:  # It may be of another kind and still be the only one that works.
        return max(token.expires_at, time.time() + _REFRESH_LIFETIME)


def _write(session: Session) -> bytes:
    return json.dumps({"access": session.access.text, "refresh": session.refresh}).encode()


def _read(value: bytes | None, token: Token) -> Session | None:
    if value is None:
        return None
    record = json.loads(value)
    return Session(Token.handed_out(record["access"], token), record["refresh"], new=False)
