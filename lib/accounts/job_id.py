"""The id of a job that goes on when its request has ended: all that a fresh instance needs, kept by the client.

Version 1 is unpadded base64url (RFC 4648, section 5) of these bytes, fewer than 300 letters in all:

    version    1 byte: 1
    created    4 bytes, big-endian: Unix seconds
    job, conversation, sound, model, request_id
               each: 1 byte for its length, then so many bytes of UTF-8
    tag        16 bytes: the first half of HMAC-SHA256 over all bytes before it

The key of the tag is HMAC-SHA256 over the account's token, under a context of its own. The token is the one that the
client presents (or the deployment holds), which stays the same while what it is exchanged for changes. Not the
account's number: a token's payload shows it to anyone who sees the token once. So an id is as good as the token that
it was made with, for as long as that one is used, and it is nobody else's: not of another account, and not of another
token of the same one. Who logs in anew starts new jobs.

Nothing in it is secret, so nothing is encrypted. The upstream's ids can only be used with the token, and the rest is
what the client itself has said. The tag keeps a client from asking for other jobs by way of this deployment.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Final, NamedTuple

from lib.errors import BadRequest, NotFound, UpstreamFailed

MAX_LENGTH: Final = 299
"""Letters of an id: it goes into URLs, into logs, and into columns of 300 letters."""
MAX_CALLER_BYTES: Final = 100
"""Bytes that `sound` and `request_id`, which callers choose, may have together: this leaves 40 for each other id."""

_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BI")
_TAG_SIZE: Final = 16
_KEY_CONTEXT: Final = b"glm-functions poll id, key, 1"


def check_room(**texts: str) -> None:
    """Raise `BadRequest` where the texts that a caller chose, by field, would not fit into an id."""
    if sum(len(text.encode(errors="replace")) for text in texts.values()) > MAX_CALLER_BYTES:
        names = " and ".join(texts)
        raise BadRequest(
            f"{names} may have {MAX_CALLER_BYTES} bytes together: the job's id holds both.",
            param=max(texts, key=lambda name: len(texts[name])),
        )


class JobId(NamedTuple):
    """What an id says of its job."""

    job: str
    """The upstream's name of it."""
    conversation: str
    created: int
    """Unix time in seconds."""
    model: str
    sound: str = ""
    """The sound track to add when the job is done."""
    request_id: str = ""
    """The client's own name of it."""

    def sign(self, token: str) -> str:
        """Write the id for the account that `token` belongs to. Raises `UpstreamFailed` where it would be too long."""
        texts = [text.encode() for text in (self.job, self.conversation, self.sound, self.model, self.request_id)]
        if _HEAD.size + sum(1 + len(text) for text in texts) + _TAG_SIZE > MAX_LENGTH * 3 // 4:
            raise UpstreamFailed("The service names the job with more letters than an id has room for.")
        content = _HEAD.pack(_VERSION, self.created) + b"".join(bytes([len(text)]) + text for text in texts)
        return urlsafe_b64encode(content + _tag(content, token)).rstrip(b"=").decode()

    @classmethod
    def verify(cls, text: str, keys: Iterable[str]) -> "tuple[JobId, str]":
        """Read an id, and find the one of `keys` that it was made for.

        Raises `NotFound` for anything that is not, to the letter, an id made for one of them.
        """
        data = _decode(text)
        content, tag = data[:-_TAG_SIZE], data[-_TAG_SIZE:]
        if content[:1] == bytes([_VERSION]):
            for key in keys:
                if hmac.compare_digest(tag, _tag(content, key)):
                    return cls._read(content), key
        raise NotFound("There is no such job for this account.", param="id")

    @classmethod
    def _read(cls, content: bytes) -> "JobId":
        _, created = _HEAD.unpack_from(content)
        texts = []
        start = _HEAD.size
        while start < len(content):
            end = start + 1 + content[start]
            texts.append(content[start + 1 : end].decode())
            start = end
        job, conversation, sound, model, request_id = texts
        return cls(job, conversation, created, model, sound, request_id)


def _tag(content: bytes, token: str) -> bytes:
    key = hmac.digest(_KEY_CONTEXT, token.encode(errors="surrogateescape"), "sha256")
    return hmac.digest(key, content, "sha256")[:_TAG_SIZE]


def _decode(text: str) -> bytes:
    """The bytes of an id; none where `text` is not what these bytes are written as."""
    if len(text) > MAX_LENGTH or not text.isascii():
        return b""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Base64Error:
        return b""
    # The decoder skips what it does not know, and the bits that the last letter has too many.
    return data if urlsafe_b64encode(data).rstrip(b"=").decode() == text else b""
