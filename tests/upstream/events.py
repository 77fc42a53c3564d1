"""An answer's events as bytes (protocol: "Frames").

Events are rendered once per answer; what differs from one generation to the next (the ids) stands first in each event
and is put in when it is sent.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .ending import Ending, Error, Finish, Intervene
from .piece import Event, Piece, Style, event


@dataclass(frozen=True)
class Envelope:
    """What all events of one generation begin with. `blanks` stand after `data:`."""

    history_id: str
    conversation_id: str
    assistant_id: str
    created_at: str
    site: str
    crlf: bool
    blanks: int = 1

    def events(self, events: Iterable[Event]) -> Iterator[bytes]:
        """Return the events as they go over the wire."""
        end = b"\r\n" if self.crlf else b"\n"
        ids = {
            "id": self.history_id,
            "conversation_id": self.conversation_id,
            "assistant_id": self.assistant_id,
            "created_at": self.created_at,
        }
        start = json.dumps(ids, separators=(",", ":"))[:-1].encode() + b","
        head = b"event:message" + end + b"data:" + b" " * self.blanks + start
        blank_line = end + end
        for one in events:
            if one.raw is not None:
                yield one.raw
                continue
            body = one.body
            if one.has_places:
                body = body.replace(b"@@history@@", self.history_id.encode()).replace(b"@@site@@", self.site.encode())
            yield b"%b%b%b" % (head, body, blank_line if one.tail is None else one.tail)


def render(pieces: Sequence[Piece], style: Style) -> list[Event]:
    """Return all events but the last.

    "deltas": an event per delta, then the finished part. "snapshots": each event holds all of the part so far, and,
    where they are carried, the earlier parts.
    """
    events: list[Event] = []
    earlier: list[dict[str, Any]] = []
    carries = style.dialect == "snapshots" and style.carry
    for finished, piece in enumerate(pieces):
        begin = len(events)
        if piece.raw is not None:
            events.append(Event(b"", finished + 1, raw=piece.raw))
        elif piece.fields is not None:
            events.append(_event([], style, finished=finished + 1, changes=piece.fields))
        else:
            for count, text in enumerate(_texts(piece, style), 1):
                events.append(_event([*earlier, piece.growing(text, style)], style, finished=finished, deltas=count))
            events += _finishing(pieces, finished, earlier, style)
            if carries:
                earlier.append(piece.finished(style))
        if piece.pause and len(events) > begin:
            events[begin] = replace(events[begin], pause=piece.pause)
    return events


def opening(style: Style) -> Event:
    return _event([], style)


def last(pieces: Sequence[Piece], ending: Ending, style: Style) -> Event:
    """Return the event that says how the answer ended."""
    match ending:
        case Intervene():
            parts = [_intervened(pieces[-1], ending, style)] if ending.at == "part" and pieces else []
            return _event(parts, style, status=ending.status, changes=ending.fields())
        case Error(code, message, where):
            return _event([], style, status="error", changes={where: {"error_code": code, "err_msg": message}})
        case Finish():
            parts = [piece.finished(style) for piece in pieces if piece.is_part] if ending.repeats else []
            return _event(parts, style, status=ending.status, finished=len(pieces), tail=ending.tail)
        case _:
            raise ValueError(f"{ending} has no last event")


def stopped(pieces: Sequence[Piece], at: Event | None, style: Style) -> Event:
    """Return the last event of a generation that was stopped after `at`: what there was until then [guess]."""
    if at is None:
        return _event([], style, status="finish")
    parts = [piece.finished(style) for piece in pieces[: at.finished] if piece.is_part]
    if at.deltas:
        piece = pieces[at.finished]
        parts.append(piece.finished(style, "".join(piece.deltas[: at.deltas])))
    return _event(parts, style, status="finish")


def _texts(piece: Piece, style: Style) -> Iterable[str]:
    if piece.steps:
        return piece.steps
    return piece.deltas if style.dialect == "deltas" else itertools.accumulate(piece.deltas)


def _finishing(pieces: Sequence[Piece], at: int, earlier: list[dict[str, Any]], style: Style) -> list[Event]:
    """Return the event with the finished part and those joined to it: none where it is joined itself."""
    piece = pieces[at]
    if piece.joined or (piece.key and not style.finishes):
        return []
    joined = list(itertools.takewhile(lambda one: one.joined, pieces[at + 1 :]))
    parts = [one.finished(style) for one in (piece, *joined)]
    return [_event([*earlier, *parts], style, finished=at + 1 + len(joined))]


def _intervened(piece: Piece, ending: Intervene, style: Style) -> dict[str, Any]:
    return replace(piece, status="intervene", error=ending.error()).finished(style, "".join(piece.deltas))


def _event(
    parts: list[dict[str, Any]],
    style: Style,
    *,
    status: str | None = "init",
    finished: int = 0,
    deltas: int = 0,
    tail: bytes | None = None,
    changes: dict[str, Any] | None = None,
) -> Event:
    fields: dict[str, Any] = {"parts": parts, "status": status, "last_error": {}, "meta_data": style.event_meta_data()}
    if status is None:
        del fields["status"]
    if not style.bare:
        fields["tool_calls"] = []
    return event({**fields, **(changes or {})}, finished=finished, deltas=deltas, tail=tail)
