"""Calls of the caller's tools in an answer's events: written as text, and native ones beside them."""

from collections.abc import Sequence
from typing import Final, Protocol

from lib.toolcalls.draft import Names
from lib.toolcalls.reader import CallReader, read_calls
from lib.toolcalls.repetition import REPEATED, repeats_itself
from lib.types.events import Draft, Event, Finish, FinishReason, Reasoning, Revision, Text, ToolCallStart

CHECKED_EVERY: Final = 1000
"""Letters after which it is looked whether the model writes the same again and again."""


class Natives(Protocol):
    """Reads native calls, each once and whole."""

    def feed(self, native: Draft) -> list[Draft]:
        """The caller's calls in one that came."""

    def finish(self) -> list[Draft]:
        """Those that never came whole, as they are written."""


class CallEvents:
    """Takes an answer's events, and gives them with the calls that are in them, as drafts."""

    def __init__(self, names: Names, *, parallel: bool, natives: Natives | None = None) -> None:
        """`natives` reads the calls that do not come as text, where the upstream has such."""
        self.complete = False
        """The answer is over for the caller, whatever the upstream still writes: it is to be stopped."""
        self._names = names
        self._parallel = parallel
        self._reader = CallReader(names, parallel=parallel)
        self._reasoning: list[str] = []
        self._said = ""
        self._unchecked = 0
        self._said_anything = False
        self._natives = natives

    @property
    def in_call(self) -> bool:
        """Is a call being written that has not been told."""
        return self._reader.holds

    def feed(self, events: Sequence[Event]) -> list[Event]:
        """What the caller is to see of what arrived together. Native calls among it end the answer, with the text
        before them; what follows them is not shown."""
        out: list[Event] = []
        for place, event in enumerate(events):
            if self.complete:
                break
            if isinstance(event, Draft):
                self._take_natives([one for one in events[place:] if isinstance(one, Draft)], out)
            else:
                self._take(event, out)
        return out

    def _take(self, event: Event, out: list[Event]) -> None:
        if isinstance(event, Text):
            self._note(self._reader.feed(event.text), out)
            if self._reader.stopped or self._repeats(event.text):
                self._end("stop", out)
        elif isinstance(event, Finish):
            self._end(event.reason, out, event)
        elif isinstance(event, Revision):
            out.append(self._revised(event))
        else:
            if isinstance(event, Reasoning):
                self._reasoning.append(event.text)
            self._said_anything = self._said_anything or isinstance(event, ToolCallStart)
            out.append(event)

    def _revised(self, revision: Revision) -> Revision:
        """The revision with the calls that are in its texts."""
        self._reader = CallReader(self._names, parallel=self._parallel)
        events: list[Event] = []
        for event in revision.events:
            if isinstance(event, Text):
                self._note(self._reader.feed(event.text), events)
            else:
                events.append(event)
        self._note(self._reader.finish(cut=False), events)
        return Revision(tuple(events))

    def _take_natives(self, natives: Sequence[Draft], out: list[Event]) -> None:
        if self._natives is not None and (found := [one for native in natives for one in self._natives.feed(native)]):
            self._note(self._reader.take_native(found), out)
            self._end("stop", out)

    def _end(self, reason: FinishReason, out: list[Event], end: Finish | None = None) -> None:
        self.complete = True
        self._note(self._reader.finish(cut=reason == "length"), out)
        called = self._reader.called
        if not called and reason == "stop" and self._natives is not None and (left := self._natives.finish()):
            called = True
            self._note(left, out)
        if not called and not self._said_anything and reason == "stop":
            # In the reasoning a call counts where nothing was said.
            drafts = read_calls("".join(self._reasoning), self._names, parallel=self._parallel)
            called = bool(drafts)
            out += drafts
        if self._reader.cut_in_call:
            reason = "length"
        finish = Finish("tool_calls" if called and reason == "stop" else reason)
        out.append(finish if end is None else end._replace(reason=finish.reason))

    def _note(self, events: Sequence[Text | Draft], out: list[Event]) -> None:
        self._said_anything = self._said_anything or any(
            isinstance(event, Draft) or event.text.strip() for event in events
        )
        out += events

    def _repeats(self, text: str) -> bool:
        """Does the model write the same again and again, without end."""
        self._said = (self._said + text)[-REPEATED:]
        self._unchecked += len(text)
        if self._unchecked < CHECKED_EVERY:
            return False
        self._unchecked = 0
        return repeats_itself(self._said)
