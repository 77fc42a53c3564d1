"""Exchanges with a service as anybody may see them: their shape is kept, their content is gone.

Every letter and digit of a text becomes another of its kind; length, script, white space, line ends, Markdown and
punctuation stay, and so do the words of the format itself. Equal texts stay equal, and a piece of a text stays a piece
of it: whoever replays a report sees ids that fit and deltas that make up their whole.
"""

import base64
import json
import random
import re
import time
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

MAX_REPORTS: Final = 20
MAX_BYTES: Final = 1_000_000
"""Of one report, and so of what is kept of one exchange."""

_FORMAT: Final = frozenset(
    """type status role recipient model show_type effort am_effort chat_mode object code agent vip guest finish_reason
    selected_model reasoning_effort chat_type input_question_type aspect_ratio""".split()  # noqa: SIM905
)
"""Fields whose short values are words of the format."""
_TOOLS: Final = frozenset(("search", "retrieve", "open", "open_url", "execute_sandbox_code", "finish", "find_room"))
"""The service's own tools, and the one that `scripts/verify` declares."""
_CODES: Final = frozenset(("status", "code", "error_code"))
_SERVICE_WORDS: Final = frozenset(("message", "msg", "err_msg"))
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-\[\]]{0,31}|\d{1,5}|\d{1,2}:\d{1,2}")
_NAME: Final = re.compile(r"[A-Za-z_]{1,40}\d{0,2}")
_ID: Final = re.compile(r"(?=[^\d]*\d)[0-9A-Za-z_\-]{16,}")
_HEX: Final = re.compile(r"[0-9a-f]{16,}")
_JWT: Final = re.compile(r"eyJ[\w\-]+\.[\w\-]+\.[\w\-]*")
_MARKS: Final = re.compile(
    r"</?(?:tool_call|arg_key|arg_value|tool_response|think|html|head|title|body|h1|div|p)>"
    r"|</?(?:\|DSML\|)?(?:invoke|parameter|function_calls)\b|\bname=|<!\[CDATA\[|<!DOCTYPE html>|data:(?=\s)|event:"
    r"|\bturn\d{1,3}[a-z]{1,10}\d{1,3}\b|(?<=_)\d_\d\.(?:jpg|jpeg|png|webp)\b|https?://|\[DONE\]"
)
"""What a text is made of beside words: kept. Nobody's own words look like these."""


class _Redacted(str):
    """A text that was replaced already."""


