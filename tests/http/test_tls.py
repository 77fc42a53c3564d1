"""Whom TLS trusts by default, and how much memory a connection takes."""

import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lib.http.tls import default_context
from tests.certificates import Authority
from tests.http.server import Server, connected, forever

CHECKOUT = Path(__file__).parent.parent.parent

AT_MOST_KB = 90
"""Of memory, for a connection; with asyncio's own buffer it is 300."""


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The default context of a process that is told to trust the tests' authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    return default_context.__wrapped__()


def test_by_default_certificates_and_names_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    context = default_context.__wrapped__()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 100


def test_a_process_has_one_context() -> None:
    assert default_context() is default_context()


@pytest.mark.anyio
async def test_whom_the_environment_names_is_trusted(authority: Authority, trusted: ssl.SSLContext) -> None:
    async with Server(forever, authority.server("IP:127.0.0.1")) as server, connected(trusted) as (client, _):
        assert (await client.get(server.url)).text == "ok"


@pytest.mark.anyio
async def test_a_certificate_with_only_a_common_name_is_refused(authority: Authority, trusted: ssl.SSLContext) -> None:
    tls = authority.named_by_common_name_alone("files.example")
    async with Server(forever, tls) as server, connected(trusted) as (client, _):
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(server.url, extensions={"sni_hostname": "files.example"})


def test_a_connection_with_tls_takes_little_memory() -> None:
    command = [sys.executable, "-m", "bench.tls_memory"]
    with subprocess.Popen([*command, "serve"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            measured = subprocess.run([*command, url], cwd=CHECKOUT, capture_output=True, text=True, check=True)
        finally:
            server.kill()
    assert float(measured.stdout) < AT_MOST_KB
