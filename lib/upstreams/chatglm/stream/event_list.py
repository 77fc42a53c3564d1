"""Events in order, neighbouring texts as one: what arrives together is often a hundred words, each in an event."""

from lib.types.events import Event, Text


class EventList:
    """Takes events one by one."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._words: list[str] = []

    def add(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, Text):
            self._words.append(event.text)
        else:
            self._join()
            self._events.append(event)

    def all(self) -> list[Event]:
        """All of them."""
        self._join()
        return self._events

    def _join(self) -> None:
        if self._words:
            self._events.append(Text("".join(self._words)))
            self._words.clear()
