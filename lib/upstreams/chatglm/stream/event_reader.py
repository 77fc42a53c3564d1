"""The reader of the service's events: bytes of one answer in, events of the one vocabulary out, no I/O.

Generous (protocol, "Frames"): what cannot be read is skipped and logged once, be it an event, a part, a content or a
source. Only an answer without an end or without any content fails, and that is for `answer.py` to say.
"""

from typing import Any, Final

from lib.errors import Error, UpstreamFailed
from lib.types.events import (
    Code,
    Draft,
    DrawingPrompt,
    Event,
    Finish,
    Output,
    Reasoning,
    Revision,
    Search,
    Text,
    merged,
)
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.stream.citations import CitationReader
from lib.upstreams.chatglm.stream.doubling import DoublingFilter
from lib.upstreams.chatglm.stream.event_json import (
    CALLERS_CALL,
    FAILED,
    FINISHED,
    STOPPED_BY_FILTER,
    NativeCall,
    failure_of,
    is_whole,
    kind_of,
    native_call,
    parse_event,
    search_query,
    words_of,
)
from lib.upstreams.chatglm.stream.joiner import PartJoiner
from lib.upstreams.chatglm.stream.outline import Outline
from lib.upstreams.chatglm.stream.part_text import DeltaMode, PartText
from lib.upstreams.chatglm.stream.sources import Images, Sources
from lib.upstreams.shared.sse_decoder import SseDecoder

_TEXT_FIELDS: Final = {"text": "text", "think": "think", "code": "code", "execution_output": "content"}
"""Content types that hold a text, and the field that it is in."""
_SILENT: Final = {"tool_result", "quote_result", "browser_result", "one_to_more_finish"}
"""Content types that are known and hold no text. Sources are read apart from the texts."""
_OTHER_ROLES: Final = {"tool", "user", "system", "function", "observation"}
"""Roles whose words are not the answer (`tool`: [sure]). One that nobody knows is the assistant's."""

type Place = tuple[str, str, int]
"""A text's part, content type, and number among the part's contents of that type."""


