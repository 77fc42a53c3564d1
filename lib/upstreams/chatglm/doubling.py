"""Streams in which every event comes twice, as was seen in the field: each second one is left out."""


class DoublingFilter:
    """Finds out from the first two pairs whether a stream is doubled. Until then, what might be a double waits."""

    def __init__(self) -> None:
        self._doubled: bool | None = None
        self._before: bytes | None = None
        self._held: list[bytes] = []

    def take(self, data: bytes) -> list[bytes]:
        """The events that are to be read now, of those that have come so far."""
        if self._doubled is False:
            return [data]
        if self._doubled:
            again, self._before = data == self._before, None if data == self._before else data
            return [] if again else [data]
        return self._decide(data)

    def rest(self) -> list[bytes]:
        """What still waits when the stream ends."""
        held, self._held = self._held, []
        return held

    def _decide(self, data: bytes) -> list[bytes]:
        if self._before is None:
            self._before = data
            return [data]
        self._held.append(data)
        if (len(self._held) == 1 and data == self._before) or len(self._held) == 2:
            return []
        self._doubled = len(self._held) == 3 and data == self._held[1]
        held = self.rest()
        self._before = None
        return [held[1]] if self._doubled else held
