"""`data:` URLs (RFC 2397), decoded a slice at a time.

Nothing but the URL itself is held whole. Tolerated, as clients send it: white space and percent escapes in base64, its
URL-safe alphabet, missing padding, any case. A `#` is data: nobody means a fragment of a file that is sent whole.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

SLICE = 64 * 1024
"""Characters decoded at a time: large enough to be cheap, small enough not to keep an event loop waiting."""
MAX_HEADER = 1024
"""Characters before the comma: a media type, a file name and the word base64 need fewer."""

_SCHEME = re.compile(r"\s*data:", re.IGNORECASE)
_HEADER = re.compile(rf"\s*data:([^,]{{0,{MAX_HEADER}}}),", re.IGNORECASE)
_WHITE_SPACE = " \t\n\f\r\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MAX_PADDING = 2


def is_data_url(url: str) -> bool:
    """Tell whether `url` has the scheme of a data URL."""
    return _SCHEME.match(url) is not None


@dataclass(frozen=True, slots=True)
class DataUrl:
    """What a data URL says about its content, and the content."""

    content_type: str
    """Media type without parameters, in lower case; empty where none is given."""
    name: str
    """File name from a `name` or `filename` parameter, as some clients send it; empty where none is given."""
    size: int | None
    """Bytes, where that is known without decoding."""
    least_size: int
    """Bytes that it has at least. Known without decoding."""
    is_base64: bool
    _url: str
    _start: int

    def chunks(self, slice_length: int = SLICE) -> Iterator[bytes]:
        """Decode, `slice_length` characters (4 or more) at a time. Raises `ValueError` where the content is broken."""
        pieces = _unescaped(self._url, self._start, slice_length)
        return _decoded(pieces) if self.is_base64 else pieces


def parse(url: str) -> DataUrl:
    """Read what stands before the comma. Raises `ValueError` where there is no comma."""
    header = _HEADER.match(url)
    if header is None:
        raise ValueError("no comma after its media type")
    content_type, *parameters = (part.strip() for part in header[1].split(";"))
    is_base64 = any(parameter.lower() == "base64" for parameter in parameters)
    name = ""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() in {"name", "filename"}:
            name = unquote(value.strip().strip('"'))
    start = header.end()
    escapes = url.count("%", start)
    if is_base64:
        ignored = sum(url.count(character, start) for character in _WHITE_SPACE + "=")
        least_size = (len(url) - start - ignored - 3 * escapes) * 3 // 4
        is_exact = not escapes
    else:
        least_size = len(url) - start - 2 * escapes
        is_exact = not escapes and url.isascii()
    least_size = max(0, least_size)
    return DataUrl(
        content_type=content_type.lower(),
        name=name,
        size=least_size if is_exact else None,
        least_size=least_size,
        is_base64=is_base64,
        _url=url,
        _start=start,
    )


def _unescaped(text: str, start: int, length: int) -> Iterator[bytes]:
    """Undo percent escapes, without cutting one in two. What is no escape stands for itself."""
    while start < len(text):
        end = start + length
        if end < len(text):
            escape = text.rfind("%", end - 2, end)
            end = end if escape < 0 else escape
        yield unquote_to_bytes(text[start:end])
        start = end


def _decoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decode base64 that comes in pieces of any length."""
    white_space = _WHITE_SPACE.encode()
    rest = b""
    padding = 0
    for piece in pieces:
        symbols = piece.translate(_URL_SAFE, white_space)
        data = symbols.rstrip(b"=")
        # `a2b_base64` skips what it does not know: a broken file would pass for a whole one.
        if (data and padding) or data.translate(None, _ALPHABET):
            raise ValueError("its base64 is broken")
        padding += len(symbols) - len(data)
        data = rest + data
        whole = len(data) - len(data) % 4
        rest = data[whole:]
        if whole:
            yield a2b_base64(memoryview(data)[:whole])
    if len(rest) == 1 or padding > _MAX_PADDING:
        raise ValueError("its base64 is broken")
    if rest:
        yield a2b_base64(rest + b"=" * (4 - len(rest)))
