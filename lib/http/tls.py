"""TLS as a client speaks it, without I/O: what is sent and received on one side, records on the other.

asyncio can do this too, but gives each connection a buffer of 256 KB: a thousand streams at once take 290 MB, and
33 MB with this (`docs/performance.md`). The security is in the `ssl` module in both cases: the same object does the
handshake, checks the certificate and the name, and encrypts.
"""

import os
import ssl
from collections.abc import Iterator
from functools import cache

MAX_RECORD = 16 * 1024
"""Bytes of content in the largest record that TLS knows (RFC 8446, 5.1): more never comes out of one read."""


@cache
def default_context() -> ssl.SSLContext:
    """The context that this process uses for all its connections: certificate and name are checked.

    Whom it trusts is what `SSL_CERT_FILE` or `SSL_CERT_DIR` name, else certifi's list. A platform's own list would be
    no faster to read (both are one file of some 140 certificates, 15 ms), and a Python that was built elsewhere may
    look for it in the wrong place.
    """
    cafile, capath = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not cafile and not capath:
        import certifi

        cafile = certifi.where()
    context = ssl.create_default_context(cafile=cafile or None, capath=capath or None)
    context.set_alpn_protocols(["http/1.1"])
    # A renegotiation (TLS 1.2) would make sending wait for receiving.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


class Tls:
    """The client's end of one connection."""

    def __init__(self, context: ssl.SSLContext, hostname: str) -> None:
        """`hostname`: whom the certificate has to name, a host or an address. Raises `ValueError` if it is neither."""
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        # As bytes: a name given as text would load Python's IDNA tables; httpx has encoded it already.
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=hostname.encode("ascii"))
        self.established = False
        """Is the handshake done, and was the certificate good?"""
        self.ended = False
        """Did the server say that nothing more comes?"""

    def receive(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Take what came over the wire, `b""` to begin the handshake; give what it says, piece by piece.

        Raises `ssl.SSLError`, after the pieces that were good. In any case there may be something `to_send` afterwards.
        """
        self._received.write(data)
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            while self._received.pending:
                piece = self._tls.read(MAX_RECORD)
                if not piece:
                    self.ended = True
                    break
                yield piece
        except ssl.SSLWantReadError:
            pass

    def send(self, data: bytes | memoryview) -> bytes:
        """Give what has to go over the wire to say `data`. Only once `established`."""
        if data:
            self._tls.write(data)
        return self.to_send()

    def to_send(self) -> bytes:
        """What has to go over the wire because of what was received."""
        return self._to_send.read()
