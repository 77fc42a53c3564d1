"""The parts of an answer: what a test says that the service says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from .piece import Piece


class Part:
    """Something in an answer."""

    def pieces(self) -> list[Piece]:
        """Return the wire's parts that this is made of."""
        raise NotImplementedError


class Deltas(Part):
    """A part that arrives in deltas.

    `snapshot` is what the service says the part was when it is finished: the deltas joined, unless a test wants the
    service to say more than it has sent. `role`: who speaks; text of "tool" is not the answer. `status`: the finished
    part's. `model`: the one that wrote the part, where it is not the answer's.
    """

    type: ClassVar[str]
    key: ClassVar[str]
    speaker: ClassVar[str] = "assistant"

    def __init__(
        self,
        *deltas: str,
        snapshot: str | None = None,
        role: str | None = None,
        status: str = "finish",
        model: str = "",
    ) -> None:
        self.deltas = deltas
        self.snapshot = "".join(deltas) if snapshot is None else snapshot
        self.role = role or self.speaker
        self.status = status
        self.model = model

    def pieces(self) -> list[Piece]:
        return [
            Piece(
                deltas=self.deltas,
                snapshot=self.snapshot,
                type=self.type,
                key=self.key,
                role=self.role,
                status=self.status,
                model=self.model,
            )
        ]


class Text(Deltas):
    """The answer's words."""

    type = key = "text"


class Think(Deltas):
    """Reasoning. `before_tool` names the tool of the service that it leads to: no call."""

    type = key = "think"

    def __init__(self, *deltas: str, before_tool: str = "", **options: Any) -> None:
        super().__init__(*deltas, **options)
        self.before_tool = before_tool

    def pieces(self) -> list[Piece]:
        if not self.before_tool:
            return super().pieces()
        extra = {"tool_result_extra": {"tool_call_name": self.before_tool}}
        return [replace(piece, meta_data=extra) for piece in super().pieces()]


class Code(Deltas):
    """Python that the service's interpreter runs."""

    type = key = "code"


class Output(Deltas):
    """What the interpreter printed."""

    type, key, speaker = "execution_output", "content", "tool"


class Rewriting(Part):
    """A text whose snapshots are these, in any dialect: each may say something else than the one before."""

    def __init__(self, *snapshots: str) -> None:
        self.snapshots = snapshots

    def pieces(self) -> list[Piece]:
        return [
            Piece(deltas=self.snapshots, steps=self.snapshots, snapshot=self.snapshots[-1], type="text", key="text")
        ]


class Unknown(Part):
    """Content of any type with any fields: `Unknown("browser_result")`, `Unknown("hologram", depth=3)`."""

    def __init__(self, type: str, **fields: Any) -> None:  # noqa: A002  The wire's word.
        self.content = {"type": type, **fields}

    def pieces(self) -> list[Piece]:
        return [Piece(content=[self.content])]


class FailedTool(Part):
    """A tool of the service that failed: role "tool", status "error". The stream goes on."""

    def __init__(self, type: str = "system_error", **fields: Any) -> None:  # noqa: A002  The wire's word.
        self.content = {"type": type, **fields}

    def pieces(self) -> list[Piece]:
        return [Piece(content=[self.content], role="tool", status="error")]


class Raw(Part):
    """Bytes in the place of an event: a comment, half an event, anything."""

    def __init__(self, data: bytes | str) -> None:
        self.data = data.encode() if isinstance(data, str) else data

    def pieces(self) -> list[Piece]:
        return [Piece(raw=self.data)]


class Odd(Part):
    """An event without parts of its own, and with these fields in place of what it would say."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def pieces(self) -> list[Piece]:
        return [Piece(fields=self.fields)]


class After(Part):
    """This part, so many seconds later."""

    def __init__(self, seconds: float, part: Part) -> None:
        self.seconds = seconds
        self.part = part

    def pieces(self) -> list[Piece]:
        first, *more = self.part.pieces()
        return [replace(first, pause=first.pause + self.seconds), *more]


class Together(Part):
    """These parts, finished in one event. They arrive at once: none of them has deltas."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def pieces(self) -> list[Piece]:
        pieces = [piece for part in self.parts for piece in part.pieces()]
        if any(piece.deltas or not piece.is_part for piece in pieces):
            raise ValueError("only parts that arrive at once can arrive together")
        return [replace(piece, joined=number > 0) for number, piece in enumerate(pieces)]


def cut(text: str, size: int) -> Sequence[str]:
    """Cut a text into deltas of `size` characters."""
    return [text[begin : begin + size] for begin in range(0, len(text), size)]
