"""Every environment variable: its name, default and meaning, read in one place."""

import os
import re
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

_TRUE = {"1", "true", "yes", "y", "on"}
_FALSE = {"", "0", "false", "no", "n", "off"}

_INVISIBLE = str.maketrans("\u00a0\u3000", "  ", "\ufeff\u200b\u200c\u200d\u2060")
_QUOTES = "\"'`“”‘’"
_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
_COMMAS = re.compile(r"[,，\r\n]")
_SEPARATORS = re.compile(r"[\s,，;；、]+")
_SCHEME = re.compile(r"(?:authorization:\s*)?bearer\s+|\bcookie:\s*", re.IGNORECASE)
_NAMED = re.compile(r"([\w.-]+)[^\S\r\n]*=[^\S\r\n]*(?=\S)")
_COOKIE = "chatglm_refresh_token="
_NOT_THE_COOKIE = re.compile(r"chatglm_token=|[\w.-]+=(?!eyJ)")
"""The other cookies of a whole header of them, among which the token is. A label stands before a token: `eyJ…`."""
_PLATFORMS = {"VERCEL", "AWS_LAMBDA_FUNCTION_NAME"}
"""Variables of platforms, whose disks nobody reads."""
_NO_STORE = "GLM_TOKEN_STORE names no store: use memory:, redis://host, rediss://host or dynamodb:table."
_LABELLED_KEY = re.compile(r"(?P<label>[^\W\d][\w.-]{0,31})=(?P<key>[^=\s].*?)(?::(?P<limit>\d{1,9}))?")
_KEY = re.compile(r"(?:[^=]*=)?[!-~]{16,}")
"""What may be a token or an API key: none is shorter than 16 letters, and none has other letters than ASCII's."""


class AccessKey(NamedTuple):
    """What a caller presents, `label=key:limit`; the label and the limit may be left out."""

    key: str
    label: str = ""
    """The owner's name for who has it, for the log and the owner's page."""
    limit: int | None = None
    """Requests a day."""
    whole: str = ""
    """As it stands in the setting: a key of old may look like a label and a key, and opens as ever."""


