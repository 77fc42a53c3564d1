"""Who is asking: the keys that a request may use.

There are three kinds of deployment, and no fourth (`Settings.check` sees to it):

- Neither `GLM_TOKENS` nor `GLM_ACCESS_KEYS` is set: callers bring keys of upstreams, as the API key.
- Both are set: callers present one of the access keys, and the deployment's keys are used.
- Only one is set: nothing is served. The deployment would be open to the world, or of no use.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from lib import settings
from lib.errors import BadRequest, Error, NoAccountAvailable, NotFound, Unauthorized
from lib.invocation import context
from lib.types.upstream import Upstream

MAX_KEYS: Final = 100
"""Keys of one request: a header of 100 tokens is some 60 KB, which is more than most platforms let through."""
MAX_LABEL: Final = 32
"""Letters of a label: it stands in logs and messages."""

NOT_A_KEY: Final = "not_a_key"
"""Names the reason why a text is no key, where it is told beside others."""
_FINGERPRINT: Final = b"glm-functions account fingerprint 1\n"
_COOKIES: Final = ("chatglm_refresh_token", "chatglm_token")
"""Names that people copy along with the value: never labels."""
_COOKIE: Final = re.compile(r"([\w-]+)=([^;,\s]+)")
_LABELLED: Final = re.compile(rf"([\w.-]{{1,{MAX_LABEL}}})\s*=\s*(.+)", re.DOTALL)


type Choose = Callable[[str], Upstream | None]
"""Finds the upstream that a key is for, by its look; None where it is nobody's."""


class Key(NamedTuple):
    text: str
    label: str = ""
    """The deployer's name for it, for logs and messages."""
    place: int = 0
    """Where it stands among those that a caller brought, from 1; 0: it is the deployment's."""

    @property
    def fingerprint(self) -> str:
        """What stands for it in the log: its digits, with the label before them."""
        return f"{self.label} ({self.digits})" if self.label else self.digits

    @property
    def name(self) -> str:
        """What its owner knows it by: a caller by its place and last letters, who reads the log by its digits."""
        return f"#{self.place} …{self.text[-4:]}" if self.place else self.digits

    @property
    def digits(self) -> str:
        """Eight hex digits from which it cannot be found."""
        return sha256(_FINGERPRINT + self.text.encode(errors="replace")).hexdigest()[:8]


class Candidate(NamedTuple):
    """A key, and the upstream that it is for."""

    key: Key
    upstream: Upstream
    access_key: str = ""
    """What the caller presented in its place, where the key is the deployment's."""

    @property
    def account(self) -> str:
        """What turns and cooldowns go by."""
        return f"{self.upstream.name}:{self.upstream.account(self.key.text)}"

    @property
    def owner(self) -> str:
        """Whose ids are signed for this account: all tokens of it have the same, each access key has another."""
        return f"{self.account}\n{self.access_key}"

    def note(self, outcome: str) -> None:
        """Write down, for the log, that the account was asked, and what came of it."""
        request = context.current()
        request.upstream = self.upstream.name
        request.tried.append({"account": self.key.fingerprint, "outcome": outcome})


def from_request(credentials: Iterable[str], choose: Choose) -> list[Candidate]:
    """The keys that a request with these `credentials` may use, with their upstreams; the first that is good counts.

    Raises `Unauthorized` where it brings none, not the right one, or none that is any upstream's; `NoAccountAvailable`
    where that is the fault of the deployment's own.
    """
    failures: list[Error] = []
    for presented in credentials:
        try:
            brought = of_presented(presented)
        except Unauthorized as error:
            failures.append(error)
            continue
        access = settings.current().access_key(presented)
        access_key = access.key if access else ""
        context.current().access_label = access.label or None if access else None
        chosen = ((key, choose(key.text)) for key in brought)
        if found := [Candidate(key, upstream, access_key) for key, upstream in chosen if upstream is not None]:
            return found
        if settings.current().access_keys:
            raise NoAccountAvailable(settings.complaint() or "GLM_TOKENS holds no ChatGLM token and no API key.")
        failures.append(Unauthorized(explained(brought[0].text)))
    raise failures[0] if failures else _no_key()


