"""The frame reader: bytes of the service's event stream in, events out, no I/O.

The service has spoken two dialects of text (protocol, "Frames"):

- *fragments* [sure]: while a part is unfinished, each frame holds a fragment to append; one frame with status `finish`
  repeats the whole part, and the last frame repeats it once more.
- *wholes* [old]: every frame holds the whole text so far.

Nothing in a frame says which it is, so `_Dialect` finds out from the texts. While it is in doubt, what both readings
have in common is handed on and the rest waits.
"""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic_core import from_json

from lib.errors import UpstreamFailed
from lib.types.old_events import Code, DrawingPrompt, End, Event, Output, Picture, Source, Start, Text, Thought

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""A frame that never ends must not fill the memory; the longest whole texts seen are a thousandth of this."""

DOUBT = 24
"""How many characters must have been repeated, each time at the start of a longer text, to take texts for wholes.

Fragments do repeat each other (`ha`, `ha`, `haha`), but a text does not begin by starting itself over and over.
"""

REPEATS = 16
"""How many times in a row a text must come again to take texts for fragments: a whole that does not grow is not sent so
often, and a fragment can be (a line of a table, a laugh)."""

_TEXT_FIELDS = {"text": "text", "think": "think", "code": "code", "execution_output": "content"}
"""Content types that hold a text, and the field that it is in."""

_ENDINGS = ("finish", "intervene", "error")
"""The statuses of a frame that ends the answer."""

_SILENT = {"tool_calls", "tool_result", "quote_result", "browser_result", "system_error", "one_to_more_finish", "image"}
"""Content types that are known and hold no text. Sources and pictures are read apart from the texts."""

_PICTURE_NUMBER = re.compile(r"_(\d+)_\d+\.\w+(?:\?|$)")
"""`…/testpath/<history_id>_<n>_0.jpg` (protocol, "Pictures")."""

_TOO_LONG = "The service sent a frame that is too long to be read."
_UNREADABLE = "The service sent a frame that cannot be read."

_log = logging.getLogger("glm.chatglm.frames")
_unknown_types: set[str] = set()


class Frames:
    """Decodes one answer. Feed it what arrives; it gives the events that are complete."""

    def __init__(self, *, draws: bool = False) -> None:
        """`draws`: the answer is a set of pictures, so any `code` is the prompt that they were drawn from."""
        self.message_id = ""
        """Names this answer to the service, to stop it or to take it up again."""
        self.conversation_id = ""
        self.ended = False
        """Has the service ended the answer, in whichever way. Nothing after that is read."""
        self.failure: UpstreamFailed | None = None
        """Why the answer failed, where it did. The events before the failure have been given."""
        self._draws = draws
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._dialect = _Dialect()
        self._texts: dict[tuple[str, str, int], _PartText] = {}
        self._shown: set[str] = set()

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, texts of neighbouring frames as one. Look at `failure` afterwards."""
        events = _Events()
        try:
            for frame in self._split(data):
                if self.ended:
                    break
                self._read(_parse(frame), events)
        except UpstreamFailed as error:
            self.ended, self.failure = True, error
        except (AttributeError, TypeError, ValueError):  # A frame of another shape than the service's.
            self.ended, self.failure = True, UpstreamFailed(_UNREADABLE)
        return events.all()

    def resume(self) -> None:
        """The stream was cut and is taken up again: what was read of an incomplete frame will not be completed."""
        self._pending.clear()
        self._pending_bytes = 0
        self._data.clear()
        self._data_bytes = 0

    def _split(self, data: bytes) -> Iterator[bytes]:
        if b"\n" not in data:
            self._keep(data)
            return
        lines = (b"".join([*self._pending, data]) if self._pending else data).split(b"\n")
        self._pending.clear()
        self._pending_bytes = 0
        self._keep(lines.pop())
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
                self._data_bytes += len(line)
                if self._data_bytes > MAX_FRAME_BYTES:
                    raise UpstreamFailed(_TOO_LONG)
            elif self._data and line in (b"", b"\r"):
                frame = b"\n".join(self._data) if len(self._data) > 1 else self._data[0]
                self._data.clear()
                self._data_bytes = 0
                yield frame

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes > MAX_FRAME_BYTES:
            raise UpstreamFailed(_TOO_LONG)

    def _read(self, frame: dict[str, Any], events: "_Events") -> None:
        if not self.conversation_id and frame.get("conversation_id"):
            self.conversation_id = str(frame["conversation_id"])
            events.add(Start(self.conversation_id))
        self.message_id = str(frame.get("id") or self.message_id)
        for part in frame.get("parts") or ():
            self._part(part, events)
        if frame.get("status") in _ENDINGS:
            self.ended = True
            self._rest(events)
            self._end(frame, events)

    def _part(self, part: dict[str, Any], events: "_Events") -> None:
        contents = part.get("content") or ()
        part_id = str(part.get("logic_id") or part.get("id") or "")
        finished = part.get("status") == "finish"
        if meta_data := part.get("meta_data"):
            self._sources(meta_data, events)
        seen: dict[str, int] = {}
        for content in contents:
            kind = str(content.get("type"))
            field = _TEXT_FIELDS.get(kind)
            if field is not None:
                key = (part_id, kind, seen.get(kind, 0))
                seen[kind] = key[2] + 1
                text = self._texts.get(key)
                if text is None:
                    text = self._texts[key] = _PartText(self._dialect)
                new = text.take(str(content.get(field) or ""), finished=finished)
                if new and kind == "text":
                    events.add_text(new)
                elif new:
                    draws = self._draws or any(other.get("type") == "image" for other in contents)
                    events.add(_event(key, new, draws=draws))
            elif kind == "image":
                self._pictures(content, events)
            elif kind not in _SILENT:
                _note_unknown(kind)

    def _rest(self, events: "_Events") -> None:
        for key, text in self._texts.items():
            new = text.rest()
            if new:
                events.add(_event(key, new, draws=self._draws))

    def _sources(self, meta_data: dict[str, Any], events: "_Events") -> None:
        extra = meta_data.get("tool_result_extra") or {}
        for found in (*(extra.get("search_results") or ()), *(meta_data.get("metadata_list") or ())):
            url = str(found.get("url") or "")
            if url.startswith(("http://", "https://")) and url not in self._shown:
                self._shown.add(url)
                events.add(Source(url, str(found.get("title") or url)))

    def _pictures(self, content: dict[str, Any], events: "_Events") -> None:
        pictures = []
        for place, image in enumerate(content.get("image") or ()):
            url = str(image.get("image_url") or "")
            if url and url not in self._shown:
                self._shown.add(url)
                pictures.append(Picture(url, picture_number(url, place)))
        for picture in sorted(pictures, key=lambda picture: picture.number):
            events.add(picture)

    def _end(self, frame: dict[str, Any], events: "_Events") -> None:
        if frame["status"] == "finish":
            events.add(End("stop"))
        elif frame["status"] == "intervene":
            events.add(End("content_filter", str((frame.get("last_error") or {}).get("intervene_text") or "")))
        else:
            self.failure = UpstreamFailed(f"The service broke the answer off: {_reason(frame)}.")


