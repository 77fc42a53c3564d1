"""TLS without I/O: whatever the cuts, what was sent is received; and nobody is trusted who should not be."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.http.tls import Tls, default_context
from tests.certificates import Authority

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session", params=VERSIONS, ids=["1.2", "1.3"])
def server(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext:
    return authority.server("DNS:example.com", "IP:127.0.0.1", version=request.param)


class Server:
    """The other end, in memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._received, self._to_send, server_side=True)

    def shake_hands(self, data: bytes) -> bytes:
        self._received.write(data)
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._to_send.read()

    def send(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self._to_send.read()

    def receive(self, data: bytes) -> bytes:
        self._received.write(data)
        return self.tls.read(1 << 20)

    def end(self) -> bytes:
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self._to_send.read()


def connected(client: ssl.SSLContext, server: ssl.SSLContext, hostname: str = "example.com") -> tuple[Tls, Server]:
    ours, theirs = Tls(client, hostname), Server(server)
    data = b""
    while not ours.established:
        assert list(ours.receive(data)) == []
        data = theirs.shake_hands(ours.to_send())
    if data:
        assert list(ours.receive(data)) == []
    return ours, theirs


@pytest.mark.parametrize("hostname", ["example.com", "127.0.0.1"])
def test_both_ends_understand_each_other(authority: Authority, server: ssl.SSLContext, hostname: str) -> None:
    ours, theirs = connected(authority.client(), server, hostname)
    assert theirs.receive(ours.send(b"question")) == b"question"
    assert b"".join(ours.receive(theirs.send(b"answer"))) == b"answer"
    assert not ours.ended
    assert b"".join(ours.receive(theirs.send(b"last") + theirs.end())) == b"last"
    assert ours.ended


def test_the_cuts_do_not_matter(authority: Authority, server: ssl.SSLContext) -> None:
    client = authority.client()

    @given(st.lists(st.binary(min_size=1, max_size=40_000), max_size=3), st.integers(1, 20_000))
    def check(messages: list[bytes], step: int) -> None:
        ours, theirs = connected(client, server)
        records = b"".join(map(theirs.send, messages)) + theirs.end()
        cuts = [records[at : at + step] for at in range(0, len(records), step)]
        assert b"".join(piece for cut in cuts for piece in ours.receive(cut)) == b"".join(messages)
        assert ours.ended

    check()


def test_a_record_is_handed_on_when_its_last_byte_is_there(authority: Authority, server: ssl.SSLContext) -> None:
    ours, theirs = connected(authority.client(), server)
    first, second = theirs.send(b"first"), theirs.send(b"second")
    assert list(ours.receive(first + second[:-1])) == [b"first"]
    assert list(ours.receive(second[-1:])) == [b"second"]


def test_what_was_good_is_given_before_the_error_about_what_was_not(
    authority: Authority, server: ssl.SSLContext
) -> None:
    ours, theirs = connected(authority.client(), server)
    good, bad = theirs.send(b"good"), bytearray(theirs.send(b"bad"))
    bad[-1] ^= 1
    pieces = ours.receive(good + bad)
    assert next(pieces) == b"good"
    with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
        next(pieces)


@pytest.mark.parametrize("hostname", ["example.org", "www.example.com", "127.0.0.2"])
def test_a_certificate_for_another_name_is_refused_and_the_server_told(
    authority: Authority, server: ssl.SSLContext, hostname: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="ismatch"):
        connected(authority.client(), server, hostname)


def test_an_unknown_authority_is_refused_and_the_server_told(server: ssl.SSLContext, tmp_path: Path) -> None:
    ours, theirs = Tls(Authority(tmp_path).client(), "example.com"), Server(server)
    list(ours.receive(b""))
    answer = theirs.shake_hands(ours.to_send())
    with pytest.raises(ssl.SSLCertVerificationError):
        list(ours.receive(answer))
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        theirs.receive(ours.to_send())


@pytest.mark.parametrize("hostname", ["", ".example.com", "exämple.com"])
def test_a_name_that_is_none_is_refused(authority: Authority, hostname: str) -> None:
    with pytest.raises(ValueError, match=r"hostname|ascii"):
        Tls(authority.client(), hostname)


def test_by_default_certificates_and_names_are_checked(
    authority: Authority, server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    default_context.cache_clear()
    context = default_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 100
    assert default_context() is context
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(context, server)

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    default_context.cache_clear()
    _, theirs = connected(default_context(), server)
    assert theirs.tls.selected_alpn_protocol() == "http/1.1"
    default_context.cache_clear()
