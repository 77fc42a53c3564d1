"""Real requests of clients: long texts and base64 were taken out (`<306 chars>`), and are filled up again here."""

import base64
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.bundle import Bundle
from tests.upstream import Account, media

_FOLDER = Path(__file__).parent
_TAKEN_OUT = re.compile(r"<(\d+) chars(: .*)?>")
_WORDS = "The quick brown fox jumps over the lazy dog. "
_PICTURE = base64.b64encode(media.picture(1, 30, 30, "PNG")).decode()


class Capture(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def names(beginning: str) -> list[str]:
    """The names of the captures that begin so."""
    return sorted(path.stem for path in _FOLDER.glob(f"{beginning}*.json"))


def load(name: str, token: str) -> Capture:
    """A capture with texts in it again, and with this token."""
    found = json.loads((_FOLDER / f"{name}.json").read_text())
    headers = {header: value.replace("<token>", token) for header, value in found["headers"].items()}
    return Capture(found["method"], found["path"], headers, _filled(found["body"]))


def send(bundle: Bundle, account: Account, name: str, path: str = "", **fields: Any) -> httpx.Response:
    """Send a capture, with this account's token and other `fields` of its body, to its own path or another one."""
    request = load(name, account.refresh_token)
    body = {**request.body, **fields}
    return httpx.post(f"{bundle.url}{path or request.path}", headers=request.headers, json=body, timeout=30)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    if isinstance(value, str) and (taken_out := _TAKEN_OUT.fullmatch(value)):
        length = int(taken_out[1])
        return _PICTURE if taken_out[2] else (_WORDS * (length // len(_WORDS) + 1))[:length]
    return value
