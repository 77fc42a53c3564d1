"""Certificates for tests: an authority of their own and what it signs, made with the `openssl` command."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


class Authority:
    """Signs certificates that nobody else trusts. Everything lies in one directory."""

    def __init__(self, directory: Path) -> None:
        if shutil.which("openssl") is None:
            reason = "openssl was not found: apt-get install openssl"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._directory = directory
        self.certificate = directory / "authority.pem"
        # Python 3.13 trusts no authority that does not say what its key is for.
        self._make("authority", "-subj", "/CN=Tests", "-addext", "keyUsage=critical,keyCertSign")

    def server(self, *names: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """The context of a server whose certificate names `names`, such as `DNS:example.com` and `IP:127.0.0.1`."""
        name = names[0].replace(":", "-").replace("*", "any")
        alternatives = f"subjectAltName={','.join(names)}"
        signer = ("-CA", str(self.certificate), "-CAkey", str(self._directory / "authority.key"))
        self._make(
            name, "-subj", "/CN=server", "-addext", alternatives, "-addext", "basicConstraints=CA:FALSE", *signer
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def named_by_common_name_alone(self, host: str) -> ssl.SSLContext:
        """The context of a server whose certificate names `host` where nobody should look any more."""
        signer = ("-CA", str(self.certificate), "-CAkey", str(self._directory / "authority.key"))
        self._make("common-name", "-subj", f"/CN={host}", "-addext", "basicConstraints=CA:FALSE", *signer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._directory / "common-name.pem", self._directory / "common-name.key")
        return context

    def client(self) -> ssl.SSLContext:
        """The context of a client that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.certificate)

    def _make(self, name: str, *options: str) -> None:
        path = self._directory / name
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", f"{path}.key")
        command = ["openssl", "req", "-x509", "-days", "2", *key, "-out", f"{path}.pem", *options]
        subprocess.run(command, check=True, capture_output=True)
