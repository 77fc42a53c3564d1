"""HTTP/1.1 without I/O: however a response is cut, it is read the same, at once, and as h11 reads it."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.http import http1
from lib.http.http1 import MAX_CHUNK_LINE, MAX_HEAD, ProtocolError, ResponseReader

TOKENS = st.text("abcXYZ019-_!", min_size=1, max_size=8).map(str.encode)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12).map(
    lambda text: text.encode("latin-1").replace(b"\x85", b"").replace(b"\xa0", b"")
)
FRAMING_NAMES = {b"content-length", b"transfer-encoding", b"connection"}
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
        blank = draw(st.sampled_from([b"", b" ", b" \t"]))
        data += newline + name + b":" + blank + value + blank
    data += newline * 2
    content: list[tuple[int, bytes]] = []
    for piece in pieces:
        if framing == "chunked":
            extension = draw(st.sampled_from([b"", b";a=b", b' ; a="\xe4"', b" "]))
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

    head: http1.Head | None = None
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


def read_by_h11(data: bytes, method: str) -> Outcome:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    head, body = None, b""
    try:
        connection.receive_data(data)
        connection.receive_data(b"")
        while type(event := connection.next_event()) is not h11.EndOfMessage:
            if type(event) is h11.Response:
                head = http1.Head(
                    b"HTTP/" + event.http_version, event.status_code, event.reason, event.headers.raw_items()
                )
            elif type(event) is h11.Data:
                body += event.data
            elif type(event) is h11.ConnectionClosed or event is h11.PAUSED:
                return Outcome(refused=True)
    except h11.RemoteProtocolError:
        return Outcome(refused=True)
    return Outcome(head, body, complete=True)


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


@given(responses(), st.data())
def test_what_h11_reads_is_read_alike_and_what_it_refuses_is_refused(wire: Wire, data: st.DataObject) -> None:
    mutated = bytearray(wire.data)
    for _ in range(data.draw(st.integers(0, 3), "changes")):
        at = data.draw(st.integers(0, len(mutated) - 1), "at")
        mutated[at : at + data.draw(st.integers(0, 2), "removed")] = data.draw(
            st.sampled_from(
                [
                    b"",
                    b"\r",
                    b"\n",
                    b"\r\n",
                    b"\r\n\r\n",
                    b" ",
                    b":",
                    b",",
                    b";",
                    b"0",
                    b"7",
                    b"f",
                    b"\0",
                    b"\x0b",
                    b"x",
                ]
            ),
            "inserted",
        )
    method = data.draw(st.sampled_from(["GET", "GET", "HEAD"]), "method")
    compare_with_h11(bytes(mutated), method)
    places = data.draw(st.lists(st.integers(0)), "cuts")
    assert read(cut(bytes(mutated), places), method) == read([bytes(mutated)], method)


FRAMING = [
    b"Content-Length: 3",
    b"Content-Length: 3, 3",
    b"Content-Length: 3, 4",
    b"Content-Length: +3",
    b"Content-Length:",
    b"Content-Length: 3,",
    b"Content-Length: 0x3",
    b"Content-Length: 3_0",
    b"content-length: 3",
    b"Content-Length: 4",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding:",
    b"Transfer-Encoding : chunked",
    b"transfer-encoding: \x0bchunked",
    b"Connection: close",
    b"Content-Length: " + b"9" * 21,
]
BODIES = [
    b"",
    b"abc",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"+3\r\nabc\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b"3 \r\nabc\r\n0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n",
    b"3\nabc\r\n0\r\n\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nabc0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n",
    b"3;\r\nabc\r\n0\r\n\r\n",
    b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    b"\r\n\r\n",
    b"3\r\nabc\r\n0\r\nA : b\r\n\r\n",
    b"3\r\nabc\r\n0\r\nA: b\r\n\r\n",
]


@given(
    st.sampled_from([b"200 OK", b"204 No Content", b"304 Not Modified", b"205 Reset Content", b"302 Found"]),
    st.lists(st.sampled_from(FRAMING), max_size=3),
    st.sampled_from(BODIES),
    st.sampled_from(["GET", "HEAD"]),
    st.sampled_from([b"1.0", b"1.1"]),
)
def test_the_framing_is_decided_as_h11_decides_it(
    status: bytes, fields: list[bytes], body: bytes, method: str, version: bytes
) -> None:
    compare_with_h11(b"\r\n".join([b"HTTP/" + version + b" " + status, *fields, b"", body]), method)


OURS_ALONE = re.compile(
    rb"\n[ \t]"  # A folded line.
    rb"|(?:^|\n)HTTP/[02-9]"  # Another version.
    rb"|\n[0-9a-fA-F]{17,}"  # A chunk longer than 64 bits can tell.
    rb"|;[^\n]*[\x00\r][^\n]"  # A control character in a chunk's extension.
)
H11_ALONE = re.compile(rb"[0-9a-fA-F][ \t]+;")  # A blank before a chunk's extension, which 7.1.1 lets pass.


def compare_with_h11(data: bytes, method: str) -> None:
    ours, theirs = read([data], method, eof=True), read_by_h11(data, method)
    if (ours.refused and OURS_ALONE.search(data)) or (theirs.refused and H11_ALONE.search(data)):
        return
    assert (ours.refused, ours.body) == (theirs.refused, theirs.body)
    if ours.head is not None and theirs.head is not None:
        assert ours.head[:3] == theirs.head[:3]
        assert other_fields(ours.head) == other_fields(theirs.head)


def other_fields(head: http1.Head) -> list[tuple[bytes, bytes]]:
    """Without those that h11 writes in its own way."""
    return [(name, value) for name, value in head.headers if name.lower() not in FRAMING_NAMES]


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
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

    assert read([head(MAX_HEAD)]).complete
    assert read([head(MAX_HEAD + 1)]).refused
    assert read([head(MAX_HEAD * 2)[: MAX_HEAD + 1]]).refused
    assert read([b"x"] * (MAX_HEAD + 1)).refused
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert read([hints, head(MAX_HEAD - len(hints))]).complete
    assert read([hints, head(MAX_HEAD - len(hints) + 1)]).refused


def test_the_lines_around_chunks_have_a_limit() -> None:
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    longest = b"1;" + b"x" * (MAX_CHUNK_LINE - 4) + b"\r\n"
    for line, refused in [(longest, False), (b"0" + longest, True), (longest[:-2] + b"xxx", True)]:
        assert read([chunked, line]).refused == refused
        assert read([chunked, line[:9], line[9:]]).refused == refused
    assert not read([chunked + b"0\r\nTrailer: " + b"x" * (MAX_HEAD - 20)]).refused
    assert read([chunked + b"0\r\nTrailer: " + b"x" * MAX_HEAD]).refused


def test_a_request_is_written_as_it_was_made() -> None:
    headers = [(b"Host", b"x"), (b"Accept", b"*/*"), (b"x-Empty", b"")]
    assert http1.request_head("POST", b"/a?b=%20", headers) == (
        b"POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nx-Empty: \r\n\r\n"
    )
    assert http1.chunk(b"x" * 17) + http1.LAST_CHUNK == b"11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("bad", [b"\r", b"\n", b"\0", b"a\r\nHost: b"])
def test_a_request_cannot_be_made_to_hold_another_line(bad: bytes) -> None:
    text = bad.decode()
    for method, target, name, value in [
        (f"GET{text}", b"/", b"a", b"b"),
        ("GET", b"/" + bad, b"a", b"b"),
        ("GET", b"/", b"a" + bad, b"b"),
        ("GET", b"/", b"a", b"b" + bad),
        ("G T", b"/", b"a", b"b"),
        ("GET", b"/ ", b"a", b"b"),
        ("GET", b"/", b"a b", b"b"),
        ("GET", b"/", b"", b"b"),
    ]:
        with pytest.raises(ProtocolError):
            http1.request_head(method, target, [(name, value)])
