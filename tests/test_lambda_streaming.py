"""The bundle on AWS Lambda, streamed: the web server that the Lambda Web Adapter starts and calls."""

import http.client
import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import openai
import pytest
from openai import Stream
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from tests.platforms import aws
from tests.platforms.aws import Package, Server
from tests.upstream import Account, Answer, Error, Gate, StandIn, Text

pytestmark = pytest.mark.platform

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Laugh."}]


@pytest.fixture(scope="module")
def package() -> Package:
    return aws.package()


@pytest.fixture(scope="module")
def server(package: Package, stand_in: StandIn) -> Iterator[Server]:
    with Server(package, GLM_CHATGLM_URL=stand_in.url) as server:
        yield server


def stream(server: Server, account: Account, headers: dict[str, str] | None = None) -> Stream[ChatCompletionChunk]:
    """Ask for a streamed answer, as the adapter passes it on."""
    return server.client(account.refresh_token).chat.completions.create(
        model="glm-5.3", messages=MESSAGES, stream=True, extra_headers=headers or aws.context(900)
    )


def words(chunks: Iterable[ChatCompletionChunk]) -> Iterator[str]:
    """Yield the pieces of the answer's text."""
    return (text for chunk in chunks for choice in chunk.choices if (text := choice.delta.content))


# --- The template


def test_the_adapter_runs_the_script(package: Package) -> None:
    properties = package.function("stream")
    assert properties["Handler"] == "deploy/run.sh"
    variables = properties["Environment"]["Variables"]
    assert {key: value for key, value in variables.items() if not key.startswith("GLM_")} == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap",
        "AWS_LWA_INVOKE_MODE": "response_stream",
        "AWS_LWA_READINESS_CHECK_PATH": "/ping",
        "PORT": "8000",
        "PYTHON": "python3.12",
    }
    with ZipFile(package.zip("stream")) as archive:
        assert archive.getinfo("deploy/run.sh").external_attr >> 16 & 0o111 == 0o111


def test_only_its_url_streams(package: Package) -> None:
    streaming = [url for url in package.resources("AWS::Lambda::Url") if url.get("InvokeMode") == "RESPONSE_STREAM"]
    assert [url["TargetFunctionArn"] for url in streaming] == [{"Fn::GetAtt": ["StreamLambdaFunction", "Arn"]}]


@pytest.mark.parametrize(
    ("options", "layer"),
    [
        ("", "LambdaAdapterLayerX86:30"),
        ("--region eu-central-1 --param architecture=arm64", "LambdaAdapterLayerArm64:30"),
        ("--region me-south-1", "LambdaAdapterLayerX86:27"),
        ("--region me-south-1 --param adapterVersion=31", "LambdaAdapterLayerX86:31"),
    ],
)
def test_each_region_has_its_layer(options: str, layer: str) -> None:
    function = aws.configuration(*options.split())["functions"]["stream"]
    # CloudFormation puts in the partition (aws, aws-cn) and the region that it deploys to.
    assert function["layers"] == [
        {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:753240598075:layer:{layer}"}
    ]


# --- The server


def test_the_first_fragment_comes_before_the_last_was_sent(upstream: StandIn, account: Account, server: Server) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    text = words(stream(server, account))
    assert next(text) == "ha "
    assert gate.sent == 1
    gate.release()
    assert "".join(text) == "ha haha"
    upstream.wait_for(lambda: not upstream.conversations(account))


def test_whole_answers_and_the_other_endpoints(upstream: StandIn, account: Account, server: Server) -> None:
    upstream.script(Answer(Text("ha ", "ha ", "haha")))
    client = server.client(account.refresh_token)
    completion = client.chat.completions.create(model="glm-5.3", messages=MESSAGES)
    assert completion.choices[0].message.content == "ha ha haha"
    assert "glm-5.3" in [model.id for model in client.models.list()]
    assert httpx.get(f"{server.url}/ping").text == "pong"


def test_errors_are_the_clients_own(upstream: StandIn, account: Account, server: Server) -> None:
    with pytest.raises(openai.AuthenticationError):
        server.client("no-token").chat.completions.create(model="glm-5.3", messages=MESSAGES)
    upstream.script(Answer(Text("Half an "), ending=Error(), delay=0.5))
    text = words(stream(server, account))
    assert next(text) == "Half an "
    with pytest.raises(openai.APIError) as broken:
        next(text)
    assert not isinstance(broken.value, openai.APIStatusError)


def test_it_ends_before_the_invocation_does(upstream: StandIn, account: Account, server: Server) -> None:
    upstream.script(Answer(Text("The first words", "the last words"), gate=Gate(after=1)))
    ends_at = time.monotonic() + 3
    chunks = list(stream(server, account, aws.context(3)))
    assert time.monotonic() < ends_at
    assert "".join(words(chunks)) == "The first words"
    assert chunks[-1].choices[0].finish_reason == "length"


def test_when_the_client_leaves_nothing_goes_on(upstream: StandIn, account: Account, server: Server) -> None:
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=Gate(after=1)))
    chunks = stream(server, account)
    next(words(chunks))
    assert upstream.conversations(account)
    chunks.close()
    upstream.wait_for(lambda: not upstream.running(account) and not upstream.conversations(account))


def test_it_is_one_process_that_writes_one_line_for_each_request(package: Package, upstream: StandIn) -> None:
    with Server(package, GLM_CHATGLM_URL=upstream.url) as server:
        assert httpx.get(f"{server.url}/v1/models").status_code == 200
        pid = server.process.pid
        assert b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()  # the shell is gone
        assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
    lines = [json.loads(line) for line in server.process.log.splitlines()]
    assert [line["path"] for line in lines if line["path"] != "/ping"] == ["/v1/models"]


def test_only_the_packages_of_the_zip_are_imported(package: Package, tmp_path: Path) -> None:
    """What Lambda's runtime brings along does not get in the way."""
    for name in ("httpx", "pydantic", "starlette", "uvicorn"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')")
    with Server(package, PYTHONPATH=str(tmp_path)) as server:
        assert httpx.get(f"{server.url}/ping").status_code == 200


def test_a_connection_is_kept_longer_than_the_adapter_keeps_it(package: Package, server: Server) -> None:
    script = (package.unpack("stream") / "deploy/run.sh").read_text()
    kept = re.search(r"--timeout-keep-alive (\d+)", script)
    assert kept
    # The adapter's AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS is 4, and a frozen function may see time jump.
    assert int(kept[1]) > 4 * 10
    connection = http.client.HTTPConnection(*server.url.removeprefix("http://").split(":"))  # type: ignore[arg-type]
    for _ in range(2):
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        assert answer.read() == b"pong"
        assert not answer.will_close
    connection.close()
