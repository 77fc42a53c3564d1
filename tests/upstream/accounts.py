"""The service's accounts and their tokens (protocol: "Credentials")."""

import time
import uuid
from secrets import token_bytes
from typing import Any, Literal

from . import jwt
from .envelope import CLAIMED, NOT_LOGGED_IN, TOKEN_REFUSED, Refusal

type Kind = Literal["refresh", "access"]
type Guest = Literal["answered", "refused"]
type Rotation = Literal["strict", "lenient"]
type TokenForm = Literal["jwt", "opaque", "no exp", "no type", "exp as text"]

REFRESH_LIFETIME = 180 * 24 * 3600
ACCESS_LIFETIME = 24 * 3600


class Account:
    """One account of the service.

    `refresh_token` is the first one, the one a person copies from the browser; it never changes. What a refresh has
    made of it since is `newest_refresh_token`.

    Options: `guest`, a visitor who never logged in, whose refresh is "answered" with `is_guest: true` or "refused" with
    40102; `dead`, every token is refused; `rotation`, whether a refresh ends the older refresh tokens ("strict") or not
    ("lenient"); `access_lifetime`, `refresh_lifetime`, seconds from issue to `exp`; `generations`, how many answers it
    may generate at a time; `busy_after`, seconds for which it stays busy after an answer's last event; `blocked`, it is
    banned: it can refresh, and everything else is refused with 403; `left_score`, what user/info says is left, in
    hundredths of a point; `access_form`, what its access tokens look like; `old_names`, whether a refresh answers
    `accessToken` and `refreshToken`, as in 2024.

    Counted: `max_running`, the most answers that it ever generated at once; `generated`, answers begun; `refused_busy`,
    calls refused because it was busy.
    """

    OPTIONS = ("guest", "dead", "rotation", "access_lifetime", "generations", "busy_after", "blocked", "left_score")
    """What may be changed later."""

    def __init__(
        self,
        key: bytes,
        *,
        guest: Guest | None = None,
        dead: bool = False,
        rotation: Rotation = "strict",
        access_lifetime: int = ACCESS_LIFETIME,
        refresh_lifetime: int = REFRESH_LIFETIME,
        generations: int = 1,
        busy_after: float = 0.0,
        blocked: bool = False,
        left_score: int = 2000,
        access_form: TokenForm = "jwt",
        old_names: bool = False,
    ) -> None:
        self.uid = uuid.uuid4().hex[:24]
        self.device_id = uuid.uuid4().hex
        self.guest = guest
        self.dead = dead
        self.rotation = rotation
        self.access_lifetime = access_lifetime
        self.generations = generations
        self.busy_after = busy_after
        self.blocked = blocked
        self.left_score = left_score
        self.claimed = False
        self.access_form = access_form
        self.old_names = old_names
        self.free_at = 0.0
        self.max_running = 0
        self.generated = 0
        self.refused_busy = 0
        self.seen_device_id: str | None = None
        self._key = key
        self._revoked: set[str] = set()
        self._issued: list[str] = []
        self.odd_tokens: dict[str, dict[str, Any]] = {}
        self.refresh_token = self.newest_refresh_token = self.token("refresh", refresh_lifetime)
        self._refresh_lifetime = refresh_lifetime

    def token(self, kind: Kind, lifetime: int, *, key: bytes | None = None) -> str:
        """Mint a token that expires `lifetime` seconds from now (negative: it has expired already)."""
        now = int(time.time())
        jti = uuid.uuid4().hex
        payload = {
            "sub": "用户_" + self.uid[:6],
            "uid": self.uid,
            "device_id": self.device_id,
            "type": kind,
            "iat": now if lifetime > 0 else now + lifetime - 60,
            "nbf": now if lifetime > 0 else now + lifetime - 60,
            "exp": now + lifetime,
            "jti": jti,
        }
        if kind == "access":
            self._issued.append(jti)
            if self.access_form != "jwt" and key is None:
                return self._odd_token(payload)
        return jwt.encode(payload, key or self._key)

    def _odd_token(self, payload: dict[str, Any]) -> str:
        """Mint an access token that says less about itself, and remember what it stands for."""
        shown = dict(payload)
        if self.access_form == "no exp":
            del shown["exp"]
        elif self.access_form == "no type":
            del shown["type"]
        elif self.access_form == "exp as text":
            shown["exp"] = str(shown["exp"])
        token = uuid.uuid4().hex * 2 if self.access_form == "opaque" else jwt.encode(shown, self._key)
        self.odd_tokens[token] = payload
        return token

    def access_token(self, lifetime: int | None = None) -> str:
        return self.token("access", self.access_lifetime if lifetime is None else lifetime)

    def expired_access_token(self) -> str:
        return self.token("access", -1)

    def expired_refresh_token(self) -> str:
        return self.token("refresh", -1)

    def foreign_token(self, kind: Kind = "refresh") -> str:
        """Mint a token that reads well but is signed with a key that the service does not have."""
        return self.token(kind, REFRESH_LIFETIME if kind == "refresh" else ACCESS_LIFETIME, key=token_bytes(32))

    def revoke_access(self) -> None:
        """From now on the service refuses every access token issued so far, whatever its `exp` says."""
        self._revoked.update(self._issued)

    def kill(self) -> None:
        """From now on the service refuses every token of this account."""
        self.dead = True

    def refresh(self) -> dict[str, Any]:
        """What the refresh call answers: a new access token and a new refresh token."""
        if self.guest == "refused":
            raise Refusal(TOKEN_REFUSED, "not logged in")
        self.newest_refresh_token = self.token("refresh", self._refresh_lifetime)
        names = ("accessToken", "refreshToken") if self.old_names else ("access_token", "refresh_token")
        return {
            "user_id": self.uid,
            names[0]: self.access_token(),
            names[1]: self.newest_refresh_token,
            "is_guest": self.guest is not None,
            "mode": "",
        }

    def info(self) -> dict[str, Any]:
        """What user/info answers."""
        member = {"left_score": f"{self.left_score:.2f}", "token_left_percent": "82%"}
        return {
            "is_guest": self.guest is not None,
            **({} if self.guest else {"member_info": member}),
            "block_info": {"blocked": self.blocked},
        }

    def claim(self) -> None:
        """The credit of the day. Refusal 10001: it was taken before."""
        if self.claimed:
            raise Refusal(CLAIMED, "今日已领取", 200)
        self.claimed = True
        self.left_score += 20000

    def change(self, **changes: Any) -> None:
        """Change options from now on."""
        for name, value in changes.items():
            if name not in self.OPTIONS:
                raise TypeError(f"{name} cannot be changed")
            setattr(self, name, value)

    def check(self, token: str, payload: dict[str, Any], kind: Kind) -> None:
        """Refuse a token of this account that is of the wrong kind, expired, revoked or rotated away."""
        if payload["type"] != kind:
            raise Refusal(TOKEN_REFUSED, f"this is not the {kind} token")
        if payload["exp"] <= time.time():
            raise Refusal(TOKEN_REFUSED, "token expired")
        if self.dead or payload["jti"] in self._revoked:
            raise Refusal(TOKEN_REFUSED, "token refused")
        if kind == "refresh" and self.rotation == "strict" and token != self.newest_refresh_token:
            raise Refusal(TOKEN_REFUSED, "token refused: there is a newer one")
        if kind == "access" and self.guest:
            raise Refusal(NOT_LOGGED_IN, "not logged in")


