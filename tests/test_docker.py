"""The container without an engine: a linter reads the Dockerfile, and its command runs on what the image holds."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
COMPOSE = [CHECKOUT / "deploy" / "compose.yaml", CHECKOUT / "deploy" / "compose.replicas.yaml"]

WORKFLOW = CHECKOUT / ".github" / "workflows" / "image.yml"

START_SECONDS = 10.0
END_SECONDS = 5.0


HEALTH_CHECK, START = map(json.loads, re.findall(r"\bCMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE))
"""How to see whether the container is well, and how it starts: the Dockerfile has them in this order."""


def value(name: str) -> str:
    """What stands behind the Dockerfile's only instruction `name`."""
    [found] = re.findall(rf"^{name} (.*)$", DOCKERFILE.read_text(), re.MULTILINE)
    return str(found)


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


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the image; the packages are those of the tests."""
    folder = tmp_path_factory.mktemp("image")
    for file in context():
        if (CHECKOUT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / file, folder / file)
    return folder


def run(command: list[str], image: Path, **environ: str) -> "subprocess.Popen[str]":
    """Start a command of the Dockerfile as the engine would."""
    return subprocess.Popen(
        command,
        cwd=image,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@dataclass
class Container:
    """A running image."""

    url: str
    process: "subprocess.Popen[str]"
    environ: dict[str, str]


@pytest.fixture
def container(image: Path, upstream: StandIn) -> Iterator[Container]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"PORT": str(port), "GLM_CHATGLM_URL": upstream.url}
    process = run(START, image, **environ)
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


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_files_have_this_form(file: Path) -> None:
    check = str(pypi.need("docker", "check-jsonschema"))
    command = [check, "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_workflow_that_publishes_the_image_has_githubs_form() -> None:
    check = str(pypi.need("docker", "check-jsonschema"))
    command = [check, "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    [publish] = [
        step for step in yaml.safe_load(WORKFLOW.read_text())["jobs"]["publish"]["steps"] if "push" in str(step)
    ]
    assert publish["with"]["platforms"] == "linux/amd64,linux/arm64"


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_passes_every_setting_on(file: Path) -> None:
    service = yaml.safe_load(file.read_text())["services"]["glm"]
    documented = set(re.findall(r"`(GLM_\w+)`", (CHECKOUT / "lib" / "settings.py").read_text()))
    assert len(documented) == len(Settings._fields)
    assert set(service["environment"]) == documented - {"GLM_REPORTS"}  # It is for a server on one's own machine.
    assert {name for name, set_here in service["environment"].items() if set_here} <= {"GLM_TOKEN_STORE"}


def test_compose_publishes_the_port_on_this_machine_alone() -> None:
    service = yaml.safe_load(COMPOSE[0].read_text())["services"]["glm"]
    assert service["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{value('EXPOSE')}"]


def test_the_base_image_has_the_projects_python() -> None:
    version = (CHECKOUT / ".python-version").read_text().strip()
    assert value("FROM") == f"python:{version}-slim"


def test_only_what_runs_is_in_the_context() -> None:
    files = context()
    assert {file.partition("/")[0] for file in files} == {"api", "lib", "public", "requirements"}
    assert [file for file in files if file.startswith("requirements")] == ["requirements/container.txt"]
    assert not [file for file in files if "__pycache__" in file]


def test_all_that_is_in_the_context_is_copied_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (\S+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    assert {file.partition("/")[0] for file in context()} == {path.partition("/")[0] for path in copied}


def test_a_space_of_hugging_face_finds_it() -> None:
    page = (CHECKOUT / "docs" / "deploy.md").read_text()
    [head] = re.findall(r"```yaml\n---\n(.+?)---\n```", page, re.DOTALL)
    facts = yaml.safe_load(head)
    assert (facts["sdk"], str(facts["app_port"])) == ("docker", value("EXPOSE"))


def test_it_does_not_run_as_root() -> None:
    assert int(value("USER").partition(":")[0]) > 0


def test_it_streams_and_serves_the_page(container: Container, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    pieces = (chunk.choices[0].delta.content or "" for chunk in stream(container, account))
    assert next(filter(None, pieces)) == "ha "
    gate.release()
    assert "".join(pieces) == "ha haha"
    assert "<html" in httpx.get(container.url).text


def test_the_health_check_tells_whether_it_answers(container: Container, image: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = {container.environ["PORT"]: 0, str(closed.getsockname()[1]): 1}
        for port, code in ports.items():
            with run(HEALTH_CHECK, image, PORT=port) as check:
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
