"""Streams in which every event comes twice, as was seen in the field: each second one is left out."""

import re
from typing import Final

from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.stream.event_json import parse_event

_ENDS_SOMETHING: Final = re.compile(rb'"status"\s*:\s*"(?!init")')
"""What ends a part or the answer does not wait: perhaps nothing follows. It does no harm twice."""

LEAST: Final = 4
"""Letters of a text from which nobody says it twice by chance, and another one twice after it."""


class DoublingFilter:
    """Finds out from the first two pairs whether a stream is doubled. Until then, what might be a double waits."""

    def __init__(self) -> None:
        self._doubled: bool | None = None
        self._before: bytes | None = None
        self._held: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The events that are to be read now, of those that have come so far."""
        if self._doubled is False:
            return [data]
        if self._doubled:
            again, self._before = data == self._before, None if data == self._before else data
            return [] if again else [data]
        return self._decide(data)

    def finish(self) -> list[bytes]:
        """What still waits when the stream ends."""
        held, self._held = self._held, []
        return held

    def _decide(self, data: bytes) -> list[bytes]:
        if self._before is None:
            self._before = data
            return [data]
        self._held.append(data)
        if _ENDS_SOMETHING.search(data):
            self._doubled = False
            return self.finish()
        if (len(self._held) == 1 and data == self._before) or len(self._held) == 2:
            return []
        first, second = self._held[0], self._held[1] if len(self._held) == 3 else b""
        self._doubled = data == second != first and _says_enough(first) and _says_enough(second)
        held = self.finish()
        self._before = None
        return [held[1]] if self._doubled else held


def _says_enough(data: bytes) -> bool:
    """Is an event the empty one that an answer begins with, or does it hold a text that is not said twice by chance?"""
    event = parse_event(data) or {}
    contents = [item for part in lenient.mappings(event.get("parts")) for item in lenient.mappings(part.get("content"))]
    return not contents or any(
        len(lenient.words(value)) >= LEAST
        for item in contents
        for name, value in item.items()
        if name not in ("type", "status")
    )