class Settings(NamedTuple):
    """What the deployer may choose. An empty variable counts as one that is not set."""

    chatglm_url: str = "https://chatglm.cn"
    """`GLM_CHATGLM_URL`: where the web service is."""
    sign_secret: str = SIGN_SECRET
    """`GLM_SIGN_SECRET`: the signature's secret, for the day it changes."""
    platform_url: str = "https://open.bigmodel.cn/api/paas/v4"
    """`GLM_PLATFORM_URL`: where the open platform is; `https://api.z.ai/api/paas/v4` for international keys."""
    tokens: tuple[str, ...] = ()
    """`GLM_TOKENS`: tokens that the deployment itself holds, comma-separated; or where AWS keeps them, `ssm:/path` or
    `secretsmanager:name`."""
    access_keys: tuple[str, ...] = ()
    """`GLM_ACCESS_KEYS`: the keys that callers of such a deployment present, comma-separated, `anna=key:200`."""
    token_store: str = "memory:"  # noqa: S105
    """`GLM_TOKEN_STORE`: where refreshed tokens are remembered and turns are taken: `memory:`, `redis://…`, `rediss://…`
    or `dynamodb:table`. Where it is not set, the Redis that the platform brings in `REDIS_URL` or `KV_URL` is."""
    keep_conversations: bool = False
    """`GLM_KEEP_CONVERSATIONS`: leave conversations in the account's list."""
    max_file_bytes: int = 20 * 1024 * 1024
    """`GLM_MAX_FILE_MB`: largest file fetched or decoded; here in bytes."""
    strict_models: bool = False
    """`GLM_STRICT_MODELS`: refuse a model that no upstream lists, in place of having the plain one answer."""
    allow_private_urls: bool = False
    """`GLM_ALLOW_PRIVATE_URLS`: let file URLs point into private networks and at any port."""
    allowed_origins: tuple[str, ...] = ("*",)
    """`GLM_ALLOWED_ORIGINS`: the origins that browsers may call from (CORS), comma-separated."""
    model_aliases: tuple[tuple[str, str], ...] = ()
    """`GLM_MODEL_ALIASES`: what other models' names mean, `claude-opus*=glm-5.3,…`: patterns in small letters, and the
    names that they mean. They come before those of `lib.types.aliases.DEFAULTS`."""
    reports: str = ""
    """`GLM_REPORTS`: the folder in which a local server keeps what it could not understand of chatglm.cn's answers,
    without anybody's words; nothing on Vercel and Lambda."""
    max_duration: float | None = MAX_DURATION
    """`GLM_MAX_DURATION`: seconds a request may take where the platform does not say; `0` for no limit."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from `environ`. Raises `Misconfigured`, naming the variable, for a value it cannot use."""
        cleaned = {name: _clean(name, value) for name, value in environ.items() if name.startswith("GLM_")}
        chosen = {name: value for name, value in cleaned.items() if value}
        defaults = cls()
        return cls(
            chatglm_url=_url("GLM_CHATGLM_URL", chosen, defaults.chatglm_url),
            platform_url=_url("GLM_PLATFORM_URL", chosen, defaults.platform_url).removesuffix("/chat/completions"),
            sign_secret=chosen.get("GLM_SIGN_SECRET", defaults.sign_secret),
            tokens=read_tokens(chosen.get("GLM_TOKENS", "")),
            access_keys=_access_keys(chosen.get("GLM_ACCESS_KEYS", "")),
            token_store=_store(chosen.get("GLM_TOKEN_STORE", "")) or _platform_redis(environ) or defaults.token_store,
            keep_conversations=_flag("GLM_KEEP_CONVERSATIONS", chosen),
            max_file_bytes=int(_number("GLM_MAX_FILE_MB", chosen, 20.0, "mb") * 1024 * 1024),
            strict_models=_flag("GLM_STRICT_MODELS", chosen),
            allow_private_urls=_flag("GLM_ALLOW_PRIVATE_URLS", chosen),
            allowed_origins=_origins(chosen.get("GLM_ALLOWED_ORIGINS", "")) or defaults.allowed_origins,
            reports="" if _PLATFORMS & environ.keys() else chosen.get("GLM_REPORTS", ""),
            model_aliases=_pairs("GLM_MODEL_ALIASES", chosen),
            max_duration=_number("GLM_MAX_DURATION", chosen, MAX_DURATION, "s") or None,
        )

    def check(self) -> "Settings":
        """The settings themselves. Raises `Misconfigured` for a deployment that would be open to all, or of no use."""
        if self.tokens and not self.access_keys:
            raise Misconfigured(
                "GLM_TOKENS is set and GLM_ACCESS_KEYS is not: anybody could use the deployment's accounts."
            )
        if self.access_keys and not self.tokens:
            raise Misconfigured("GLM_ACCESS_KEYS is set and GLM_TOKENS is not: the deployment has no account to use.")
        if self.token_store == "memory:" and any(one.limit is not None for one in self.access):  # noqa: S105
            raise Misconfigured(
                "GLM_ACCESS_KEYS has limits, and there is no store to count in: set GLM_TOKEN_STORE, "
                "or take out the limits."
            )
        return self

    @property
    def access(self) -> tuple[AccessKey, ...]:
        """The access keys, with their labels and limits."""
        return tuple(map(_access_key, self.access_keys))

    def access_key(self, presented: str) -> AccessKey | None:
        """The one that is presented. Takes as long for any wrong one."""
        import hmac  # A twentieth of a cold start, for those alone who hold accounts.

        given = presented.encode(errors="surrogateescape")
        found = None
        for one in self.access:
            for text in {one.key, one.whole or one.key}:
                if hmac.compare_digest(given, text.encode(errors="surrogateescape")):
                    found = one
        return found

    @property
    def complaint(self) -> str:
        """What cannot be a token in `GLM_TOKENS`, by its place; empty where all may be. The others are used."""
        places = [
            str(place)
            for place, token in enumerate(self.tokens, 1)
            if not (_KEY.fullmatch(token) or is_reference(token))
        ]
        if not places:
            return ""
        return (
            f"GLM_TOKENS: number {', '.join(places)} of {len(self.tokens)} is no ChatGLM token and no API key. "
            "Tokens stand between commas, each with its whole text."
        )


@cache
def configured() -> Settings:
    """What this process's environment says, read at the first call."""
    return Settings.read(os.environ)


class _Held:
    """What was read where `GLM_TOKENS` names where its tokens are. `lib/store/token_source.py` fills it."""

    tokens: tuple[str, ...] = ()
    read_at = 0.0
    doubted = False
    """A service has refused one of them: perhaps there are new ones."""


held = _Held()


def current() -> Settings:
    return configured()._replace(tokens=held.tokens) if held.tokens else configured()


def is_reference(entry: str) -> bool:
    """Does an entry of `GLM_TOKENS` say where tokens are, in place of being one."""
    return entry.startswith(("ssm:", "secretsmanager:"))


