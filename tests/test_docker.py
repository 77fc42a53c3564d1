"""The container without an engine: the Dockerfile checked by its linter, and its commands run in its order.

Each instruction is carried out in a folder that stands for the image: `COPY` copies from what .dockerignore lets
through, `RUN` and `CMD` run as they are written, with the packages in a virtual environment of the base image's Python.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import yaml  # type: ignore[import-untyped]

from lib.settings import Settings
from tests.platforms import pypi
from tests.upstream import Account, Answer, Gate, StandIn, Text

pytestmark = pytest.mark.platform

CHECKOUT = Path(__file__).parent.parent
DOCKERFILE = CHECKOUT / "Dockerfile"
COMPOSE = CHECKOUT / "compose.yaml"

START_SECONDS = 10.0
END_SECONDS = 5.0
MAX_BYTES = 80_000_000
"""What may be added to the base image, which has about 120 MB itself."""


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, and what stands behind it, its lines joined."""

    name: str
    value: str


def instructions() -> list[Instruction]:
    """What the Dockerfile says, without comments."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def value(name: str) -> str:
    """What stands behind the only instruction `name`."""
    [found] = [instruction.value for instruction in instructions() if instruction.name == name]
    return found


def context() -> list[str]:
    """The files that are sent to the engine, as its own client chooses them."""
    script = """
import sys
from docker.utils.build import exclude_paths
root, ignore = sys.argv[1:]
print("\\n".join(sorted(exclude_paths(root, open(ignore).read().splitlines()))))
"""
    python = pypi.need("docker", "python")
    command = [str(python), "-c", script, str(CHECKOUT), str(CHECKOUT / ".dockerignore")]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [file for file in listed if file not in {"Dockerfile", ".dockerignore"}]  # Which are sent in any case.


@dataclass
class Image:
    """A folder that stands for the built image."""

    root: Path
    workdir: Path
    environ: dict[str, str]
    commands: dict[str, list[str]] = field(default_factory=dict)
    """How to start it, and how to see whether it is well."""

    @property
    def user(self) -> int | None:
        """Whom it runs as; None where this machine does not let us: only root can, and only with a Python for all."""
        python = Path(sys.base_prefix, "bin", "python3").resolve()
        is_for_all = all(folder.stat().st_mode & 0o001 for folder in (python, *python.parents))
        return int(value("USER").partition(":")[0]) if os.geteuid() == 0 and is_for_all else None

    def run(self, name: str, **environ: str) -> "subprocess.Popen[str]":
        """Start a command as the engine would."""
        return subprocess.Popen(
            self.commands[name],
            cwd=self.workdir,
            env={**self.environ, **environ},
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, built."""
    files = context()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)  # Another user will run what is in it.
        python = root / "usr" / "local"
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
        built = Image(root, root, {"PATH": f"{python / 'bin'}:/usr/bin:/bin", "HOME": "/nonexistent"})
        for instruction in instructions():
            carry_out(instruction, built, files)
        yield built


def carry_out(instruction: Instruction, image: Image, files: list[str]) -> None:
    """Do what an instruction says."""
    name, text = instruction.name, instruction.value
    if name == "WORKDIR":
        image.workdir = image.root / text.lstrip("/")
        image.workdir.mkdir(parents=True)
    elif name == "ENV":
        image.environ.update(re.findall(r"(\w+)=(\S+)", text))
    elif name == "COPY":
        source, target = text.split()
        found = [file for file in files if file == source or file.startswith(f"{source}/")]
        assert found, f"{source} is not in the context"
        for file in found:
            if (CHECKOUT / file).is_file():
                place = image.workdir / target / file.removeprefix(f"{source}/")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / file, place)
    elif name == "RUN":
        subprocess.run(["sh", "-c", text], cwd=image.workdir, env=image.environ, check=True)
    elif name == "CMD":
        image.commands["CMD"] = json.loads(text)
    elif name == "HEALTHCHECK":
        image.commands["HEALTHCHECK"] = json.loads(text.partition(" CMD ")[2])
    else:
        assert name in {"FROM", "USER", "EXPOSE"}, f"{name} is not understood here"


