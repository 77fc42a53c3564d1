"""Documents and pictures of a question, handed to the service before the question is asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

from lib import settings
from lib.errors import BadRequest, Error, UpstreamFailed, UpstreamUnavailable
from lib.files.fetch import Limits, RemoteFile, open_file
from lib.types.old_chat import Attachment
from lib.upstreams.chatglm.account import Account
from lib.upstreams.chatglm.retry import again
from lib.upstreams.chatglm.service import Upload
from lib.upstreams.chatglm.token import Token

_CHAT_UPLOAD: Final = "/chatglm/productivity-api/file/chat_upload"  # protocol: 2026 [sure]

_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""As browsers escape a file name in a form; all other letters go as UTF-8."""

MAX_FILES = 10
"""Files of one request: each is a fetch and an upload, and the service takes few at once."""


async def upload(attachments: Sequence[Attachment], account: Account, assistant_id: str) -> list[dict[str, Any]]:
    """Hand over all `attachments` at once, and return the contents of a message that name them.

    Raises `BadRequest`, which names the field, for a file that cannot be had.
    """
    if len(attachments) > MAX_FILES:
        raise BadRequest(f"A request may hold at most {MAX_FILES} files.", param=attachments[MAX_FILES].field)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_upload(attachment, account, assistant_id)) for attachment in attachments]
    except* Error as errors:
        raise _first(errors) from None
    contents = [task.result() for task in tasks]
    documents = [content for content in contents if "image_url" not in content]
    pictures = [content for content in contents if "image_url" in content]
    return [
        *([{"type": "file", "file": documents}] if documents else []),
        *([{"type": "image", "image": pictures}] if pictures else []),
    ]


async def _upload(attachment: Attachment, account: Account, assistant_id: str) -> dict[str, Any]:
    async def attempt(token: Token) -> tuple[bool, Any]:
        async with open_file(
            account.service.files, attachment.url, field=attachment.field, limits=limits(), name=attachment.name
        ) as file:
            fields = {"from": "chat", "assistant_id": assistant_id}
            return file.is_picture, await send_file(account, token, _CHAT_UPLOAD, file, fields)

    is_picture, result = await again(lambda: account.use(attempt), on=UpstreamUnavailable)
    uploaded = result[0] if isinstance(result, list) and result else result
    if not isinstance(uploaded, dict) or not uploaded.get("file_url"):
        raise UpstreamFailed("The service took a file without saying where it is.")
    return {**uploaded, "image_url": uploaded["file_url"]} if is_picture else uploaded


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


def limits() -> Limits:
    """What the deployment allows of files that callers name."""
    chosen = settings.current()
    return Limits(chosen.max_file_bytes, chosen.allow_private_urls)


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
