"""Drawn pictures, in today's form and in the older one (protocol: "Pictures")."""

from collections.abc import Mapping
from typing import Any, Literal

from .parts import Part
from .piece import PICTURE_URL, Piece


class Pictures(Part):
    """Drawn pictures, one event each, in this `order` of their numbers, then the end mark. None is a null.

    `prompt` is the polished drawing prompt; it stands as `code` on each picture's "item", or in a content "beside" it
    (the older form). `item`: what a picture is: an object with `image_url` or `url`, or its URL alone. `urls` replaces
    the address of single numbers. `together`: all pictures stand in one list.
    """

    def __init__(
        self,
        *order: int | None,
        prompt: str = "",
        prompt_at: Literal["item", "beside"] = "beside",
        item: Literal["image_url", "url", "text"] = "image_url",
        urls: Mapping[int, str] | None = None,
        together: bool = False,
    ) -> None:
        self.order = order or (2, 0, 3, 1)
        self.prompt = prompt
        self.prompt_at = prompt_at
        self.item = item
        self.urls = {int(number): url for number, url in (urls or {}).items()}
        self.together = together

    def pieces(self) -> list[Piece]:
        items = [self._item(number) for number in self.order]
        lists = [items] if self.together else [[item] for item in items]
        return [*(self._piece(one) for one in lists), Piece(content=[{"type": "one_to_more_finish"}])]

    def _piece(self, items: list[Any]) -> Piece:
        picture: dict[str, Any] = {"type": "image", "image": items}
        if not self.prompt:
            return Piece(content=[picture])
        if self.prompt_at == "item":
            return Piece(content=[{**picture, "code": self.prompt}])
        return Piece(content=[{"type": "code", "code": self.prompt}, picture])

    def _item(self, number: int | None) -> Any:
        if number is None:
            return None
        url = self.urls.get(number, PICTURE_URL.format(number))
        return url if self.item == "text" else {self.item: url}


class MarkdownPictures(Part):
    """Drawn pictures in the older form: Markdown in a text."""

    def __init__(self, *order: int) -> None:
        self.order = order or (0, 1, 2, 3)

    def pieces(self) -> list[Piece]:
        lines = tuple(f"![picture]({PICTURE_URL.format(number)})\n" for number in self.order)
        return [Piece(deltas=lines, snapshot="".join(lines), type="text", key="text")]
