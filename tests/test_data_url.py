"""`data:` URLs: what goes in comes out, whatever way it was written; what is broken is said to be."""

import base64
import string
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.files.data_url import SLICE, is_data_url, parse

contents = st.binary(max_size=300)
slice_lengths = st.integers(min_value=4, max_value=40)


def decode(url: str, slice_length: int = SLICE) -> bytes:
    return b"".join(parse(url).chunks(slice_length))


@pytest.mark.parametrize(
    ("url", "content_type", "name", "content"),
    [
        ("data:,Hello%2C%20World!", "", "", b"Hello, World!"),
        ("data:text/plain;base64,SGVsbG8=", "text/plain", "", b"Hello"),
        ("DATA:Image/PNG;BASE64,SGVsbG8=", "image/png", "", b"Hello"),
        ("  data:text/plain;charset=utf-8; base64 ,SGVsbG8", "text/plain", "", b"Hello"),
        ("data:text/plain;base64,SGVs\r\n bG8=\n", "text/plain", "", b"Hello"),
        ("data:text/plain;base64,SGVsbG8%3D%0A", "text/plain", "", b"Hello"),
        ("data:;base64,-_-_", "", "", b"\xfb\xff\xbf"),
        ("data:application/pdf;name=a%20b.pdf;base64,SGVsbG8=", "application/pdf", "a b.pdf", b"Hello"),
        ('data:text/csv;filename="x.csv",a,b', "text/csv", "x.csv", b"a,b"),
        ("data:,100%", "", "", b"100%"),
        ("data:,%zz%4", "", "", b"%zz%4"),
        ("data:text/csv,a#b", "text/csv", "", b"a#b"),
        ("data:,中文", "", "", "中文".encode()),
        ("data:,", "", "", b""),
        ("data:;base64,", "", "", b""),
    ],
)
def test_known_forms(url: str, content_type: str, name: str, content: bytes) -> None:
    assert is_data_url(url)
    parsed = parse(url)
    assert (parsed.content_type, parsed.name) == (content_type, name)
    assert b"".join(parsed.chunks()) == content


@pytest.mark.parametrize("url", ["", "data", "date:,x", "http://data:80/,", "x data:,x"])
def test_another_scheme_is_not_taken_for_one(url: str) -> None:
    assert not is_data_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:text/plain;base64",
        "data:" + "x" * 2000 + ",x",
        "data:;base64,A",
        "data:;base64,AAAAA",
        "data:;base64,AA=A",
        "data:;base64,AA==AAAA",
        "data:;base64,AA===",
        "data:;base64,AA!A",
        "data:;base64,AAAé",
        "data:;base64,%ff",
        "data:;base64,A%",
        "data:;base64,\ud800",
        "data:,\ud800",
    ],
)
def test_a_broken_one_is_refused(url: str) -> None:
    for slice_length in (4, SLICE):
        with pytest.raises(ValueError, match=r"comma|broken|surrogates"):
            decode(url, slice_length)


@given(contents, slice_lengths, st.booleans(), st.booleans(), st.data())
def test_base64_comes_back(
    content: bytes, slice_length: int, is_url_safe: bool, is_padded: bool, data: st.DataObject
) -> None:
    text = (base64.urlsafe_b64encode if is_url_safe else base64.b64encode)(content).decode()
    symbols = text if is_padded else text.rstrip("=")
    disguises = data.draw(
        st.lists(
            st.sampled_from(["{}", "{}\n", " {}", "%20{}", "escaped"]), min_size=len(symbols), max_size=len(symbols)
        )
    )
    written = [
        f"%{ord(symbol):02x}" if disguise == "escaped" else disguise.format(symbol)
        for symbol, disguise in zip(symbols, disguises, strict=True)
    ]
    url = "data:;base64," + "".join(written)
    assert decode(url, slice_length) == content
    assert parse(url).size in {None, len(content)}
    assert parse(url).least_size <= len(content)


@given(contents)
def test_the_size_of_plain_base64_is_known_before_it_is_decoded(content: bytes) -> None:
    encoded = base64.encodebytes(content).decode()
    assert parse("data:;base64," + encoded).size == len(content)
    assert parse("data:;base64," + encoded.rstrip("=\n")).size == len(content)


@given(contents, slice_lengths, st.text(alphabet=string.printable, max_size=20))
def test_percent_escapes_come_back(content: bytes, slice_length: int, safe: str) -> None:
    url = "data:application/octet-stream," + quote_from_bytes(content, safe=safe.replace("%", ""))
    assert decode(url, slice_length) == content
    assert parse(url).size in {None, len(content)}
    assert parse(url).least_size <= len(content)


@given(st.text(alphabet=st.one_of(st.sampled_from("%;,=base64/+ 4z"), st.characters())), slice_lengths)
def test_junk_is_read_as_something_or_refused(text: str, slice_length: int) -> None:
    url = f"data:{text}"
    try:
        content = decode(url, slice_length)
    except ValueError:
        with pytest.raises(ValueError, match=r"comma|broken|surrogates"):
            decode(url)
        return
    assert content == decode(url)
    assert parse(url).least_size <= len(content)
    assert parse(url).size in {None, len(content)}
