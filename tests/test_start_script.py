"""`deploy/run.sh` outside of Lambda: in the zip that docs/deploy.md makes, as a cloud starts it that knows a port."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import openai
import pytest

from tests.bundle import CHECKOUT
from tests.platforms import aws
from tests.upstream import Account, Answer, Gate, StandIn, Text

pytestmark = pytest.mark.platform

START_SECONDS = 20.0
EVERY_ADDRESS = "127.0.0.2"
"""What listens at 127.0.0.1 alone does not answer here."""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, made by the documented commands and unpacked."""
    folder = tmp_path_factory.mktemp("start")
    blocks = re.findall(r"```sh\n(git archive .+?)```", (CHECKOUT / "docs" / "deploy.md").read_text(), re.DOTALL)
    [block] = [block for block in blocks if "deploy/run.sh" in block]
    commands = block.replace("glm.zip", str(folder / "glm.zip")).replace("x86_64", aws.ARCHITECTURE)
    path = f"{aws.packing_python().parent}:/usr/bin:/bin"
    subprocess.run(["sh", "-e", "-c", commands], cwd=CHECKOUT, env={"PATH": path, "HOME": str(folder)}, check=True)
    with ZipFile(folder / "glm.zip") as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, folder / "code")).chmod(entry.external_attr >> 16 or 0o644)
    return folder / "code"


@pytest.fixture
def url(code: Path, upstream: StandIn) -> Iterator[str]:
    with socket.socket() as free:
        free.bind((EVERY_ADDRESS, 0))
        port = free.getsockname()[1]
    environ = {"PORT": str(port), "GLM_CHATGLM_URL": upstream.url, "PATH": "/usr/bin:/bin"}
    environ["PYTHON"] = str(aws.packing_python())
    process = subprocess.Popen([code / "deploy" / "run.sh"], cwd="/", env=environ)
    try:
        url = f"http://{EVERY_ADDRESS}:{port}"
        give_up = time.monotonic() + START_SECONDS
        while not answers(url):
            assert process.poll() is None, "it ended at once"
            assert time.monotonic() < give_up, "it does not listen"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ping").text == "pong"
    except httpx.ConnectError:
        return False


def test_it_streams_and_serves_the_page(url: str, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    with openai.OpenAI(base_url=f"{url}/v1", api_key=account.refresh_token, max_retries=0) as client:
        stream = client.chat.completions.create(
            model="glm-5.3", messages=[{"role": "user", "content": "Laugh."}], stream=True
        )
        pieces = (chunk.choices[0].delta.content or "" for chunk in stream)
        assert next(filter(None, pieces)) == "ha "
        gate.release()
        assert "".join(pieces) == "ha haha"
    assert "<html" in httpx.get(url).text