def read_tokens(text: str) -> tuple[str, ...]:
    """The tokens that a text holds, as `GLM_TOKENS` does."""
    return _tokens(_clean("GLM_TOKENS", text))


def _platform_redis(environ: Mapping[str, str]) -> str | None:
    """The URL of the Redis that came with the platform, without the options that some add for other clients.

    What is no Redis URL is somebody else's variable, not a mistake of the deployer's.
    """
    for name in _PLATFORM_REDIS:
        try:
            parts = urlsplit(_clean(name, environ.get(name, "")))
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
        return "access-key" if current().check().access_keys else "own-token"
    except Misconfigured:
        return "misconfigured"


def complaint() -> str:
    """What the deployer has to mend, by the name of the setting; empty where there is nothing."""
    try:
        return current().check().complaint
    except Misconfigured as error:
        return error.message


def _clean(name: str, text: str) -> str:
    """A value without what is pasted along with it: its name, quotes, a comment of a file .env, invisible letters."""
    text = re.sub(rf"^\s*(?:export\s+)?{name}\s*=", "", text.translate(_INVISIBLE))
    return _COMMENT.sub("", text).strip(f" \t\r\n,，;；{_QUOTES}")


def _entries(text: str, separators: re.Pattern[str]) -> tuple[str, ...]:
    """The members of a list, of which each, or all together, may be quoted or in brackets as JSON's are."""
    parts = (part.strip(f" \t[]{_QUOTES}") for part in separators.split(_SCHEME.sub("", text)))
    return tuple(filter(None, parts))


def _tokens(text: str) -> tuple[str, ...]:
    """By commas, semicolons, blanks or lines; of a whole header of cookies the token alone."""
    tokens: list[str] = []
    for part in _COMMAS.split(_NAMED.sub(r"\1=", text)):
        found = _entries(part, _SEPARATORS)
        if any(one.startswith(_COOKIE) for one in found) and ";" in part:
            found = tuple(one for one in found if one.startswith(_COOKIE) or not _NOT_THE_COOKIE.match(one))
        tokens += found
    return tuple(tokens)


def _access_keys(text: str) -> tuple[str, ...]:
    """By commas or lines. A key with blanks or a semicolon inside may be one or two: to guess would open a door."""
    keys = _entries(text, _COMMAS)
    for place, key in enumerate(keys, 1):
        if re.search(r"[\s;；]", key):
            raise Misconfigured(f"GLM_ACCESS_KEYS: number {place} has a blank or a semicolon in it. Use commas alone.")
    return keys


@cache
def _access_key(text: str) -> AccessKey:
    found = _LABELLED_KEY.fullmatch(text)
    if found is None:
        return AccessKey(text)
    return AccessKey(found["key"], found["label"], int(found["limit"]) if found["limit"] else None, text)


def _store(text: str) -> str:
    """A store's URL, also out of Upstash's command line. Raises `Misconfigured` without anything of the URL."""
    if found := re.search(r"\brediss?://[^\s\"']+", text, re.IGNORECASE):
        try:
            parts = urlsplit(found[0])
            usable = parts.hostname and parts.port != 0
        except ValueError:
            usable = None
        if not usable:
            raise Misconfigured(_NO_STORE)
        tls = "--tls" in text or (parts.hostname or "").endswith(".upstash.io")  # Which takes nothing else.
        return parts._replace(scheme="rediss").geturl() if tls else found[0]
    if text.lower().startswith(("http://", "https://")):
        raise Misconfigured(
            "GLM_TOKEN_STORE is an http address, such as Upstash's REST API has one. Use the store's Redis address: "
            "at Upstash, under Connect, TCP, the one that begins with rediss://."
        )
    if text.lower() in ("memory", "memory:"):
        return "memory:"
    if text and not re.fullmatch(r"dynamodb:[\w.-]{3,255}", text, re.IGNORECASE | re.ASCII):
        raise Misconfigured(_NO_STORE)
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(entry.rstrip("/").lower() for entry in _entries(text, _SEPARATORS))
    for origin in origins:
        if origin not in ("*", "null") and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/*@?#]+", origin):
            raise Misconfigured(
                "GLM_ALLOWED_ORIGINS: an origin is * or a scheme, a host and perhaps a port, as https://example.com is."
            )
    return origins


def _pairs(name: str, chosen: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in _entries(chosen.get(name, ""), re.compile(r"[,，;；\r\n]")):
        left, _, right = (part.strip(f" {_QUOTES}") for part in text.partition("="))
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


def _number(name: str, chosen: Mapping[str, str], default: float, unit: str) -> float:
    try:
        value = float(chosen.get(name, str(default)).lower().removesuffix(unit))
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
