"""What an answer is made of on the wire: pieces, the style in which they are written, and events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

type Dialect = Literal["deltas", "snapshots"]
type Statuses = Literal["both", "part", "content", "none"]

# Stand for what is known only when the event is sent. The number is filled in by `str.format`.
HISTORY_ID = "@@history@@"
PICTURE_URL = "@@site@@/testpath/@@history@@_{}_0.jpg"

_COMPACT = (",", ":")
_META_DATA: dict[str, dict[str, Any]] = {
    "think": {
        "auto_glm_data": {},
        "show_type": "mc_tool_think2",
        "tool_result_extra": {"tool_call_name": ""},
    },
    "text": {"auto_glm_data": {}, "tool_result_extra": {"think_finished_time": 3}},
}


@dataclass(frozen=True)
class Style:
    """How the events of an answer are written; `Answer` says what each of these means."""

    dialect: Dialect = "deltas"
    carry: bool = True
    increase_push: bool | None = None
    bare: bool = False
    model: str | None = "moe_53f"
    statuses: Statuses = "both"
    finishes: bool = True

    def event_meta_data(self) -> dict[str, Any]:
        """Return the `meta_data` of every event."""
        meta_data: dict[str, Any] = {}
        if not self.bare:
            meta_data = {
                "input_question_type": "xxxx",
                "retry_log_id": "",
                "if_plus_model": True,
                "plus_model_available": True,
            }
        if self.increase_push is not None:
            meta_data["if_increase_push"] = self.increase_push
        return meta_data


@dataclass(frozen=True)
class Piece:
    """One part as the wire knows it: growing by `deltas`, or there at once with `content`.

    `steps` are the snapshots to send where they are not simply the deltas so far. `status` is that of the finished
    part, `error` its field of that name. `model` is the part's own where it is not the answer's. `joined` puts the
    part into the event of the piece before. `pause`: seconds before it. In place of a part, `raw` is bytes and
    `fields` the fields of an event.
    """

    deltas: tuple[str, ...] = ()
    snapshot: str = ""
    type: str = ""
    key: str = ""
    content: list[dict[str, Any]] = field(default_factory=list)
    meta_data: dict[str, Any] = field(default_factory=dict)
    role: str = "assistant"
    logic_id: str = field(default_factory=lambda: uuid4().hex)
    raw: bytes | None = None
    fields: dict[str, Any] | None = None
    steps: tuple[str, ...] = ()
    status: str = "finish"
    error: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    joined: bool = False
    pause: float = 0.0

    @property
    def is_part(self) -> bool:
        return self.raw is None and self.fields is None

    def growing(self, value: str, style: Style) -> dict[str, Any]:
        return self._part([{"type": self.type, self.key: value}], "init", style)

    def finished(self, style: Style, snapshot: str | None = None) -> dict[str, Any]:
        if not self.key:
            return self._part(self.content, self.status, style)
        text = self.snapshot if snapshot is None else snapshot
        return self._part([{"type": self.type, self.key: text}], self.status, style)

    def _part(self, content: Sequence[dict[str, Any]], status: str, style: Style) -> dict[str, Any]:
        meta_data = self.meta_data
        if not style.bare:
            meta_data = {**_META_DATA.get(self.type, {}), **meta_data}
            content = [{**item, "tool_calls": {}} if item["type"] in _META_DATA else item for item in content]
        part: dict[str, Any] = {
            "id": self.logic_id if style.bare else HISTORY_ID,
            "logic_id": self.logic_id,
            "role": self.role,
            "recipient": "all",
            "meta_data": meta_data,
            "content": content,
        }
        if self.model or style.model:
            part["model"] = self.model or style.model
        if style.statuses in ("both", "part"):
            part["status"] = status
        if style.statuses in ("both", "content"):
            part["content"] = [{**item, "status": status} for item in content]
        if self.error:
            part["error"] = self.error
        return part


@dataclass(frozen=True)
class Event:
    """An event's JSON behind the ids, and how much of the answer it brings: parts finished, deltas of the next.

    `raw` is sent instead. `pause`: seconds before it. `tail`: what follows the JSON, where it is not the blank line.
    """

    body: bytes
    finished: int = 0
    deltas: int = 0
    raw: bytes | None = None
    pause: float = 0.0
    tail: bytes | None = None

    @property
    def has_places(self) -> bool:
        return b"@@history@@" in self.body


def event(fields: dict[str, Any], *, finished: int = 0, deltas: int = 0, tail: bytes | None = None) -> Event:
    """Write an event with these fields behind its ids."""
    try:
        encoded = json.dumps(fields, ensure_ascii=False, separators=_COMPACT).encode()
    except UnicodeEncodeError:  # A lone surrogate can only travel as an escape.
        encoded = json.dumps(fields, separators=_COMPACT).encode()
    return Event(encoded[1:], finished, deltas, tail=tail)
