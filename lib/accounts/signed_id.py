"""Ids that a client keeps for us: what a fresh instance needs to go on, bound to whom it was made for.

An id is unpadded base64url (RFC 4648, section 5) of these bytes, fewer than 300 letters in all:

    version    1 byte: 2
    created    4 bytes, big-endian: Unix seconds
    texts      each: 1 byte for its length, then so many bytes of UTF-8
    tag        16 bytes: the first half of HMAC-SHA256 over all bytes before it

The key of the tag is HMAC-SHA256 over the account and the access key that the caller presented, if any, under a context
of its own for each kind of id, so that none can be taken for one of another kind. By the account and not by its token's
text: a token that is renewed keeps its ids. By the access key: those who share an account do not share their ids. Ids
of version 1 were bound to the token's text alone; they still verify with that token.

Nothing in it is secret, so nothing is encrypted. The upstream's ids can only be used with a key of the account, and the
rest is what the client itself has said. The tag keeps a client from asking for other things by way of this deployment.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Final, NamedTuple

from lib.accounts.keys import Candidate

MAX_LENGTH: Final = 299
"""Letters of an id: it goes into URLs, into logs, and into columns of 300 letters."""

_VERSION: Final = 2
_OLD_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BI")
_TAG_SIZE: Final = 16


class Content(NamedTuple):
    created: int
    """Unix time in seconds."""
    texts: Sequence[str]


def sign(content: Content, candidate: Candidate, context: bytes) -> str:
    """Write an id for whom `candidate` stands for; empty where it would be longer than `MAX_LENGTH`.

    `context` names the kind of id.
    """
    texts = [text.encode() for text in content.texts]
    size = _HEAD.size + sum(1 + len(text) for text in texts) + _TAG_SIZE
    if size > MAX_LENGTH * 3 // 4:
        return ""
    data = _HEAD.pack(_VERSION, content.created) + b"".join(bytes([len(text)]) + text for text in texts)
    return urlsafe_b64encode(data + _tag(data, candidate.owner, context)).rstrip(b"=").decode()


def verify(text: str, candidates: Sequence[Candidate], context: bytes) -> tuple[Content, Candidate] | None:
    """Read an id, and find the one of `candidates` that it was made for.

    None for anything that is not, to the letter, an id of this kind that was made for one of them.
    """
    data = _decode(text)
    signed, tag = data[:-_TAG_SIZE], data[-_TAG_SIZE:]
    if signed[:1] in (bytes([_VERSION]), bytes([_OLD_VERSION])):
        for one in candidates:
            key = one.owner if signed[0] == _VERSION else one.key.text
            if hmac.compare_digest(tag, _tag(signed, key, context)):
                return _read(signed), one
    return None


def _read(signed: bytes) -> Content:
    _, created = _HEAD.unpack_from(signed)
    texts = []
    start = _HEAD.size
    while start < len(signed):
        end = start + 1 + signed[start]
        texts.append(signed[start + 1 : end].decode())
        start = end
    return Content(created, texts)


def _tag(signed: bytes, key: str, context: bytes) -> bytes:
    derived = hmac.digest(context, key.encode(errors="surrogatepass"), "sha256")
    return hmac.digest(derived, signed, "sha256")[:_TAG_SIZE]


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
