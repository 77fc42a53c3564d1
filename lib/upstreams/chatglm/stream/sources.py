"""What an answer brings besides text: the sources that it draws on, and the pictures that it shows, each once."""

import re
from typing import Any, Final

from lib.types.events import DrawingPrompt, Event, Image, Source
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.stream.citations import Cited
from lib.upstreams.chatglm.stream.event_json import plain

_IMAGE_NUMBER: Final = re.compile(r"_(\d+)_\d+\.\w+(?:\?|$)")
"""`…/testpath/<history_id>_<n>_0.jpg` (protocol, "Pictures")."""


class Sources:
    """The pages that the service's search found."""

    def __init__(self) -> None:
        self.cited: dict[str, Cited] = {}
        """By the keys that marks in the text name."""
        self._by_url: dict[str, Cited] = {}

    def find(self, meta_data: dict[str, Any]) -> list[Event]:
        """Those of a part that are new."""
        extra = lenient.mapping(meta_data.get("tool_result_extra"))
        found = lenient.mappings(extra.get("search_results")) + lenient.mappings(meta_data.get("metadata_list"))
        new: list[Event] = []
        for result in found:
            url = lenient.url(result.get("url"))
            if not url:
                continue
            cited = self._by_url.get(url)
            if cited is None:
                snippet = plain(lenient.words(result.get("snippet")) or lenient.words(result.get("text")))
                source = Source(url, lenient.text(result.get("title")) or url, snippet)
                cited = self._by_url[url] = Cited(len(self._by_url) + 1, source)
                new.append(source)
            if key := lenient.text(result.get("match_key")).strip("【】 "):
                self.cited[key] = cited
        return new


class Images:
    """The pictures that the service drew."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def find(self, content: dict[str, Any]) -> list[Event]:
        """Those of a content that are new, by their numbers, after the prompt that they were drawn from."""
        images = []
        for place, item in enumerate(lenient.items(content.get("image"))):
            named = lenient.mapping(item)
            url = lenient.url(item) or lenient.url(named.get("image_url")) or lenient.url(named.get("url"))
            if url and url not in self._shown:
                self._shown.add(url)
                images.append(Image(url, image_number(url, place)))
        new: list[Event] = [*sorted(images, key=lambda image: image.number)]
        if new and (prompt := lenient.words(content.get("code"))):
            new.insert(0, DrawingPrompt(prompt))
        return new


def image_number(url: str, place: int) -> int:
    """The number in a set of the picture at `url`; `place` where its name does not say."""
    number = _IMAGE_NUMBER.search(url)
    return int(number[1][:9]) if number else place
