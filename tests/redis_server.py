"""A real Redis server for tests: Debian's `redis-server`, on a free port of 127.0.0.1, forgetting all when it ends."""

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

STOP_SECONDS = 10


class Unavailable(Exception):
    """No Redis server can be run here; the message says what to install."""


class RedisServer:
    """Runs between `__enter__` and `__exit__`; `stop` and `start` take it away and bring it back, empty, on its port.

    With a `certificate` (a PEM file that also holds its private key) it speaks TLS alone.
    """

    def __init__(self, password: str = "", certificate: Path | None = None) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Unavailable("redis-server was not found: apt-get install redis-server")
        self._program = program
        self._password = password
        self._certificate = certificate
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """What GLM_TOKEN_STORE is set to for it."""
        scheme = "rediss" if self._certificate else "redis"
        return f"{scheme}://{f':{quote(self._password, safe="")}@' if self._password else ''}127.0.0.1:{self.port}"

    def client(self) -> redis.Redis:
        """A plain client, to look at what is really there. Close it, or use it in a `with` block."""
        return redis.Redis(port=self.port, password=self._password or None)

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self._process = process = subprocess.Popen(
            [self._program, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tempfile.gettempdir()
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._configuration())
        process.stdin.close()
        log = []
        for line in process.stdout:
            log.append(line)
            if "Ready to accept connections" in line:
                return
        self.stop()
        raise RuntimeError(f"redis-server did not start:\n{''.join(log)}")

    @property
    def pid(self) -> int:
        """The process's id while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Kill it, with all that it held."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()

    def _configuration(self) -> str:
        lines = ["bind 127.0.0.1", 'save ""', "appendonly no", "daemonize no", 'logfile ""', "loglevel notice"]
        if self._password:
            lines.append(f'requirepass "{self._password}"')
        if self._certificate:
            lines += ["port 0", f"tls-port {self.port}", "tls-auth-clients no"]
            lines += [f'tls-cert-file "{self._certificate}"', f'tls-key-file "{self._certificate}"']
        else:
            lines.append(f"port {self.port}")
        return "\n".join(lines) + "\n"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
