"""Names of files: safe to pass on, and honest about the type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.files.file_name import MAX_LENGTH, clean, file_name, from_content_disposition
from lib.files.media_type import FileType

file_types = st.sampled_from(FileType)
# Bits that make names difficult, between anything at all.
names = st.lists(
    st.one_of(
        st.text(max_size=5),
        st.sampled_from(
            [".", "..", "/", "\\", " ", "\0", "\r\n", "\u202e", "\ud800", ".png", ".TXT", ".tar", "x" * 50]
        ),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("name", "file_type", "expected"),
    [
        ("holiday.png", FileType.PNG, "holiday.png"),
        ("holiday.PNG", FileType.PNG, "holiday.PNG"),
        ("holiday.jpeg", FileType.JPEG, "holiday.jpeg"),
        ("holiday.txt", FileType.PNG, "holiday.png"),
        ("holiday.png.txt", FileType.PNG, "holiday.png"),
        ("holiday", FileType.PNG, "holiday.png"),
        ("version 1.2", FileType.PDF, "version 1.2.pdf"),
        ("main.rs", FileType.TEXT, "main.rs"),
        ("README", FileType.TEXT, "README.txt"),
        ("error.pdf", FileType.HTML, "error.html"),
        ("notes.md", FileType.MARKDOWN, "notes.md"),
        ("data.parquet", FileType.BINARY, "data.parquet"),
        ("broken.png", FileType.BINARY, "broken.bin"),
        ("macros.docm", FileType.DOCX, "macros.docm"),
        ("報告 2026.docx", FileType.DOCX, "報告 2026.docx"),
        ("", FileType.JPEG, "file.jpg"),
        ("..", FileType.PDF, "file.pdf"),
        ("/", FileType.PDF, "file.pdf"),
        ("../../etc/passwd", FileType.TEXT, "passwd.txt"),
        ("C:\\Users\\me\\a.pdf", FileType.PDF, "a.pdf"),
        ("a\r\nSet-Cookie: x=y.pdf", FileType.PDF, "a Set-Cookie x=y.pdf"),
        ('a"; filename="b.pdf', FileType.PDF, "a; filename=b.pdf"),
        ("nul\0byte.pdf", FileType.PDF, "nulbyte.pdf"),
        ("cod\u202efdp.exe", FileType.PDF, "codfdp.exe.pdf"),
        (".htaccess", FileType.TEXT, "htaccess.txt"),
        ("x" * 300 + ".pdf", FileType.PDF, "x" * 76 + ".pdf"),
        ("lone \ud800 half.pdf", FileType.PDF, "lone half.pdf"),
    ],
)
def test_known_names(name: str, file_type: FileType, expected: str) -> None:
    assert file_name(name, file_type) == expected


@given(names, file_types)
def test_a_name_is_safe_and_stays_as_it_is(name: str, file_type: FileType) -> None:
    made = file_name(name, file_type)
    assert made == file_name(made, file_type)
    assert made == clean(made)
    assert made.isprintable()
    assert not set(made) & set('/\\<>:"|?*')
    assert not made.startswith((".", " "))
    assert len(made) <= MAX_LENGTH
    made.encode()


@given(names, file_types.filter(lambda file_type: not file_type.is_text and file_type is not FileType.BINARY))
def test_a_name_ends_in_what_the_file_is(name: str, file_type: FileType) -> None:
    assert file_name(name, file_type).rpartition(".")[2].lower() in file_type.extensions


@pytest.mark.timeout(10)
def test_a_huge_name_is_no_work() -> None:
    assert file_name("." * 10_000_000 + ".7z" * 1_000_000, FileType.PNG).endswith(".png")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename=report.pdf; size=5", "report.pdf"),
        ("inline;FileName = report.pdf", "report.pdf"),
        ('attachment; filename="a \\"b\\" c.pdf"', 'a "b" c.pdf'),
        ("attachment; filename*=UTF-8''%e5%a0%b1%e5%91%8a.pdf", "報告.pdf"),
        ("attachment; filename*=iso-8859-1'en'caf%e9.pdf", "café.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''y.pdf", "y.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=unknown''y.pdf", "x.pdf"),
        ('attachment; filename="%E5%A0%B1.pdf"', "報.pdf"),
        ('attachment; filename="報.pdf"', "報.pdf"),
        ("attachment", ""),
        ("", ""),
        ('attachment; filename=""', ""),
    ],
)
def test_the_name_in_a_content_disposition(header: str, name: str) -> None:
    assert from_content_disposition(header) == name


@given(
    st.lists(st.sampled_from(["filename", "*", "=", '"', "\\", "''", "utf-8", ";", " ", "%", "%ff", "a"])).map("".join)
)
def test_a_broken_content_disposition_gives_some_name_or_none(header: str) -> None:
    assert isinstance(from_content_disposition(header), str)


@pytest.mark.timeout(10)
def test_a_hostile_content_disposition_is_no_work() -> None:
    for hostile in ('filename="\\', "filename*=utf-8'", "filename  ", "filename*utf-8''", 'filename="a'):
        from_content_disposition(hostile * 10_000)