@dataclass
class Container:
    """A running image."""

    url: str
    process: "subprocess.Popen[str]"
    environ: dict[str, str]


@pytest.fixture
def container(image: Image, upstream: StandIn) -> Iterator[Container]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"PORT": str(port), "GLM_CHATGLM_URL": upstream.url}
    process = image.run("CMD", **environ)
    url = f"http://127.0.0.1:{port}"
    try:
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(f"{url}/ping")
                break
            except httpx.ConnectError:
                assert process.poll() is None, "it ended at once"
                assert time.monotonic() < give_up, "it does not listen"
                time.sleep(0.05)
        yield Container(url, process, environ)
    finally:
        process.kill()
        print(process.communicate()[0])


def client(container: Container, account: Account) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{container.url}/v1", api_key=account.refresh_token, max_retries=0)


def stream(container: Container, account: Account) -> Any:
    return client(container, account).chat.completions.create(
        model="glm-5.3", messages=[{"role": "user", "content": "Laugh."}], stream=True
    )


def test_the_linter_finds_nothing() -> None:
    done = subprocess.run(
        [str(pypi.need("docker", "hadolint")), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


def test_compose_files_have_this_form() -> None:
    check = str(pypi.need("docker", "check-jsonschema"))
    command = [check, "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_passes_every_setting_on() -> None:
    service = yaml.safe_load(COMPOSE.read_text())["services"]["glm"]
    documented = set(re.findall(r"`(GLM_\w+)`", (CHECKOUT / "lib" / "settings.py").read_text()))
    assert len(documented) == len(Settings._fields)
    assert service["environment"] == dict.fromkeys(sorted(documented, key=list(service["environment"]).index))
    assert service["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{value('EXPOSE')}"]


def test_the_base_image_has_the_projects_python() -> None:
    version = (CHECKOUT / ".python-version").read_text().strip()
    assert value("FROM") == f"python:{version}-slim"


def test_only_what_runs_is_in_the_context() -> None:
    files = context()
    assert {file.partition("/")[0] for file in files} == {"api", "lib", "public", "requirements-server.txt"}
    assert not [file for file in files if "__pycache__" in file]


def test_the_image_is_small(image: Image) -> None:
    added = [image.workdir, *image.root.glob("usr/local/lib/python3*")]
    size = sum(file.stat().st_size for folder in added for file in folder.rglob("*") if file.is_file())
    assert size < MAX_BYTES


def test_it_does_not_run_as_root(container: Container, image: Image) -> None:
    assert int(value("USER").partition(":")[0]) > 0
    if image.user is not None:
        assert Path(f"/proc/{container.process.pid}").stat().st_uid == image.user


def test_it_streams_and_writes_nothing(container: Container, image: Image, upstream: StandIn, account: Account) -> None:
    files = {file for file in image.root.rglob("*") if file.is_file()}
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    pieces = (chunk.choices[0].delta.content or "" for chunk in stream(container, account))
    assert next(filter(None, pieces)) == "ha "
    gate.release()
    assert "".join(pieces) == "ha haha"
    assert "<html" in httpx.get(container.url).text
    assert {file for file in image.root.rglob("*") if file.is_file()} == files


def test_the_health_check_tells_whether_it_answers(container: Container, image: Image) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = {container.environ["PORT"]: 0, str(closed.getsockname()[1]): 1}
        for port, code in ports.items():
            with image.run("HEALTHCHECK", PORT=port) as check:
                check.communicate()
            assert check.returncode == code


def test_at_the_end_it_finishes_what_it_has_begun(container: Container, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    pieces = (chunk.choices[0].delta.content or "" for chunk in stream(container, account))
    assert next(filter(None, pieces)) == "ha "
    container.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        container.process.wait(0.5)
    gate.release()
    assert "".join(pieces) == "ha haha"
    container.process.wait(END_SECONDS)
    assert not upstream.conversations(account)
