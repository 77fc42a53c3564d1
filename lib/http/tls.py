"""TLS: whom we trust, and how much memory a connection may take."""

import asyncio.sslproto
import os
import ssl
from functools import cache
from typing import Final

BUFFER_SIZE: Final = 16 * 1024
"""Bytes that asyncio's TLS reads at once: the largest record that TLS knows (RFC 8446, 5.1). Its own choice of 256 KB
is a buffer for each connection, which a thousand streams at once pay with 250 MB."""

asyncio.sslproto.SSLProtocol.max_size = BUFFER_SIZE  # There is no other way to say it; it holds for the whole process.


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
    context.hostname_checks_common_name = False  # A name counts where certificates have names (RFC 9525, 2).
    context.set_alpn_protocols(["http/1.1"])
    # A renegotiation (TLS 1.2) would make sending wait for receiving.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context
