"""An answer's events as bytes (protocol: "Events").

Events are rendered once per answer; what differs from one generation to the next (the ids) stands first in each event
and is put in when it is sent.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from .ending import Ending, Error, Intervene

# Stands for what is known only when the event is sent. The number is filled in by `str.format`.
PICTURE_URL = "@@site@@/testpath/@@history@@_{}_0.jpg"

_COMPACT = (",", ":")


@dataclass(frozen=True)
class Piece:
    """One part as the wire knows it: growing by `deltas`, there at once with `content`, or `raw` bytes instead."""

    deltas: tuple[str, ...] = ()
    snapshot: str = ""
    type: str = ""
    key: str = ""
    content: list[dict[str, Any]] = field(default_factory=list)
    meta_data: dict[str, Any] = field(default_factory=dict)
    role: str = "assistant"
    logic_id: str = field(default_factory=lambda: uuid4().hex)
    raw: bytes | None = None

    def growing(self, value: str) -> dict[str, Any]:
        return self._part([{"type": self.type, self.key: value}], "init")

    def finished(self, snapshot: str | None = None) -> dict[str, Any]:
        if not self.key:
            return self._part(self.content, "finish")
        return self._part([{"type": self.type, self.key: self.snapshot if snapshot is None else snapshot}], "finish")

    def _part(self, content: Sequence[dict[str, Any]], status: str) -> dict[str, Any]:
        return {
            "id": self.logic_id,
            "logic_id": self.logic_id,
            "role": self.role,
            "model": "moe_53f",
            "recipient": "all",
            "status": status,
            "meta_data": self.meta_data,
            "content": [{**item, "status": status} for item in content],
        }


@dataclass(frozen=True)
class Event:
    """An event's JSON behind the ids, and how much of the answer it brings: parts finished, deltas of the next."""

    body: bytes
    finished: int = 0
    deltas: int = 0
    raw: bytes | None = None

    @property
    def has_urls(self) -> bool:
        return b"@@history@@" in self.body


@dataclass(frozen=True)
class Envelope:
    """What all events of one generation begin with."""

    history_id: str
    conversation_id: str
    assistant_id: str
    created_at: str
    site: str
    crlf: bool

    def events(self, events: Iterable[Event]) -> Iterator[bytes]:
        """Return the events as they go over the wire."""
        end = b"\r\n" if self.crlf else b"\n"
        ids = {
            "id": self.history_id,
            "conversation_id": self.conversation_id,
            "assistant_id": self.assistant_id,
            "created_at": self.created_at,
        }
        head = b"event:message" + end + b"data: " + json.dumps(ids, separators=_COMPACT)[:-1].encode() + b","
        tail = end + end
        for event in events:
            if event.raw is not None:
                yield event.raw
                continue
            body = event.body
            if event.has_urls:
                body = body.replace(b"@@history@@", self.history_id.encode()).replace(b"@@site@@", self.site.encode())
            yield b"%b%b%b" % (head, body, tail)


def deltas(pieces: Sequence[Piece]) -> list[Event]:
    """2026: an event per delta, then the finished part."""
    events: list[Event] = []
    for finished, piece in enumerate(pieces):
        for count, delta in enumerate(piece.deltas, 1):
            events.append(_event([piece.growing(delta)], finished=finished, deltas=count))
        events.append(_finishing(piece, [], finished + 1))
    return events


def snapshots(pieces: Sequence[Piece], *, carry: bool) -> list[Event]:
    """2024-2025: each event holds all of the part so far, and the earlier parts."""
    events = []
    earlier: list[dict[str, Any]] = []
    for finished, piece in enumerate(pieces):
        for count, text in enumerate(itertools.accumulate(piece.deltas), 1):
            events.append(_event([*earlier, piece.growing(text)], finished=finished, deltas=count))
        events.append(_finishing(piece, earlier, finished + 1))
        if carry and piece.raw is None:
            earlier.append(piece.finished())
    return events


def opening() -> Event:
    return _event([])


def last(pieces: Sequence[Piece], ending: Ending) -> Event:
    match ending:
        case Intervene(text):
            return _event([], status="intervene", errors={"last_error": {"intervene_text": text}})
        case Error(code, message, where):
            return _event([], status="error", errors={where: {"error_code": code, "err_msg": message}})
        case _:
            parts = [piece.finished() for piece in pieces if piece.raw is None]
            return _event(parts, status="finish", finished=len(pieces))


def stopped(pieces: Sequence[Piece], at: Event | None) -> Event:
    """The last event of a generation that was stopped after `at`: what there was until then, finished [guess]."""
    if at is None:
        return _event([], status="finish")
    parts = [piece.finished() for piece in pieces[: at.finished] if piece.raw is None]
    if at.deltas:
        piece = pieces[at.finished]
        parts.append(piece.finished("".join(piece.deltas[: at.deltas])))
    return _event(parts, status="finish")


def _finishing(piece: Piece, earlier: list[dict[str, Any]], finished: int) -> Event:
    if piece.raw is not None:
        return Event(b"", finished, raw=piece.raw)
    return _event([*earlier, piece.finished()], finished=finished)


def _event(
    parts: list[dict[str, Any]],
    *,
    status: str = "init",
    finished: int = 0,
    deltas: int = 0,
    errors: dict[str, Any] | None = None,
) -> Event:
    body = {"parts": parts, "status": status, "last_error": {}, "meta_data": {}, **(errors or {})}
    try:
        encoded = json.dumps(body, ensure_ascii=False, separators=_COMPACT).encode()
    except UnicodeEncodeError:  # A lone surrogate can only travel as an escape.
        encoded = json.dumps(body, separators=_COMPACT).encode()
    return Event(encoded[1:], finished, deltas)
