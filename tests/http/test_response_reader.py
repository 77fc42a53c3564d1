"""Reading a response: however it is cut, it is read the same, at once; and what is none is refused."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.http.response_reader import MAX_WITHOUT_CONTENT, Head, ProtocolError, ResponseReader

TOKENS = st.text("abcXYZ019-_!", min_size=1, max_size=8).map(str.encode)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12).map(
    lambda text: text.encode("latin-1")
)
FIELDS = st.lists(st.tuples(TOKENS, VALUES), max_size=4)
CONTENTS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


class Wire(NamedTuple):
    """A response, and where in it the content is."""

    data: bytes
    content: list[tuple[int, bytes]]
    """Each byte of it with its place."""

    def content_within(self, size: int) -> bytes:
        return b"".join(byte for place, byte in self.content if place < size)


@st.composite
def responses(draw: st.DrawFn) -> Wire:
    """Well-formed responses of each framing, after any number of informational ones."""
    newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n"]))
    framing = draw(st.sampled_from(["chunked", "length", "close"]))
    pieces = draw(CONTENTS)
    data = bytearray()
    for status in draw(st.lists(st.sampled_from([b"100 Continue", b"103 Early Hints", b"199"]), max_size=2)):
        data += b"HTTP/1.1 " + status + newline + b"Link: </x>" + newline + newline
    data += (
        b"HTTP/1."
        + draw(st.sampled_from([b"1", b"1", b"0"]))
        + b" "
        + draw(st.sampled_from([b"200 OK", b"500", b"404 "]))
    )
    fields = draw(FIELDS)
    if framing == "chunked":
        fields.append((b"Transfer-Encoding", b"chunked"))
    elif framing == "length":
        fields.append((b"Content-Length", b"%d" % sum(map(len, pieces))))
    for name, value in fields:
        before, after = draw(st.sampled_from([b"", b" ", b" \t"])), draw(st.sampled_from([b"", b" "]))
        data += newline + name + b":" + before + value + after
    data += newline * 2
    content: list[tuple[int, bytes]] = []
    for piece in pieces:
        if framing == "chunked":
            extension = draw(st.sampled_from([b"", b";a=b", b';a="x y"', b" "]))
            data += draw(st.sampled_from([b"%x", b"%X", b"000%x"])) % len(piece) + extension + b"\r\n"
        content += [(len(data) + at, piece[at : at + 1]) for at in range(len(piece))]
        data += piece
        if framing == "chunked":
            data += b"\r\n"
    if framing == "chunked":
        data += b"0\r\n" + draw(st.sampled_from([b"", b"Sum: 1\r\n", b"A: b\r\nC: d\r\n"])) + b"\r\n"
    return Wire(bytes(data), content)


class Outcome(NamedTuple):
    """What was read, or that it was refused."""

    head: Head | None = None
    body: bytes = b""
    complete: bool = False
    reusable: bool = False
    refused: bool = False


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def read(pieces: Iterable[bytes], method: str = "GET", *, eof: bool = False) -> Outcome:
    reader = ResponseReader(method)
    body = b""
    try:
        for piece in pieces:
            body += reader.feed(piece)
        if eof:
            reader.feed_eof()
    except ProtocolError:
        return Outcome(refused=True)
    return Outcome(reader.head, body, reader.complete, reader.reusable)


@given(responses(), st.lists(st.integers(0)), st.sampled_from(["GET", "HEAD"]))
def test_the_cuts_do_not_matter(wire: Wire, places: list[int], method: str) -> None:
    whole = read([wire.data], method)
    assert not whole.refused
    assert read(cut(wire.data, places), method) == whole
    assert read([wire.data[at : at + 1] for at in range(len(wire.data))], method) == whole


@given(responses(), st.lists(st.integers(0)))
def test_content_comes_out_as_it_arrives_and_ends_when_it_is_complete(wire: Wire, places: list[int]) -> None:
    reader = ResponseReader("GET")
    received = 0
    body = b""
    for piece in cut(wire.data, places):
        body += reader.feed(piece)
        received += len(piece)
        assert body == wire.content_within(received)
    reader.feed_eof()
    assert reader.complete


@given(responses(), st.integers(0))
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(wire: Wire, place: int) -> None:
    head_end = min((place for place, _ in wire.content), default=len(wire.data))
    shortened = wire.data[: place % len(wire.data)]
    outcome = read([shortened], eof=True)
    assert outcome.refused or (b"Transfer-Encoding" not in wire.data and len(shortened) >= head_end)
    if b"Content-Length" in wire.data and wire.content:
        assert outcome.refused


@given(responses(), st.lists(st.tuples(st.integers(0), st.binary(max_size=3)), min_size=1, max_size=3))
def test_what_is_garbled_is_read_or_refused(wire: Wire, changes: list[tuple[int, bytes]]) -> None:
    garbled = bytearray(wire.data)
    for place, inserted in changes:
        at = place % len(garbled)
        garbled[at : at + 1] = inserted or b"x"
    outcome = read([bytes(garbled)], eof=True)
    assert outcome.refused or outcome.complete


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x50\n\n",
        OK + b"folded: a\r\n b\r\n\r\n",
        OK + b" folded: a\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"blank : a\r\n\r\n",
        OK + b": no name\r\n\r\n",
        OK + b"null: \0\r\n\r\n",
        OK + b"return: a\rb: c\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Content-Length: +1\r\n\r\n",
        OK + b"Content-Length: 1, 2\r\n\r\n",
        OK + b"Content-Length: 0x1\r\n\r\n",
        OK + b"Content-Length: " + b"9" * 21 + b"\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\t\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_not_a_head_is_refused(head: bytes) -> None:
    assert read([head]).refused


def test_a_response_with_two_lengths_is_read_by_its_chunks_and_ends_the_connection() -> None:
    body = b"\r\n3\r\nabc\r\n0\r\n\r\n"
    both = read([OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n" + body])
    assert (both.body, both.complete, both.reusable) == (b"abc", True, False)
    chunked = read([OK + b"Transfer-Encoding: chunked\r\n" + body])
    assert (chunked.body, chunked.complete, chunked.reusable) == (b"abc", True, True)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
        OK + b"Connection: x, Close\r\nContent-Length: 1\r\n\r\na",
        OK + b"Content-Length: 1\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\na",
    ],
)
def test_a_connection_that_ends_or_brings_more_than_the_response_is_not_used_again(data: bytes) -> None:
    for pieces in ([data], [data[:-1], data[-1:]]):
        outcome = read(pieces)
        assert (outcome.complete, outcome.reusable) == (True, False)
    assert read([OK + b"Content-Length: 1\r\n\r\na"]).reusable


def test_a_head_has_a_limit_however_it_comes_and_informational_heads_count() -> None:
    def head(size: int) -> bytes:
        start = OK + b"Content-Length: 0\r\na: "
        return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"

    assert read([head(MAX_WITHOUT_CONTENT)]).complete
    assert read([head(MAX_WITHOUT_CONTENT + 1)]).refused
    assert read([head(MAX_WITHOUT_CONTENT * 2)[: MAX_WITHOUT_CONTENT + 1]]).refused
    assert read([b"x"] * (MAX_WITHOUT_CONTENT + 1)).refused
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert read([hints, head(MAX_WITHOUT_CONTENT - len(hints))]).complete
    assert read([hints, head(MAX_WITHOUT_CONTENT - len(hints) + 1)]).refused


@pytest.mark.parametrize(
    "chunk",
    [
        b"+3\r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b" 3\r\nabc\r\n",
        b"3\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc0\r\n",
        b"\r\n",
        b"1" * 17 + b"\r\n",
        b"0\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_not_a_chunk_is_refused(chunk: bytes) -> None:
    assert read([OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk]).refused


def test_what_stands_around_chunks_has_a_limit() -> None:
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for endless in (b"1;", b"0\r\nTrailer: ", b"0\r\na: b\r\nTrailer: "):
        assert not read([chunked, endless, b"x" * (MAX_WITHOUT_CONTENT // 2)]).refused
        assert read([chunked, endless, *[b"x" * 1000] * (MAX_WITHOUT_CONTENT // 1000 + 1)]).refused
    assert read([chunked, *[b"1\r\nx\r\n"] * MAX_WITHOUT_CONTENT]).body == b"x" * MAX_WITHOUT_CONTENT
