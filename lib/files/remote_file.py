"""A file that a caller named or sent, as it is read."""

from collections.abc import AsyncIterator
from io import BytesIO

from lib.files.media_type import FileType


class RemoteFile:
    """An open file: what is known of it, and its content, which can be read once."""

    def __init__(
        self, name: str, file_type: FileType, size: int | None, head: bytes, rest: AsyncIterator[bytes]
    ) -> None:
        self.name = name
        """Safe to pass on; its extension fits the content."""
        self.content_type = file_type.content_type
        """Told by the content."""
        self.is_picture = file_type.is_picture
        """Whether it is a picture of pixels."""
        self.is_page = file_type is FileType.HTML
        """Whether it is a web page, such as a site shows in place of a file."""
        self.size = size
        """Bytes, where known. The content then has as many, or reading it fails."""
        self._head: bytes | None = head
        self._rest = rest

    async def aiter(self) -> AsyncIterator[bytes]:
        """The content, chunk by chunk. Raises `BadRequest` where it breaks off or grows too large."""
        if self._head is None:
            raise RuntimeError("the content of a file can be read once")
        head, self._head = self._head, None
        yield head
        del head
        async for chunk in self._rest:
            yield chunk

    async def read(self) -> bytes:
        """The content as a whole. Raises what `aiter` raises."""
        whole = BytesIO()  # Grows in place, and gives its buffer away without a copy.
        async for chunk in self.aiter():
            whole.write(chunk)
        return whole.getvalue()
