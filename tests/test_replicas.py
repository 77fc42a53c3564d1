"""Two of the bundle behind nginx, with one Redis, as `compose.replicas.yaml` has them: run here without an engine."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest
import yaml  # type: ignore[import-untyped]

from lib import settings
from tests.bundle import CHECKOUT, Bundle, serve
from tests.redis_server import RedisServer
from tests.upstream import BUSY, Account, Answer, Gate, StandIn, Text

CONFIGURATION = CHECKOUT / "deploy" / "nginx.conf"
COMPOSE = CHECKOUT / "deploy" / "compose.replicas.yaml"
START_SECONDS = 10.0
HELLO: Any = [{"role": "user", "content": "Hello"}]


class Replicas(NamedTuple):
    """What callers see, and what is behind it."""

    url: str
    bundles: list[Bundle]

    def client(self, key: str) -> openai.OpenAI:
        """The official client."""
        return openai.OpenAI(api_key=key, base_url=f"{self.url}/v1", max_retries=0)


@pytest.fixture(scope="module")
def replicas(stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        environ = {"GLM_CHATGLM_URL": stand_in.url, "GLM_TOKEN_STORE": redis.url}
        bundles = [stack.enter_context(serve(environ)) for _ in range(2)]
        url = stack.enter_context(nginx(bundles, tmp_path_factory.mktemp("nginx")))
        yield Replicas(url, bundles)


def program() -> str:
    """Debian's nginx; skips the test where there is none."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        assert not os.environ.get("CI"), "nginx is needed on CI"
        pytest.skip("nginx was not found: apt-get install nginx")
    return found


@contextmanager
def nginx(bundles: list[Bundle], folder: Path) -> Iterator[str]:
    """The project's nginx, with these behind it; yields its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    servers = "".join(f"server {bundle.url.removeprefix('http://')};" for bundle in bundles)
    text = CONFIGURATION.read_text()
    # What Docker's names stand for. Debian's nginx is older than the image's, and knows no `resolve`.
    for place, here in (
        ("server glm:8000 resolve;", servers),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("/tmp/", f"{folder}/"),
    ):
        assert place in text
        text = text.replace(place, here)
    user = "user root;\n" if os.geteuid() == 0 else ""  # Nobody else may look into the folder.
    (folder / "nginx.conf").write_text(f"daemon off;\n{user}{text}")
    command = [program(), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    process = subprocess.Popen(command)
    try:
        wait_for_port(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert process.poll() is None, "nginx ended at once"
            assert time.monotonic() < give_up, "nginx does not listen"
            time.sleep(0.02)


def pieces(replicas: Replicas, account: Account) -> Iterator[str]:
    """The words of a streamed answer, as they come."""
    stream = replicas.client(account.refresh_token).chat.completions.create(model="g", messages=HELLO, stream=True)
    return (text for chunk in stream if chunk.choices and (text := chunk.choices[0].delta.content))


def test_a_stream_passes_as_it_is_written(replicas: Replicas, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    text = pieces(replicas, account)
    assert next(text) == "ha "
    assert gate.sent == 1
    gate.release()
    assert "".join(text) == "ha haha"


def test_a_client_that_leaves_is_noticed_behind_nginx(replicas: Replicas, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha"), gate=gate))
    client = replicas.client(account.refresh_token)
    stream = client.chat.completions.create(model="g", messages=HELLO, stream=True)
    assert any(chunk.choices[0].delta.content for chunk in stream)
    stream.close()
    client.close()
    upstream.wait_for(lambda: not upstream.conversations(account))
    gate.release()


def test_both_serve_and_take_turns_on_an_account(replicas: Replicas, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("one ", "two"), delay=0.02), times=None)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: "".join(pieces(replicas, account)), range(6)))
    assert answers == ["one two"] * 6
    assert not [one for one in upstream.requests("chat") if one.code == BUSY]
    served = [sum(line.get("path") == "/v1/chat/completions" for line in bundle.log()) for bundle in replicas.bundles]
    assert min(served) >= 2
    assert len(upstream.requests("refresh", account)) == 1


def test_many_tokens_and_a_large_file_pass(replicas: Replicas, account: Account) -> None:
    tokens = ",".join([*(f"{account.expired_refresh_token()}{number}" for number in range(99)), account.refresh_token])
    assert replicas.client(tokens).chat.completions.create(model="g", messages=HELLO).choices
    response = httpx.post(f"{replicas.url}/v1/chat/completions", content=b" " * (settings.Settings().max_file_bytes))
    assert response.status_code == 401  # Nobody's, but not too large.


def test_when_one_is_gone_the_other_answers(replicas: Replicas, account: Account) -> None:
    gone, *_ = replicas.bundles
    gone.process.terminate()
    gone.process.wait()
    for _ in range(4):
        assert replicas.client(account.refresh_token).chat.completions.create(model="g", messages=HELLO).choices


def test_the_documented_lines_are_nginxs(tmp_path: Path) -> None:
    [lines] = re.findall(r"```nginx\n(.+?)```", (CHECKOUT / "docs" / "deploy.md").read_text(), re.DOTALL)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ server {{ listen 127.0.0.1:1;\n{lines} }} }}"
    )
    command = [program(), "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-t"]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr


def test_nginx_waits_longer_than_an_answer_may_take() -> None:
    waits = re.search(r"proxy_read_timeout (\d+)s;", CONFIGURATION.read_text())
    assert waits
    assert int(waits[1]) > settings.MAX_DURATION


def test_compose_mounts_it_where_it_listens() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert services["nginx"]["volumes"] == ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
    [listens] = re.findall(r"listen (\d+);", CONFIGURATION.read_text())
    assert services["nginx"]["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{listens}"]
    assert services["glm"]["deploy"]["replicas"] == 2
    assert "ports" not in services["glm"]
    assert services["glm"]["environment"]["GLM_TOKEN_STORE"] == "redis://redis"
