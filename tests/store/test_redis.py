"""What is particular to Redis: its URL, its passwords, TLS, and its ways of being of no use."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.store.redis import RedisDriver
from lib.store.shared import SharedStore
from tests.redis_server import RedisServer, Unavailable
from tests.store.backend import Backend
from tests.store.cases import DAY, NAME, warning, warnings

PASSWORD = "hunter2-p@ss/word"

pytestmark = pytest.mark.anyio


@contextmanager
def running(certificate: Path | None = None) -> Iterator[RedisServer]:
    try:
        server = RedisServer(PASSWORD, certificate)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


def opened(url: str) -> SharedStore:
    return SharedStore(RedisDriver(url))


async def test_a_database_is_kept_to(servers: dict[str, Backend]) -> None:
    backend = servers["redis"]
    backend.clear()
    third, default = opened(f"{backend.url}/3"), opened(backend.url)
    await third.set(NAME, b"value", DAY)
    assert await default.get(NAME) is None
    assert await third.get(NAME) == b"value"
    await third.aclose()
    await default.aclose()


async def test_the_password_of_the_url_is_used(log: pytest.LogCaptureFixture) -> None:
    with running() as server:
        one, two = opened(server.url), opened(server.url)
        await one.set(NAME, b"value", DAY)
        assert await two.get(NAME) == b"value"
        await one.aclose()
        await two.aclose()
    assert warnings(log) == []


async def test_a_wrong_password_is_an_outage_that_does_not_tell_it(log: pytest.LogCaptureFixture) -> None:
    with running() as server:
        store = opened(f"redis://:wrong-secret@127.0.0.1:{server.port}")
        await store.set(NAME, b"value", DAY)
        assert await store.get(NAME) == b"value"
        await store.aclose()
    assert warnings(log) == [warning("AuthenticationError")]
    assert not any(secret in log.text for secret in (PASSWORD, "wrong-secret", NAME, "value"))


async def test_a_redis_that_takes_no_writes_is_an_outage(log: pytest.LogCaptureFixture) -> None:
    with running() as server:
        with server.client() as client:
            client.config_set("maxmemory", 1)
        store = opened(server.url)
        await store.set(NAME, b"value", DAY)
        assert await store.get(NAME) == b"value"
        await store.aclose()
    assert warnings(log) == [warning("OutOfMemoryError")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl was not found: apt-get install openssl")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


async def test_rediss_speaks_tls_with_a_server_that_is_trusted_and_no_other(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    with running(certificate) as server:
        stranger = opened(server.url)
        await stranger.set(NAME, b"value", DAY)
        await stranger.aclose()
        assert warnings(log) == [warning("ConnectionError")]
        log.clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        one, two = opened(server.url), opened(server.url)
        assert await one.get(NAME) is None
        await one.set(NAME, b"value", DAY)
        assert await two.get(NAME) == b"value"
        await one.aclose()
        await two.aclose()
    assert warnings(log) == []
