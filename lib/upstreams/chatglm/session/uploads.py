"""Documents and pictures of a conversation, handed to the service before it is asked.

Only the files of the newest turn can fail a request: an old picture that is gone must not end a conversation. Of the
older ones the newest are kept, and what cannot be had becomes a short note in its turn's text.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

from lib.errors import BadRequest, Error, UpstreamFailed
from lib.files.fetch import Limits, open_file
from lib.files.remote_file import RemoteFile
from lib.invocation.retry import retry
from lib.types.chat import FilePart, Message
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.session.account import Account
from lib.upstreams.chatglm.session.service import Upload
from lib.upstreams.chatglm.session.token import Token

_CHAT_UPLOAD: Final = "/chatglm/productivity-api/file/chat_upload"  # protocol: 2026 [sure]

_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""As browsers escape a file name in a form; all other letters go as UTF-8."""

MAX_FILES: Final = 10
"""Files of one request: each is a fetch and an upload, and the service takes few at once."""


class Uploads:
    """What of a conversation's files the service has been handed, and why the rest is not there."""

    def __init__(self) -> None:
        self._contents: dict[FilePart, dict[str, Any]] = {}
        self._missing: dict[FilePart, str] = {}

    def add(self, file: FilePart, content: dict[str, Any]) -> None:
        self._contents[file] = content

    def leave_out(self, file: FilePart, why: str) -> None:
        """It is not there, and the conversation goes on without it."""
        self._missing[file] = f"{'A picture' if file.is_image else 'A file'} stood here that {why}"

    def missing(self, file: FilePart) -> str:
        """Why a file is not there; empty where it is."""
        return self._missing.get(file, "")

    def contents(self) -> list[dict[str, Any]]:
        """The contents of a message that name the files."""
        documents = [content for content in self._contents.values() if "image_url" not in content]
        pictures = [content for content in self._contents.values() if "image_url" in content]
        return [
            *([{"type": "file", "file": documents}] if documents else []),
            *([{"type": "image", "image": pictures}] if pictures else []),
        ]


async def upload_all(
    messages: Sequence[Message], account: Account, assistant_id: str, uploaded: dict[object, dict[str, Any]]
) -> Uploads:
    """Hand over the files of `messages`, at once, and note them in `uploaded`: an account that was busy is asked again.

    Raises `BadRequest` for one of the newest turn that cannot be had.
    """
    answered = max((place for place, message in enumerate(messages) if message.role == "assistant"), default=-1)
    newest = [file for message in messages[answered + 1 :] for file in message.files]
    older = [file for message in messages[: answered + 1] for file in message.files]
    if len(newest) > MAX_FILES:
        raise BadRequest(f"A turn may hold at most {MAX_FILES} files.", param=newest[MAX_FILES].field)
    uploads = Uploads()
    room = MAX_FILES - len(newest)
    kept = older[len(older) - room :] if room else []
    for file in older[: len(older) - len(kept)]:
        uploads.leave_out(file, "is no longer sent along")

    async def upload(file: FilePart, *, needed: bool) -> None:
        name = (account.token.text, file)
        try:
            if name not in uploaded:
                uploaded[name] = await _upload(file, account, assistant_id)
            uploads.add(file, uploaded[name])
        except BadRequest as error:
            if needed:
                raise
            uploads.leave_out(file, f"cannot be had any more ({error.message})")

    try:
        async with asyncio.TaskGroup() as group:
            for file in dict.fromkeys([*kept, *newest]):
                group.create_task(upload(file, needed=file in newest))
    except* Error as errors:
        raise _first(errors) from None
    return uploads


async def _upload(part: FilePart, account: Account, assistant_id: str) -> dict[str, Any]:
    async def attempt(token: Token) -> tuple[bool, Any]:
        async with open_file(
            account.service.files, part.url, field=part.field, limits=Limits.configured(), name=part.name
        ) as file:
            if part.is_image and file.is_page:
                raise BadRequest(f"The file at {part.field} is a web page, not a picture.", param=part.field)
            fields = {"from": "chat", "assistant_id": assistant_id}
            return file.is_picture, await send_file(account, token, _CHAT_UPLOAD, file, fields)

    is_picture, result = await retry(lambda: account.use(attempt))
    uploaded = next(iter(lenient.mappings(result)), {})
    url = lenient.words(uploaded.get("file_url"))
    if not url:
        raise UpstreamFailed("The service took a file without saying where it is.")
    return _picture(uploaded, url) if is_picture else uploaded


def _picture(uploaded: Mapping[str, Any], url: str) -> dict[str, Any]:
    """A picture as a message names it (protocol, "Files": [sure]); other shapes are ignored in silence."""
    return {
        "file_name": lenient.text(uploaded.get("file_name")),
        "file_id": lenient.text(uploaded.get("file_id")),
        "image_url": url,
        "file_size": lenient.code(uploaded.get("file_size")) or 0,
        "order": 0,
        "width": lenient.code(uploaded.get("width")) or 0,
        "height": lenient.code(uploaded.get("height")) or 0,
    }


async def send_file(account: Account, token: Token, path: str, file: RemoteFile, fields: Mapping[str, str]) -> Any:
    """Pass `file` on to the service as it is read, in a multipart form with these other `fields`; the `result`."""
    boundary = token_hex(16)
    head, tail = _around(boundary, file, fields)
    length = None if file.size is None else len(head) + file.size + len(tail)

    async def pieces() -> AsyncIterator[bytes]:
        yield head
        async for chunk in file.aiter():
            yield chunk
        yield tail

    form = Upload(f"multipart/form-data; boundary={boundary}", length, pieces())
    return await account.service.call("POST", path, token, upload=form)


def _around(boundary: str, file: RemoteFile, fields: Mapping[str, str]) -> tuple[bytes, bytes]:
    """What stands before and after a file's content in a form (RFC 7578)."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file_name = file.name.translate(_ESCAPES)
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        f"Content-Type: {file.content_type}\r\n\r\n"
    )
    return "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()


def _first(errors: BaseExceptionGroup[Error]) -> Error:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
