"""Every environment variable: its name, default and meaning, read in one place."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from lib.errors import Misconfigured

VERSION: Final = "2.0.0"
"""Of the bundle: in the description of the endpoints, in `/ping`'s headers, on the page."""

SIGN_SECRET = "8a1317a7468aa3ad86e997d08f3f31cb"  # noqa: S105
"""The constant of the web page's script that every signature is made with. Public, and the same for everyone."""

MAX_DURATION: Final = 900.0
"""Seconds: what Lambda gives at most, and longer than any answer takes. Without an end, a client that never reads its
stream would hold its account for ever."""

_LARGEST_NUMBER = 1e9
"""Megabytes or seconds: more is a slip of the pen."""

_PLATFORM_REDIS = ("REDIS_URL", "KV_URL")
"""What platforms call the address of the Redis that they bring: Vercel's one-click stores, and most others."""

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


class Settings(NamedTuple):
    """What the deployer may choose. An empty variable counts as one that is not set."""

    chatglm_url: str = "https://chatglm.cn"
    """`GLM_CHATGLM_URL`: where the web service is."""
    sign_secret: str = SIGN_SECRET
    """`GLM_SIGN_SECRET`: the signature's secret, for the day it changes."""
    platform_url: str = "https://open.bigmodel.cn/api/paas/v4"
    """`GLM_PLATFORM_URL`: where the open platform is; `https://api.z.ai/api/paas/v4` for international keys."""
    tokens: tuple[str, ...] = ()
    """`GLM_TOKENS`: tokens that the deployment itself holds, comma-separated."""
    access_keys: tuple[str, ...] = ()
    """`GLM_ACCESS_KEYS`: the keys that callers of such a deployment present, comma-separated."""
    token_store: str = "memory:"  # noqa: S105
    """`GLM_TOKEN_STORE`: where refreshed tokens are remembered and turns are taken: `memory:`, `redis://…`, `rediss://…`
    or `dynamodb:table`. Where it is not set, the Redis that the platform brings in `REDIS_URL` or `KV_URL` is."""
    keep_conversations: bool = False
    """`GLM_KEEP_CONVERSATIONS`: leave conversations in the account's list."""
    max_file_bytes: int = 20 * 1024 * 1024
    """`GLM_MAX_FILE_MB`: largest file fetched or decoded; here in bytes."""
    allow_private_urls: bool = False
    """`GLM_ALLOW_PRIVATE_URLS`: let file URLs point into private networks and at any port."""
    allowed_origins: tuple[str, ...] = ("*",)
    """`GLM_ALLOWED_ORIGINS`: the origins that browsers may call from (CORS), comma-separated."""
    model_aliases: tuple[tuple[str, str], ...] = ()
    """`GLM_MODEL_ALIASES`: what other models' names mean, `claude-opus*=glm-5.3,…`: patterns in small letters, and the
    names that they mean. They come before those of `lib.types.aliases.DEFAULTS`."""
    max_duration: float | None = MAX_DURATION
    """`GLM_MAX_DURATION`: seconds a request may take where the platform does not say; `0` for no limit."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from `environ`. Raises `Misconfigured`, naming the variable, for a value it cannot use."""
        chosen = {name: value.strip() for name, value in environ.items() if name.startswith("GLM_") and value.strip()}
        defaults = cls()
        return cls(
            chatglm_url=_url("GLM_CHATGLM_URL", chosen, defaults.chatglm_url),
            platform_url=_url("GLM_PLATFORM_URL", chosen, defaults.platform_url),
            sign_secret=chosen.get("GLM_SIGN_SECRET", defaults.sign_secret),
            tokens=_list("GLM_TOKENS", chosen, ()),
            access_keys=_list("GLM_ACCESS_KEYS", chosen, ()),
            token_store=chosen.get("GLM_TOKEN_STORE") or _platform_redis(environ) or defaults.token_store,
            keep_conversations=_flag("GLM_KEEP_CONVERSATIONS", chosen),
            max_file_bytes=int(_number("GLM_MAX_FILE_MB", chosen, 20.0) * 1024 * 1024),
            allow_private_urls=_flag("GLM_ALLOW_PRIVATE_URLS", chosen),
            allowed_origins=_list("GLM_ALLOWED_ORIGINS", chosen, defaults.allowed_origins),
            model_aliases=_pairs("GLM_MODEL_ALIASES", chosen),
            max_duration=_number("GLM_MAX_DURATION", chosen, MAX_DURATION) or None,
        )

    def check(self) -> "Settings":
        """The settings themselves. Raises `Misconfigured` for a deployment that would be open to all, or of no use."""
        if self.tokens and not self.access_keys:
            raise Misconfigured(
                "GLM_TOKENS is set and GLM_ACCESS_KEYS is not: anybody could use the deployment's accounts."
            )
        if self.access_keys and not self.tokens:
            raise Misconfigured("GLM_ACCESS_KEYS is set and GLM_TOKENS is not: the deployment has no account to use.")
        return self


@cache
def current() -> Settings:
    """The settings of this process, read from its environment at the first call."""
    return Settings.read(os.environ)


def _platform_redis(environ: Mapping[str, str]) -> str | None:
    """The URL of the Redis that came with the platform, without the options that some add for other clients.

    What is no Redis URL is somebody else's variable, not a mistake of the deployer's.
    """
    for name in _PLATFORM_REDIS:
        try:
            parts = urlsplit(environ.get(name, "").strip())
            usable = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
        except ValueError:
            continue
        if usable:
            database = parts.path if parts.path.strip("/").isdecimal() else ""
            return parts._replace(path=database, query="", fragment="").geturl()
    return None


def kind() -> Literal["own-token", "access-key", "misconfigured"]:
    """What callers present: tokens of their own, or an access key. Settings that cannot work are told as that."""
    try:
        chosen = current()
    except Misconfigured:
        return "misconfigured"
    if bool(chosen.tokens) != bool(chosen.access_keys):
        return "misconfigured"
    return "access-key" if chosen.access_keys else "own-token"


def _list(name: str, chosen: Mapping[str, str], default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for part in chosen.get(name, "").split(",") if part.strip()) or default


def _pairs(name: str, chosen: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in _list(name, chosen, ()):
        left, _, right = (part.strip() for part in text.partition("="))
        if not left or not right:
            raise Misconfigured(f"{name} is not a list like claude-opus*=glm-5.3,claude-haiku*=glm-5.3-flash.")
        pairs.append((left.lower(), right))
    return tuple(pairs)


def _flag(name: str, chosen: Mapping[str, str]) -> bool:
    value = chosen.get(name, "").lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise Misconfigured(f"{name} is neither on nor off: use 1 or 0.")


def _number(name: str, chosen: Mapping[str, str], default: float) -> float:
    try:
        value = float(chosen.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LARGEST_NUMBER:
        raise Misconfigured(f"{name} is not a number from 0 to {_LARGEST_NUMBER:.0f}.")
    return value


def _url(name: str, chosen: Mapping[str, str], default: str) -> str:
    value = chosen.get(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    more = parts.username or parts.query or parts.fragment or not value.isascii() or set(value) & set(" ?#")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or more:
        raise Misconfigured(f"{name} is not an http or https URL, or has more than host, port and path in it.")
    return value
