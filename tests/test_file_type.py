"""The kind of a file, told by its bytes."""

import io
import zipfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib.files.media_type import PEEK, FileType, detect


def picture(file_format: str) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 100), 40).save(file, file_format)
    return file.getvalue()


def archive(names: Sequence[str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as written:
        for name in names:
            written.writestr(name, f"<{name}>" * 20)
    return file.getvalue()


def first_entry_says(content_type: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("mimetype", content_type)
        written.writestr("content.xml", "<x/>")
    return file.getvalue()


def box(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + b"isommp42" + bytes(100)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_picture_is_known_whatever_it_calls_itself(file_format: str) -> None:
    content = picture(file_format)
    for name, declared in (("", ""), ("notes.txt", "text/plain"), ("a.docx", "application/zip")):
        file_type = detect(content[:PEEK], name=name, declared=declared)
        assert file_type is FileType[file_format]
        assert file_type.is_picture


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", FileType.PDF),
        (b"\0\x01 from a mail" + b"%PDF-1.4\n", FileType.PDF),
        (b"{\\rtf1\\ansi Hello}", FileType.RTF),
        (box(b"heic"), FileType.HEIC),
        (b"\0\0\1\0\1\0\x10\x10", FileType.ICON),
        (archive(["a.txt", "b/c.txt"]), FileType.BINARY),
        (archive([]), FileType.BINARY),
        (archive(["[Content_Types].xml", "_rels/.rels", "word/document.xml"]), FileType.DOCX),
        (archive(["_rels/.rels", "docProps/app.xml", "xl/workbook.xml", "[Content_Types].xml"]), FileType.XLSX),
        (archive(["[Content_Types].xml", "ppt/presentation.xml"], zipfile.ZIP_STORED), FileType.PPTX),
        (first_entry_says("application/vnd.oasis.opendocument.text"), FileType.ODT),
        (first_entry_says("application/epub+zip"), FileType.EPUB),
        (b"\x7fELF\x02\x01\x01\0", FileType.BINARY),
        (bytes(100), FileType.BINARY),
        (box(b"isom"), FileType.BINARY),
        (b"RIFF\x10\0\0\0WAVEfmt ", FileType.BINARY),
        (b"RIFF\x10\0\0\0????\0", FileType.BINARY),
    ],
)
def test_known_kinds(content: bytes, file_type: FileType) -> None:
    assert detect(content[:PEEK]) is file_type
    assert detect(content[:PEEK], name="picture.png", declared="image/png") is file_type
    assert not file_type.is_picture or file_type.content_type.startswith("image/")


@pytest.mark.parametrize(
    ("content", "name", "declared", "file_type"),
    [
        (archive(["x"]), "report.docx", "", FileType.DOCX),
        (archive(["x"]), "report", FileType.XLSX.content_type, FileType.XLSX),
        (archive(["word/document.xml"]), "report.xlsx", "", FileType.DOCX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old.xls", "", FileType.XLS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old", "application/msword; x=y", FileType.DOC),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old", "", FileType.OLE),
        (b"# Title", "README.md", "text/plain", FileType.MARKDOWN),
        (b"a,b\r\n", "export", "Text/CSV; charset=utf-8", FileType.CSV),
        (b"{}", "data.JSON", "", FileType.JSON),
        (b"Hello", "picture.png", "image/png", FileType.TEXT),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><title>x", "", "", FileType.HTML),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "", "", FileType.SVG),
        (b"<?xml version='1.0'?><a/>", "", "", FileType.XML),
        (b"<?xml version='1.0'?><svg/>", "drawing.svg", "", FileType.SVG),
    ],
)
def test_name_and_media_type_decide_where_bytes_cannot(
    content: bytes, name: str, declared: str, file_type: FileType
) -> None:
    assert detect(content, name=name, declared=declared) is file_type


@pytest.mark.parametrize(
    "text",
    [
        b"Hello",
        "你好,世界".encode(),
        "你好,世界".encode("gb18030"),
        "你好".encode("utf-16"),
        "caf\xe9 au lait".encode("latin-1"),
        b"tabs\tand\r\nlines\f\x1b[1mbold\x1b[0m",
        "界".encode() * 3000,
        b"BMW, MMORPG, RIFF, ID3 and other words",
        b"ID3 tags",
        b"RIFF raff",
    ],
)
def test_text_is_known_in_any_encoding(text: bytes) -> None:
    assert detect(text[:PEEK]) is FileType.TEXT


def test_a_drawing_is_no_picture() -> None:
    assert not FileType.SVG.is_picture
    assert FileType.SVG.is_text


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_text_is_never_taken_for_bytes(text: str) -> None:
    file_type = detect(text.encode())
    assert file_type.is_text or any(map(text.startswith, ("GIF8", "%PDF-", "{\\rtf"))), file_type


@given(st.binary(), st.text(), st.text())
def test_anything_is_something(head: bytes, name: str, declared: str) -> None:
    assert detect(head, name=name, declared=declared) in FileType


def test_no_two_kinds_share_an_extension_or_a_media_type() -> None:
    extensions = [extension for file_type in FileType for extension in file_type.extensions]
    content_types = [file_type.content_type for file_type in FileType]
    assert len(set(extensions)) == len(extensions)
    assert len(set(content_types)) == len(content_types)
