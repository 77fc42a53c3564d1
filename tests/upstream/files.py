"""Uploaded files (protocol: "Files")."""

import io
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError
from starlette.responses import HTMLResponse, Response

from .accounts import Account
from .call import Call, Reply
from .envelope import NOT_FOUND_PAGE, bad_body, success
from .manners import Manners
from .record import File


@dataclass(frozen=True)
class Upload:
    """A file that an account has uploaded, and what the service answered."""

    account: Account
    file: File
    result: dict[str, Any]


class Uploads:
    """The upload endpoint and what came through it. `as_list`: it answers a list of one."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self.as_list = False
        self.site = ""
        self._by_id: dict[str, Upload] = {}

    def of(self, account: Account) -> list[Upload]:
        return [upload for upload in list(self._by_id.values()) if upload.account is account]

    def find(self, account: Account, file_id: Any) -> Upload | None:
        upload = self._by_id.get(file_id) if isinstance(file_id, str) else None
        return upload if upload is not None and upload.account is account else None

    def clear(self) -> None:
        self.as_list = False
        self._by_id.clear()

    async def upload(self, call: Call) -> Reply:
        form = call.recorded.form
        if self._manners.uploading != "new":
            return HTMLResponse(NOT_FOUND_PAGE, 404)
        if form.get("from") != "chat" or not form.get("assistant_id"):
            raise bad_body("from is not chat, or assistant_id is missing")
        return self._take(call)

    async def upload_old(self, call: Call) -> Reply:
        """The path of 2024, whose form has nothing but the file."""
        if self._manners.uploading != "old":
            return HTMLResponse(NOT_FOUND_PAGE, 404)
        return self._take(call)

    def _take(self, call: Call) -> Reply:
        file = uploaded(call)
        file_id = uuid.uuid4().hex[:24]
        result: dict[str, Any] = {
            "file_id": file_id,
            "file_url": f"{self.site}/files/{file_id}/{quote(file.filename)}",
            "file_name": file.filename,
            "file_size": len(file.content),
        }
        size = picture_size(file.content)
        if size is not None:
            result["width"], result["height"] = size
        self._by_id[file_id] = Upload(call.account, file, result)
        return success([result] if self.as_list else result, call.rid)

    async def download(self, call: Call) -> Reply:
        upload = self._by_id.get(call.path_params["file_id"])
        if upload is None:
            return Response("not found", 404, media_type="text/html")
        return Response(upload.file.content, media_type=upload.file.content_type or "application/octet-stream")


def uploaded(call: Call) -> File:
    """Return the one file of a multipart body. Refusal."""
    match call.recorded.files:
        case {"file": file} if len(call.recorded.files) == 1 and file.filename:
            return file
        case _:
            raise bad_body("the form does not hold one file with a name")


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height; None: it is no picture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError):
        return None
