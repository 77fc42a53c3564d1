"""Certificates for the tests of TLS, and both event loops."""

import ssl

import pytest

from tests.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def certified(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext:
    return authority.server("IP:127.0.0.1", "DNS:files.example", version=request.param)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops that people run the bundle on."""
    return "asyncio", {"use_uvloop": request.param}