class Accounts:
    """All accounts of the service."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._by_uid: dict[str, Account] = {}
        self._forgotten: set[str] = set()

    def add(self, **options: Any) -> Account:
        account = Account(self._key, **options)
        self._by_uid[account.uid] = account
        return account

    def restore(self, key: bytes, token: str) -> Account:
        """Make the account that an earlier service gave this token to. ValueError: wrong key, or expired."""
        payload = jwt.decode(token, key)
        if payload["exp"] < time.time():
            raise ValueError("the token has expired")
        self._key = key
        account = Account(key)
        account.uid, account.device_id = payload["uid"], payload["device_id"]
        account.refresh_token = account.newest_refresh_token = token
        self._by_uid[account.uid] = account
        return account

    @property
    def key(self) -> bytes:
        """What tokens are signed with."""
        return self._key

    def get(self, uid: str) -> Account:
        return self._by_uid[uid]

    def all(self) -> list[Account]:
        return list(self._by_uid.values())

    def clear(self) -> None:
        self._forgotten.update(self._by_uid)
        self._by_uid.clear()

    def has_forgotten(self, authorization: str | None) -> bool:
        """Whether this is a token of an account from before the last `clear()`."""
        try:
            payload = jwt.decode((authorization or "").removeprefix("Bearer "), self._key)
        except ValueError:
            return False
        return payload["uid"] in self._forgotten

    def identify(self, authorization: str | None, kind: Kind) -> Account:
        """Return whose token it is. Refusal 40103: there is none; 40102: it is not good for this."""
        if not authorization:
            raise Refusal(NOT_LOGGED_IN, "not logged in")
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise Refusal(TOKEN_REFUSED, "Authorization is not Bearer <token>")
        payload = self._payload(token)
        account = self._by_uid.get(payload["uid"])
        if account is None:
            raise Refusal(TOKEN_REFUSED, "no such account")
        account.check(token, payload, kind)
        return account

    def _payload(self, token: str) -> dict[str, Any]:
        for account in self._by_uid.values():
            if token in account.odd_tokens:
                return account.odd_tokens[token]
        try:
            return jwt.decode(token, self._key)
        except ValueError:
            raise Refusal(TOKEN_REFUSED, "token refused") from None
