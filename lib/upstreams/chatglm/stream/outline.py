"""What an event says besides its text: in a stream of deltas, that is the same a hundred times over.

Python takes 1, 1.0 and true for equal: a service that changed from one to another in mid-answer would not be noticed.
"""

from typing import Any


class Outline:
    """Compares each event with the last that was read field by field, so that one that only brings more text is not.

    Nobody compares the text of the only content of the only part: it is emptied, also in the event that is given.
    """

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
        """From now on compare with `event`, whose text is in this `field`; with nothing where its form is unusual."""
        self._event = None
        try:
            content = event["parts"][0]["content"][0]
            kind = content["type"]
            content[field] = ""
        except (LookupError, TypeError):  # Wrapped in other ways than usual.
            return
        if type(kind) is str and kind:  # Else the text says what kind it is.
            self._event, self._field = event, field