class EventReader:
    """Decodes one answer. Feed it what arrives; it gives the events that are complete."""

    def __init__(self, *, draws: bool = False) -> None:
        """`draws`: the answer is a set of pictures, so any `code` is the prompt that they were drawn from."""
        self.message_id = ""
        """Names this answer to the service, to stop it or to take it up again."""
        self.conversation_id = ""
        self.model = ""
        """The model that answers, in the service's words."""
        self.ended = False
        """Has the service ended the answer, in whichever way. Nothing after that is read."""
        self.failure: Error | None = None
        """Why the answer failed, where it did. The events before the failure have been given."""
        self.complaint = ""
        """What the service said of a failure that did not end the answer."""
        self._seen_calls: list[NativeCall] = []
        self._draws = draws
        self._decoder = SseDecoder()
        self._dialect = DeltaMode()
        self._texts: dict[Place, PartText] = {}
        self._shown: list[Place | list[Event]] = []
        """Texts, and what stands between them, in order of arrival."""
        self._marks: dict[str, CitationReader] = {}
        self._part_id = ""
        """The `logic_id` of the event before, which goes on where one comes without."""
        self._outline = Outline()
        self._growing: Place | None = None
        """The unfinished text that is the only content of the last event that was read field by field."""
        self._seam = PartJoiner()
        self._sources = Sources()
        self._images = Images()
        self._filter_words: str | None = None
        self._unfinished: set[str] = set()
        self._done_mark = False
        self._resumed: dict[str, Place] = {}
        self._aliases: dict[Place, Place] = {}
        self._doubling = DoublingFilter()

    def feed(self, piece: bytes) -> list[Event]:
        """The events that `piece` completes, neighbouring texts as one. Look at `failure` afterwards."""
        events: list[Event] = []
        try:
            for data in self._decoder.feed(piece):
                for one in self._doubling.feed(data):
                    if not self.ended:
                        self._read(one, events)
        except UpstreamFailed as error:
            self.ended, self.failure = True, error
        return list(merged(events))

    def close(self) -> list[Event]:
        """The connection is closed: what may be read of an end that was not told in full."""
        events: list[Event] = []
        if self.ended:
            return []
        for data in (*self._doubling.finish(), *self._decoder.finish()):
            if not self.ended:
                self._read(data, events)
        parts_are_complete = bool(self._texts) and not self._unfinished
        if not self.ended and (parts_are_complete or (self._done_mark and self._texts)):
            self._finish("finish", {}, events)
        return list(merged(events))

    def resume(self) -> None:
        """The stream was cut and is taken up again: what was read of an incomplete event will not be completed."""
        self._decoder.reset()
        for place, text in self._texts.items():
            text.resume()
            if not text.finished:
                self._resumed[place[1]] = place

    def _read(self, data: bytes, events: list[Event]) -> None:
        event = parse_event(data)
        if event is None:
            if data.strip() == b"[DONE]":
                self._done_mark = True
            elif data.strip():
                lenient.note_unknown("an event that cannot be read of", "the stream")
            return
        if self._growing and (more := self._outline.text_of(event)) is not None:
            self._text(self._growing, more, events, finished=False, draws=self._draws)
            return
        self._growing = None
        self._identify(event)
        parts = lenient.mappings(event.get("parts"))
        self._part_id = "" if len(parts) > 1 else self._part_id
        for part in parts:
            self._part(part, events)
        if parts:
            self._part_id = lenient.text(parts[-1].get("logic_id")) or self._part_id
        status = lenient.text(event.get("status")).lower()
        if status in FINISHED or status in STOPPED_BY_FILTER or status in FAILED:
            self._finish(status, event, events)
        elif self._growing and len(parts) == 1:
            self._outline.keep(event, _TEXT_FIELDS[self._growing[1]])
        else:
            self._growing = None

    def _identify(self, event: dict[str, Any]) -> None:
        self.conversation_id = lenient.text(event.get("conversation_id")) or self.conversation_id
        self.message_id = lenient.text(event.get("id")) or self.message_id
        flag = lenient.truth(lenient.mapping(event.get("meta_data")).get("if_increase_push"))
        if flag is not None:
            self._dialect.found = "deltas" if flag else "snapshots"

    def _part(self, part: dict[str, Any], events: list[Event]) -> None:
        part_id = lenient.text(part.get("logic_id")) or self._part_id or lenient.text(part.get("id"))
        role = lenient.words(part.get("role")).lower()
        status = lenient.text(part.get("status")).lower()
        self.model = lenient.text(part.get("model")) or self.model
        if meta_data := lenient.mapping(part.get("meta_data")):
            self._show(self._sources.find(meta_data), events)
        if status in STOPPED_BY_FILTER:
            self._filter_words = (
                words_of(part.get("error")) or words_of(part.get("last_error")) or self._filter_words or ""
            )
        seen: dict[str, int] = {}
        contents = lenient.mappings(part.get("content"))
        draws = self._draws or (len(contents) > 1 and any(content.get("type") == "image" for content in contents))
        for content in contents:
            kind = kind_of(content)
            finished = is_whole(status, lenient.text(content.get("status")).lower())
            number = seen[kind] = seen.get(kind, -1) + 1
            place = (part_id, kind, number)
            if kind in _TEXT_FIELDS:
                if role not in _OTHER_ROLES or kind not in ("text", "think"):
                    value = lenient.text(content.get(_TEXT_FIELDS[kind]))
                    self._text(place, value, events, finished=finished, draws=draws)
                    self._growing = place if len(contents) == 1 and not finished else None
            elif kind == "image":
                self._seam.interrupt()
                self._show(self._images.find(content), events)
            elif kind == "tool_calls":
                self._find_call(part, content, events, from_result=False)
            elif kind == "tool_result" and role == "tool" and status in FAILED:
                self._find_call(part, content, events, from_result=True)
            elif kind == "system_error":
                self.complaint = words_of(content) or self.complaint
            elif kind not in _SILENT:
                lenient.note_unknown("a content of type", kind)

    def _text(self, place: Place, value: str, events: list[Event], *, finished: bool, draws: bool) -> None:
        place = self._aliases.get(place, place)
        text = self._texts.get(place)
        if text is None and (earlier := self._resumed.pop(place[1], None)) is not None:
            self._aliases[place] = earlier  # Taken up again under another name.
            place, text = earlier, self._texts[earlier]
        if text is None:
            self._pass_by(events)
            text = self._texts[place] = PartText(self._dialect)
            self._shown.append(place)
        if finished:
            self._unfinished.discard(place[0])
        else:
            self._unfinished.add(place[0])
        new = text.feed(value, finished=finished)
        if new:
            self._tell(place, new, events, draws=draws)

    def _show(self, shown: list[Event], events: list[Event]) -> None:
        if shown:
            self._shown.append(shown)
        events += shown

    def _pass_by(self, events: list[Event]) -> None:
        """Another text begins: what still waited of the earlier ones comes before it."""
        for place, text in self._texts.items():
            if new := text.finish():
                self._tell(place, new, events, draws=self._draws)

    def _tell(self, place: Place, new: str, events: list[Event], *, draws: bool) -> None:
        part_id, kind, _ = place
        if kind == "text":
            events += self._mark_reader(kind).feed(self._seam.join(part_id, new))
        elif kind == "think":
            taken = self._mark_reader(kind).feed(new)
            events += (Reasoning(one.text if isinstance(one, Text) else f"[{one.number}]({one.url})") for one in taken)
        else:
            self._seam.interrupt()
            self._tell_program(place, new, events, draws=draws)

    def _tell_program(self, place: Place, new: str, events: list[Event], *, draws: bool) -> None:
        part_id, kind, number = place
        if kind == "execution_output":
            events.append(Output(new, f"{part_id}/{number}"))
        else:
            events.append(DrawingPrompt(new) if draws else Code(new, f"{part_id}/{number}"))

    def _mark_reader(self, kind: str) -> CitationReader:
        reader = self._marks.get(kind)
        if reader is None:
            reader = self._marks[kind] = CitationReader(self._sources.cited)
        return reader

    def _find_call(
        self, part: dict[str, Any], content: dict[str, Any], events: list[Event], *, from_result: bool
    ) -> None:
        call = native_call(part, content, from_result=from_result)
        if call is None or call in self._seen_calls:
            return
        self._seen_calls.append(call)
        if not call.is_services:
            events.append(Draft(call.id, call.name, call.arguments, "", declared=call.show_type == CALLERS_CALL))
        if query := search_query(call):
            self._show([Search(query)], events)

    def _finish(self, status: str, event: dict[str, Any], events: list[Event]) -> None:
        self.ended = True
        for place, text in self._texts.items():
            if new := text.finish():
                self._tell(place, new, events, draws=self._draws)
        for kind, reader in self._marks.items():
            for item in reader.finish():
                if kind == "text":
                    events.append(item)
                elif isinstance(item, Text):
                    events.append(Reasoning(item.text))
        if any(text.rewritten for text in self._texts.values()):
            events.append(Revision(tuple(self._as_it_is_now())))
        if status in STOPPED_BY_FILTER or self._filter_words is not None:
            words = words_of(event.get("last_error")) or words_of(event.get("error")) or self._filter_words or ""
            events.append(Finish("content_filter", words))
        elif status in FAILED:
            self.failure = failure_of(event)
        else:
            events.append(Finish("stop"))

    def _as_it_is_now(self) -> list[Event]:
        events: list[Event] = []
        self._seam = PartJoiner()
        self._marks.clear()
        for shown in self._shown:
            if isinstance(shown, list):
                events += shown
            elif text := self._texts[shown].text:
                self._tell(shown, text, events, draws=self._draws)
        for kind, reader in self._marks.items():
            rest = reader.finish()
            events += rest if kind == "text" else (Reasoning(getattr(item, "text", "")) for item in rest)
        return list(merged(events))