def upstreams(credentials: Iterable[str], choose: Choose, every: Sequence[Upstream]) -> Sequence[Upstream]:
    """Those of the keys that a request may use, or all: what they can do is no secret, and a wrong key no fault."""
    try:
        return list(dict.fromkeys(one.upstream for one in from_request(credentials, choose)))
    except (Unauthorized, NoAccountAvailable):
        return every


def having(candidates: Sequence[Candidate], asked: str, meaning: str | None = None) -> list[Candidate]:
    """Those whose service knows the model by that name or its `meaning`; all, where none does.

    So a model that only one of the keys has is asked of that one. Raises `NotFound` where nobody has it and the
    deployment is strict. The name is noted for the log only where it is known: it may be anything, and so a secret.
    """
    known = [one for one in candidates if one.upstream.knows(meaning or asked)]
    context.current().model = asked[:100] if known else "unknown"
    if not known and settings.current().strict_models:
        raise NotFound("There is no model of that name: see /v1/models.", param="model", code="model_not_found")
    return known or list(candidates)


def explained(text: str) -> str:
    """What is wrong with a key that is no service's."""
    if text.startswith("eyJ"):
        about = "The API key begins like a ChatGLM token and is cut off: copy the whole value."
    elif text.startswith("sk-"):
        about = "The API key begins with sk-: it is another service's, and of no use here."
    else:
        about = "The API key is not a ChatGLM token, nor a key of the open platform."
    return f"{about} Log in at chatglm.cn and use the value of the cookie chatglm_refresh_token as the API key."


def _no_key() -> Unauthorized:
    return Unauthorized("No API key. Send a ChatGLM token, or the deployment's access key, as Authorization: Bearer.")


def of_presented(presented: str) -> tuple[Key, ...]:
    """The keys that whoever presents this may use. Raises `Unauthorized` where it is not the right one."""
    chosen = settings.current()
    if chosen.access_keys:
        if not is_access_key(presented):
            raise Unauthorized("The API key is not one of this deployment's access keys.")
        return parse(chosen.tokens)
    texts = [_of_cookies(presented)] if ";" in presented else presented.split(",")
    brought = tuple(key._replace(place=place) for place, key in enumerate(parse(texts), 1))
    if len(brought) > MAX_KEYS:
        raise BadRequest(f"A request may bring at most {MAX_KEYS} keys.")
    if not brought:
        raise Unauthorized("The API key is empty.")
    return brought


def of_owner(credentials: Iterable[str]) -> tuple[Key, ...]:
    """The deployment's own keys. Raises `Unauthorized` for whoever does not present an access key."""
    if not settings.current().check().access_keys:
        raise Unauthorized("This is for the owner of a deployment that holds accounts: this one has no access keys.")
    presented = list(credentials)
    if not presented:
        raise _no_key()
    return of_presented(next(filter(is_access_key, presented), presented[0]))


def is_access_key(presented: str) -> bool:
    """Is it one of the deployment's access keys. Takes as long for any wrong one."""
    return settings.current().access_key(presented) is not None


def parse(texts: Iterable[str]) -> tuple[Key, ...]:
    """Keys as people write them: with quotes, the cookie's name or a label before them, or twice."""
    keys: dict[str, Key] = {}
    for text in texts:
        key = _key(text)
        if key.text:
            keys.setdefault(key.text, key)
    return tuple(keys.values())


def _of_cookies(header: str) -> str:
    """The token in a whole header of cookies, as people paste it; the text itself where there is none."""
    cookies = dict(_COOKIE.findall(header))
    return next((cookies[name] for name in _COOKIES if name in cookies), header)


def _key(text: str) -> Key:
    text = text.strip().strip("\"'").strip()
    labelled = _LABELLED.fullmatch(text)
    if labelled is None:
        return Key(text)
    label, value = labelled[1], labelled[2].strip().strip("\"'").strip(";")
    return Key(value, "" if label in _COOKIES else label)
