"""What kind of file some bytes are, told by the bytes: pictures, documents and texts, which are what models read.

A file's name and the media type that came with it are believed only where bytes do not tell: which kind of text, which
document in a container.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

PEEK = 8 * 1024
"""Bytes to look at: in a document of Word, Excel or PowerPoint the entry that tells them apart lies within these."""


class FileType(Enum):
    """A kind of file: its media type, and its extensions in lower case without a dot, the usual one first."""

    PNG = "image/png", ("png",)
    JPEG = "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")
    GIF = "image/gif", ("gif",)
    WEBP = "image/webp", ("webp",)
    BMP = "image/bmp", ("bmp", "dib")
    TIFF = "image/tiff", ("tiff", "tif")
    ICON = "image/x-icon", ("ico",)
    HEIC = "image/heic", ("heic", "heif")
    AVIF = "image/avif", ("avif",)

    PDF = "application/pdf", ("pdf",)
    RTF = "application/rtf", ("rtf",)
    DOCX = (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ("docx", "docm", "dotx", "dotm"),
    )
    XLSX = (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ("xlsx", "xlsm", "xltx", "xltm"),
    )
    PPTX = (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"),
    )
    ODT = "application/vnd.oasis.opendocument.text", ("odt",)
    ODS = "application/vnd.oasis.opendocument.spreadsheet", ("ods",)
    ODP = "application/vnd.oasis.opendocument.presentation", ("odp",)
    EPUB = "application/epub+zip", ("epub",)
    DOC = "application/msword", ("doc", "dot")
    XLS = "application/vnd.ms-excel", ("xls", "xlt")
    PPT = "application/vnd.ms-powerpoint", ("ppt", "pps", "pot")
    OLE = "application/x-ole-storage", ("ole",)

    TEXT = "text/plain", ("txt", "text", "log")
    MARKDOWN = "text/markdown", ("md", "markdown")
    HTML = "text/html", ("html", "htm")
    CSV = "text/csv", ("csv",)
    JSON = "application/json", ("json",)
    XML = "application/xml", ("xml",)
    SVG = "image/svg+xml", ("svg",)

    BINARY = "application/octet-stream", ("bin",)

    def __init__(self, content_type: str, extensions: tuple[str, ...]) -> None:
        self.content_type = content_type
        self.extensions = extensions

    @property
    def is_text(self) -> bool:
        """Whether it is read as text."""
        return self in _TEXTS

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture of pixels. SVG is not: it is a text that draws."""
        return self.content_type.startswith("image/") and not self.is_text


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", FileType.PNG),
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"GIF87a", FileType.GIF),
    (b"GIF89a", FileType.GIF),
    (b"II*\0", FileType.TIFF),
    (b"MM\0*", FileType.TIFF),
    (b"\0\0\1\0", FileType.ICON),
    (b"%PDF-", FileType.PDF),
    (b"{\\rtf", FileType.RTF),
)
_ZIP_STARTS = (b"PK\3\4", b"PK\5\6")
_OFFICE_FOLDERS = ((b"word/", FileType.DOCX), (b"xl/", FileType.XLSX), (b"ppt/", FileType.PPTX))
_NAMED_BY_FIRST_ENTRY = (FileType.ODT, FileType.ODS, FileType.ODP, FileType.EPUB)
_OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_DOCUMENTS = (FileType.DOC, FileType.XLS, FileType.PPT)
_BRANDS = {
    b"heic": FileType.HEIC,
    b"heix": FileType.HEIC,
    b"hevc": FileType.HEIC,
    b"mif1": FileType.HEIC,
    b"msf1": FileType.HEIC,
    b"avif": FileType.AVIF,
    b"avis": FileType.AVIF,
}
_TEXTS = (
    FileType.TEXT,
    FileType.MARKDOWN,
    FileType.HTML,
    FileType.CSV,
    FileType.JSON,
    FileType.XML,
    FileType.SVG,
)
_TEXT_STARTS = (
    (b"<!doctype html", FileType.HTML),
    (b"<html", FileType.HTML),
    (b"<svg", FileType.SVG),
    (b"<?xml", FileType.XML),
)
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x1b")) + b"\x7f"
_BITMAP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
_PDF_SEARCHED = 1024
"""Bytes within which a PDF may start: readers allow something else before it."""


class _Hints(NamedTuple):
    extension: str
    content_type: str

    def choose(self, types: Iterable[FileType]) -> FileType | None:
        """The one of `types` that the name ends in; else the one that the media type says."""
        types = tuple(types)
        named = (file_type for file_type in types if self.extension in file_type.extensions)
        declared = (file_type for file_type in types if self.content_type == file_type.content_type)
        return next(named, None) or next(declared, None)


def detect(head: bytes, *, name: str = "", declared: str = "") -> FileType:
    """Tell the kind of a file from its first bytes, at least `PEEK` of them where it has as many.

    `name` is the file's name, `declared` the media type that came with it. Both are hints.
    """
    hints = _Hints(name.rpartition(".")[2].lower(), declared.partition(";")[0].strip().lower())
    for start, file_type in _SIGNATURES:
        if head.startswith(start):
            return file_type
    return _container(head, hints) or _bitmap(head) or _text(head, hints) or _rest(head)


def _container(head: bytes, hints: _Hints) -> FileType | None:
    if head.startswith(_ZIP_STARTS):
        return _zip(head, hints)
    if head.startswith(_OLE_START):
        return hints.choose(_OLE_DOCUMENTS) or FileType.OLE
    if head.startswith(b"RIFF"):
        return FileType.WEBP if head[8:12] == b"WEBP" else None
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return None


def _zip(head: bytes, hints: _Hints) -> FileType:
    for file_type in _NAMED_BY_FIRST_ENTRY:
        # OpenDocument 1.2, part 3, section 3.3: the first entry is stored as it is, so that its text lies here.
        if head.startswith(b"mimetype" + file_type.content_type.encode(), 30):
            return file_type
    entry = head.find(_ZIP_STARTS[0])
    while entry >= 0:
        for folder, file_type in _OFFICE_FOLDERS:
            if head.startswith(folder, entry + 30):  # The name stands behind the 30 bytes of a local file header.
                return file_type
        entry = head.find(_ZIP_STARTS[0], entry + 4)
    return hints.choose(file_type for _, file_type in _OFFICE_FOLDERS) or FileType.BINARY


def _bitmap(head: bytes) -> FileType | None:
    is_bitmap = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADER_SIZES
    return FileType.BMP if is_bitmap else None


def _text(head: bytes, hints: _Hints) -> FileType | None:
    """Tell the kind of a text, in UTF-8, UTF-16 with its mark, or an older encoding."""
    if not head.startswith(_UTF_16_MARKS) and len(head.translate(None, _CONTROLS)) < len(head):
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    looks = (file_type for mark, file_type in _TEXT_STARTS if start.startswith(mark))
    return hints.choose(_TEXTS) or next(looks, FileType.TEXT)


def _rest(head: bytes) -> FileType:
    return FileType.PDF if b"%PDF-" in head[:_PDF_SEARCHED] else FileType.BINARY
