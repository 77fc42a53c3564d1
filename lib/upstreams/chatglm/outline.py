"""What an event says besides its text: in a stream of deltas, that is the same a hundred times over."""

from typing import Any


class Outline:
    """Compares each event with the one before, so that one that only brings more text is not read field by field."""

    def __init__(self) -> None:
        self._event: dict[str, Any] | None = None
        self._field = ""

    def text_of(self, event: dict[str, Any]) -> str | None:
        """The text of an event that says nothing else than the one that was kept; None where that is not so."""
        if self._event is None:
            return None
        try:
            content = event["parts"][0]["content"][0]
            text = content[self._field]
        except (LookupError, TypeError):
            return None
        if type(text) is not str:
            return None
        content[self._field] = ""
        if event == self._event:
            return text
        content[self._field] = text
        return None

    def keep(self, event: dict[str, Any], field: str) -> None:
        """From now on compare with `event`, but for the text in this `field` of the only content of its only part."""
        try:
            event["parts"][0]["content"][0][field] = ""
        except (LookupError, TypeError):  # Wrapped in other ways than usual.
            self._event = None
        else:
            self._event, self._field = event, field
