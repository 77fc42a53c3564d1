"""What a chat call must look like (protocol: "Chat")."""

import re
from typing import Any

from .accounts import Account
from .call import Call
from .demo import DRAWING_ASSISTANT
from .envelope import bad_body
from .files import Uploads
from .manners import Manners

CHAT_MODES = {"", "zero", "thinking", "deep_thinking", "deep_research", "ppt", "video"}
EFFORTS = {"low", "high", "max"}
PAIRS: dict[str, tuple[str | None, ...]] = {
    "": ("low",),
    "thinking": ("high",),
    "deep_thinking": ("max",),
    "zero": (None, "high"),
}
"""Which `reasoning_effort` the page sends with a `chat_mode`; with other modes none."""
PLAIN_ASSISTANT = "65940acff94777010aa6b796"
TEXT_MODELS = {"glm-5.3"}
"""Models that take no notice of pictures and files."""
ASPECT_RATIOS = {"1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2"}
PICTURE_FIELDS = {"file_name", "file_id", "image_url", "file_size", "order", "width", "height"}

_ASSISTANT_ID = re.compile(r"[0-9a-z]{24,}")


def prompt_of(body: dict[str, Any]) -> str:
    """Return all text of a call's message."""
    return "\n".join(part["text"] for part in body["messages"][0]["content"] if part["type"] == "text")


class Questions:
    """Refuses calls of another shape, and notes what the service would ignore in silence."""

    def __init__(self, uploads: Uploads, manners: Manners) -> None:
        self._uploads = uploads
        self._manners = manners

    def check(self, call: Call) -> None:
        """Refusal 40000: made up, as its message."""
        body = call.json
        for name in ("assistant_id", "conversation_id", "project_id", "chat_type"):
            if not isinstance(body.get(name), str):
                raise bad_body(f"{name} is not a string")
        if not _ASSISTANT_ID.fullmatch(body["assistant_id"]):
            raise bad_body("assistant_id is not an id")
        if body["chat_type"] != "user_chat":
            raise bad_body("chat_type is not user_chat")
        self._check_meta_data(body.get("meta_data"), body["assistant_id"])
        match body.get("messages"):
            case [{"role": "user", "content": [_, *_] as content}]:
                for part in content:
                    self._check_part(part, call)
            case _:
                raise bad_body("messages is not one message of the user with content")

    def _check_meta_data(self, meta_data: Any, assistant_id: str) -> None:
        match meta_data:
            case {"chat_mode": str(mode), "is_networking": bool(), "cogview": {**cogview}}:
                pass
            case _:
                raise bad_body("meta_data lacks chat_mode, is_networking or cogview")
        effort = meta_data.get("reasoning_effort")
        if mode not in CHAT_MODES:
            raise bad_body("chat_mode is unknown")
        if effort not in {None, *EFFORTS}:
            raise bad_body("reasoning_effort is unknown")
        if self._manners.strict_effort and not _is_pair(mode, effort, assistant_id):
            raise bad_body(f"chat_mode {mode!r} and reasoning_effort {effort!r} are no pair")
        models = {model["selected_model"] for model in self._manners.models}
        if meta_data.get("selected_model") not in {None, *models}:
            raise bad_body("selected_model is unknown")
        if assistant_id == DRAWING_ASSISTANT and cogview.get("aspect_ratio") not in ASPECT_RATIOS:
            raise bad_body("aspect_ratio is unknown")

    def _check_part(self, part: Any, call: Call) -> None:
        match part:
            case {"type": "text", "text": str()}:
                return
            case {"type": "file", "file": [_, *_] as files}:
                for entry in files:
                    self._check_file(entry, call.account)
            case {"type": "image", "image": [_, *_] as images}:
                for number, image in enumerate(images):
                    self._note_picture(number, image, call)
            case _:
                raise bad_body("content part of an unknown type or shape")
        model = call.json["meta_data"].get("selected_model")
        if model in TEXT_MODELS:
            call.recorded.ignored.append(f"{part['type']}: {model} takes text only")

    def _check_file(self, entry: Any, account: Account) -> None:
        if not isinstance(entry, dict):
            raise bad_body("a file is not an object")
        upload = self._uploads.find(account, entry.get("file_id"))
        if upload is None:
            raise bad_body("file_id is not of a file that this account has uploaded")
        if any(entry.get(name) != value for name, value in upload.result.items()):
            raise bad_body("a file is not what its upload answered")

    def _note_picture(self, number: int, image: Any, call: Call) -> None:
        """Note why the service ignores a picture, where it does."""
        reason = self._why_ignored(image, call.account)
        if reason:
            call.recorded.ignored.append(f"image {number}: {reason}")

    def _why_ignored(self, image: Any, account: Account) -> str:
        if not isinstance(image, dict):
            return "is not an object"
        upload = self._uploads.find(account, image.get("file_id"))
        if upload is None:
            return "file_id is not of a file that this account has uploaded"
        if image.get("image_url") != upload.result["file_url"]:
            return "image_url is not the file_url"
        if set(image) != PICTURE_FIELDS:
            return f"has not the fields {sorted(PICTURE_FIELDS)}: {sorted(set(image) ^ PICTURE_FIELDS)}"
        numbers = [image[name] for name in ("file_size", "order", "width", "height")]
        if not all(isinstance(value, int) for value in numbers):
            return "file_size, order, width or height is not a number"
        return ""


def _is_pair(mode: str, effort: str | None, assistant_id: str) -> bool:
    if assistant_id != PLAIN_ASSISTANT and effort is None:
        return True
    return effort in PAIRS.get(mode, (None,))