class Redactor:
    """Replaces what is said, the same thing by the same thing. `words`: phrases of the service that say why it refuses,
    kept where it does."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._phrases = re.compile("|".join(map(re.escape, words)) or r"(?!)")
        self._random = random.SystemRandom()
        self._known: dict[tuple[str, bool], str] = {}

    def value(self, value: Any, field: str = "") -> Any:
        """A value of JSON, which stands under this field."""
        if isinstance(value, dict):
            return {self._key(key): self.value(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, field) for one in value]
        if isinstance(value, _Redacted) or (field == "name" and value in list(_TOOLS)):
            return value
        if isinstance(value, str):
            if field in _FORMAT and _WORD.fullmatch(value) and not _ID.fullmatch(value):
                return value
            return self.text(value, said=field in _SERVICE_WORDS)
        if isinstance(value, bool) or value is None or (isinstance(value, int) and abs(value) < 1000):
            return value
        if isinstance(value, int):
            return value if field in _CODES and abs(value) < 100_000 else self._number(value)
        return float(self.text(f"{abs(value):.3f}")) if abs(value) < 1e15 else 0.5

    def text(self, text: str, *, said: bool = False) -> str:
        """A text of the same length. `said`: by the service, of a refusal."""
        known = self._known.get((text, said))
        if known is None:
            known = self._known[text, said] = (
                self._jwt(text) if _JWT.fullmatch(text) else self._redacted(text, said=said)
            )
        return known

    def body(self, body: bytes) -> str:
        """The body of an answer, JSON or not."""
        text = body[:MAX_BYTES].decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text, said=True)
        return json.dumps(self.value(value), ensure_ascii=False)

    def stream(self, body: bytes) -> str:
        """The body of an event stream: what parts say in pieces is a piece of what they say as a whole."""
        text = body[:MAX_BYTES].decode("utf-8", "replace")
        lines = text.splitlines(keepends=True)
        events = [_event(line) for line in lines]
        self._learn([event for event in events if event is not None])
        return "".join(self._line(line, event) for line, event in zip(lines, events, strict=True))

    def _line(self, line: str, event: Any) -> str:
        if event is None:
            name, colon, rest = line.partition(":")
            if colon and name in ("event", "retry", "id") and _WORD.fullmatch(rest.strip()):
                return line
            return self.text(line)
        content = line.rstrip("\r\n")
        blanks = re.match(r"data:\s*", content)
        head = blanks[0] if blanks else "data:"
        return head + json.dumps(self.value(event), ensure_ascii=False) + line[len(content) :]

    def _learn(self, events: list[Any]) -> None:
        """Replace the whole of each text, and in the events its pieces by pieces of that."""
        texts: dict[tuple[str, str, int], list[tuple[dict[str, Any], str, bool]]] = {}
        for event in map(_object, events):
            parts = event.get("parts")
            for part in map(_object, parts if isinstance(parts, list) else ()):
                contents = part.get("content")
                for number, content in enumerate(map(_object, contents if isinstance(contents, list) else ())):
                    for name, value in content.items():
                        if isinstance(value, str) and name not in _FORMAT and self._key(name) == name:
                            place = (
                                str(part.get("logic_id") or part.get("id")),
                                f"{content.get('type')} {name}",
                                number,
                            )
                            texts.setdefault(place, []).append((content, name, part.get("status") != "init"))
        for found in texts.values():
            growing = [content[name] for content, name, finished in found if not finished]
            snapshots = len(set(growing)) > 1 and all(two.startswith(one) for one, two in pairwise(growing))
            whole = max(growing, key=len) if snapshots else "".join(growing)
            ends = [content[name] for content, name, finished in found if finished]
            whole = next((end for end in ends if end.startswith(whole)), whole)
            redacted, at = self.text(whole), 0
            for content, name, finished in found:
                piece = content[name]
                begin = 0 if finished or snapshots else at
                if whole.startswith(piece, begin):
                    at = begin + len(piece)
                    content[name] = _Redacted(redacted[begin:at])

    def _redacted(self, text: str, *, said: bool) -> str:
        kept: set[int] = set()
        letters = "abcdef" if _HEX.fullmatch(text) else "abcdefghijklmnopqrstuvwxyz"
        for match in (*_MARKS.finditer(text), *(self._phrases.finditer(text) if said else ())):
            kept.update(range(match.start(), match.end()))
        return "".join(sign if at in kept else self._sign(sign, letters) for at, sign in enumerate(text))

    def _sign(self, sign: str, letters: str = "abcdefghijklmnopqrstuvwxyz") -> str:
        if sign.isascii():
            for kind in ("0123456789", letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
                if sign in kind:
                    return self._other(kind, sign)
            return sign
        if "\u4e00" <= sign <= "\u9fff":
            return self._other("的一是在不了有和人这中大为上个国我以要他", sign)
        if not sign.isalnum():
            return sign
        place = ord(sign)
        near = [chr(one) for one in range(max(place - 12, 128), place + 13)]
        kind = unicodedata.category(sign)
        return self._other([one for one in near if unicodedata.category(one) == kind] or "字", sign)

    def _other(self, kind: Iterable[str], sign: str) -> str:
        return self._random.choice([one for one in kind if one != sign] or ["x"])

    def _number(self, value: int) -> int:
        digits = str(abs(value))[:300]
        return int(self._other("123456789", digits[0]) + "".join(map(self._sign, digits[1:])))

    def _key(self, key: str) -> str:
        return key if _NAME.fullmatch(key) and not _ID.fullmatch(key) else self.text(key)

    def _jwt(self, text: str) -> str:
        """A token that says of itself what this one says, and is good for nothing."""
        try:
            middle = text.split(".")[1]
            payload = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
            begin = int(payload.get("iat") or 0)
            shown = {
                self._key(name): one - begin
                if name in ("iat", "nbf", "exp") and isinstance(one, int)
                else self.value(one, name)
                for name, one in payload.items()
            }
        except (ValueError, AttributeError, TypeError):
            return "eyJ" + self._redacted(text[3:], said=False)
        written = base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")
        return f"eyJhbGciOiJub25lIn0.{written}.redacted"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _event(line: str) -> Any:
    if not line.startswith("data:"):
        return None
    try:
        return json.loads(line[5:])
    except (ValueError, RecursionError):
        return None


def headers(found: Mapping[str, str], redactor: Redactor, cookies: Iterable[str] = ()) -> dict[str, Any]:
    """The headers of an answer: those that say what it is, and the names of the rest. `cookies`: those that it sets."""
    plain = ("content-type", "content-encoding", "retry-after", "transfer-encoding")
    shown: dict[str, Any] = {name: value for name, value in found.items() if name in plain}
    for name, value in found.items():
        if name == "location":
            shown[name] = redactor.text(value)
    if names := [one.partition("=")[0] for one in cookies]:
        shown["set-cookie"] = names
    return shown


def keep(folder: str, exchange: Mapping[str, Any]) -> None:
    """Write an exchange, redacted already, into `folder`: the first twenty."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = json.dumps({"exchanges": [exchange]}, ensure_ascii=False, indent=1).encode()
    if len(written) <= 2 * MAX_BYTES and len(list(place.glob("report-*.json"))) < MAX_REPORTS:
        (place / f"report-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() % 10**6:06}.json").write_bytes(written)