class _Events:
    """Events in order, neighbouring texts as one: what arrives together is often a hundred words, each in a frame."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._words: list[str] = []

    def add(self, event: Event) -> None:
        self._join()
        self._events.append(event)

    def add_text(self, text: str) -> None:
        self._words.append(text)

    def all(self) -> list[Event]:
        self._join()
        return self._events

    def _join(self) -> None:
        if self._words:
            self._events.append(Text("".join(self._words)))
            self._words.clear()


def _event(key: tuple[str, str, int], text: str, *, draws: bool) -> Event:
    part_id, kind, index = key
    if kind == "text":
        return Text(text)
    if kind == "think":
        return Thought(text)
    if kind == "execution_output":
        return Output(text, f"{part_id}/{index}")
    return DrawingPrompt(text) if draws else Code(text, f"{part_id}/{index}")


def picture_number(url: str, place: int) -> int:
    """The number in a set of the picture at `url`; `place` where its name does not say."""
    number = _PICTURE_NUMBER.search(url)
    return int(number[1]) if number else place


class _Dialect:
    """Whether texts are fragments or wholes; one finding for the whole stream."""

    def __init__(self) -> None:
        self.found: Literal["fragments", "wholes"] | None = None


class _PartText:
    """The text of one content of one part, given out piece by piece."""

    def __init__(self, dialect: _Dialect) -> None:
        self._dialect = dialect
        self._fragments: list[str] = []
        self._appended = 0
        """How long the fragments are together: the text, if they are fragments."""
        self._whole = ""
        """The latest text: the text, if they are wholes."""
        self._given = 0
        self._repeated = 0
        self._same = 0
        self._finished = False

    def take(self, text: str, *, finished: bool) -> str:
        """What is new in `text`, the content of the next frame. `finished`: it is the whole part, in either dialect."""
        if finished:
            return self._finish(text)
        if self._finished:  # A whole of an earlier part, carried along.
            return ""
        if self._dialect.found == "wholes":
            return self._settle(text) if len(text) > self._given else ""
        self._fragments.append(text)
        self._appended += len(text)
        if self._dialect.found == "fragments":
            return self._append(text)
        return self._weigh(text)

    def rest(self) -> str:
        """What still waits when the answer ends without a `finish` for this part."""
        if self._finished or self._dialect.found:
            return ""
        return self._finish(self._whole)

    def _append(self, fragment: str) -> str:
        if self._given + len(fragment) != self._appended:  # Some of it waited while the dialect was in doubt.
            fragment = "".join(self._fragments)[self._given :]
        self._given = self._appended
        return fragment

    def _weigh(self, text: str) -> str:
        """Hand on what both readings of the texts so far have in common, and decide as soon as one is out."""
        before = self._whole
        self._same = self._same + 1 if text and text == before else 0
        if not text.startswith(before) or self._same >= REPEATS:
            self._dialect.found = "fragments"
            return self._append(text)
        self._whole = text
        if len(text) > len(before):
            self._repeated += len(before)
        common = _common("".join(self._fragments), text)
        if common < len(text) and self._repeated >= DOUBT:
            self._dialect.found = "wholes"
            common = len(text)
        given, self._given = self._given, max(self._given, common)
        return text[given : self._given]

    def _finish(self, whole: str) -> str:
        if self._finished and whole == self._whole:
            return ""
        if self._dialect.found is None and self._appended != len(self._whole):
            self._dialect.found = "fragments" if whole.startswith("".join(self._fragments)) else "wholes"
        if self._dialect.found == "fragments" and not self._finished:
            self._whole = "".join(self._fragments)
        self._finished = True
        return self._settle(whole)

    def _settle(self, whole: str) -> str:
        """Go over to `whole`, the truth, and return what of it has not been given."""
        given = self._whole[: self._given]
        self._whole, self._given = whole, len(whole)
        if whole.startswith(given):
            return whole[len(given) :]
        # The service has changed what it had sent. What was given stays; what follows its last words is new.
        for last_words in (given[-32:], given[-8:]):
            at = whole.rfind(last_words)
            if at >= 0:
                return whole[at + len(last_words) :]
        return ""


def _common(one: str, other: str) -> int:
    """How many characters two texts share at their start."""
    if one.startswith(other):
        return len(other)
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))


def _parse(data: bytes) -> dict[str, Any]:
    try:
        frame = from_json(data)
    except ValueError:
        try:
            frame = _without_lone_surrogates(json.loads(data))
        except (ValueError, RecursionError) as error:
            raise UpstreamFailed(_UNREADABLE) from error
    if not isinstance(frame, dict):
        raise UpstreamFailed(_UNREADABLE)
    return frame


def _without_lone_surrogates(value: Any) -> Any:
    """`value` with U+FFFD for each half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _reason(frame: dict[str, Any]) -> str:
    for error in (frame.get("error"), frame.get("last_error")):
        if isinstance(error, dict) and error:
            words = error.get("err_msg") or error.get("message") or error.get("intervene_text") or "no reason given"
            code = error.get("error_code") or error.get("code")
            return f"{words} ({code})" if code else str(words)
    return "no reason given"


def _note_unknown(kind: str) -> None:
    if kind not in _unknown_types and len(_unknown_types) < 100:
        _unknown_types.add(kind)
        _log.warning("Left out a content of unknown type %.40r", kind)
