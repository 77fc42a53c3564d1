"""The bundle as it is deployed: one process, or several behind nginx, each of which may be ended and replaced."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from tests.bundle import CHECKOUT, START_TIMEOUT
from tests.redis_server import free_port

from .record import Record
from .secrets_in import secret_in

_NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-errors.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    large_client_header_buffers 8 32k;
    upstream bundle {{ {servers} }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            proxy_pass http://bundle;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 900s;
            client_max_body_size 32m;
            gzip off;
            add_header X-Instance $upstream_addr always;
        }}
    }}
}}
"""
"""As docs/deploy.md has it, and the instance's address in a header."""
_OF_REQUEST: Final = re.compile(rb'"request_id": "soak-(\d+)-')


class Unavailable(Exception):
    """What a run needs is not there; the message says what to install."""


@dataclass
class Instance:
    """One process of the bundle."""

    port: int
    process: asyncio.subprocess.Process
    started: float = field(default_factory=time.monotonic)
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """When, resident bytes, open descriptors."""

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def sample(self) -> None:
        """Note its memory and descriptors, as the kernel counts them."""
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            descriptors = len(os.listdir(f"/proc/{self.process.pid}/fd"))
            if pages:  # One that has ended holds nothing, and is no sample.
                self.samples.append((time.monotonic(), pages * os.sysconf("SC_PAGE_SIZE"), descriptors))


class Fleet:
    """The processes, from `start` to `stop`."""

    def __init__(self, processes: int, environ: Mapping[str, str], folder: Path, record: Record) -> None:
        self._count = processes
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GLM_")},
            **environ,
        }
        self._folder = folder
        self._record = record
        self._nginx: subprocess.Popen[bytes] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.instances: list[Instance] = []
        self.retired: list[Instance] = []
        self.port = 0
        """Where clients ask."""

    async def start(self) -> None:
        """Start all, and the nginx before them. Unavailable."""
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if self._count > 1 and program is None:
            raise Unavailable("nginx was not found: apt-get install nginx-light")
        self.instances = list(await asyncio.gather(*(self._start(free_port()) for _ in range(self._count))))
        self.port = self.instances[0].port
        if self._count > 1:
            assert program is not None
            self._start_nginx(program)
            await self._until_open()

    def _start_nginx(self, program: str) -> None:
        self.port = free_port()
        servers = " ".join(f"server {one.name};" for one in self.instances)
        configuration = self._folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=self._folder, servers=servers, port=self.port))
        self._nginx = subprocess.Popen([program, "-c", str(configuration), "-p", str(self._folder), "-e", "stderr"])

    async def _until_open(self) -> None:
        ends_at = time.monotonic() + START_TIMEOUT
        while time.monotonic() < ends_at:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise RuntimeError("nginx did not start")

    async def _start(self, port: int) -> Instance:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.soak.served", str(port),
            cwd=CHECKOUT, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, limit=2**22,
        )  # fmt: skip
        assert process.stdout is not None
        log = (self._folder / f"{port}.log").open("ab")
        while not (line := await process.stdout.readline()).startswith(b"http://"):
            if not line:
                raise RuntimeError(f"the bundle did not start: see {log.name}")
            log.write(line)
        self._run(self._read(process.stdout, log))
        return Instance(port, process)

    def _run(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, output: asyncio.StreamReader, log: IO[bytes]) -> None:
        """Keep what a process writes, and look for secrets in it."""
        with log:
            async for line in output:
                log.write(line)
                self._record.checked["secrets"] += 1
                self._note(line)
                if secret := secret_in(line.decode(errors="replace")):
                    self._record.breaks("secrets", f"a line of the log holds {secret}…: {log.name}")

    def _note(self, line: bytes) -> None:
        """What a process says of a request goes into its trace, for whoever reads it; no promise is checked by it."""
        if found := _OF_REQUEST.search(line):
            self._record.note(int(found[1]), f"log: {line.decode(errors='replace').strip()}")

    async def terminate(self, index: int) -> None:
        """End a process in order, with what it is answering, and put another in its place."""
        old = await self._replace(index, signal.SIGTERM)
        code = await old.process.wait()
        if code not in (0, -signal.SIGTERM):
            self._record.breaks("deadline", f"a process that was told to end did so with {code}")

    async def kill(self, index: int) -> None:
        """Kill a process, and put another in its place."""
        self._record.kills.append((time.monotonic(), self.instances[index].name))
        await self._replace(index, signal.SIGKILL)

    async def _replace(self, index: int, how: signal.Signals) -> Instance:
        old = self.instances[index]
        old.process.send_signal(how)
        self._record.ends.append(time.monotonic())
        self.retired.append(old)
        self.instances[index] = await self._start(old.port)
        return old

    def sample(self) -> None:
        """Note everybody's memory and descriptors."""
        for instance in self.instances:
            instance.sample()

    async def stop(self) -> None:
        """End all."""
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(START_TIMEOUT)
        for instance in [*self.instances, *self.retired]:
            if instance.process.returncode is None:
                instance.process.kill()
            await instance.process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
