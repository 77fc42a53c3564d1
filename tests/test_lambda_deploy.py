"""Deploying to AWS Lambda: what is refused before anything is packed, against a stand-in for Lambda's API."""

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.platforms import aws

pytestmark = pytest.mark.platform

STREAM = "glm-functions-dev-stream"
INDEX = "glm-functions-dev-index"
WITHOUT_URLS = ("cn-north-1", "ap-east-2", "me-central-1")
"""Some of them: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html"""


class LambdaApi:
    """Says what the deployed functions have in their environment, and refuses all else."""

    def __init__(self) -> None:
        self.deployed: dict[str, dict[str, str]] = {}
        """The variables of each function that is there."""
        self.down = False
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> tuple[int, str, Mapping[str, Any]]:
        """The status, the error's name and the body for a call."""
        self.asked.append(path)
        name = path.removeprefix("/2015-03-31/functions/").removesuffix("/configuration")
        if self.down or not path.endswith("/configuration"):
            return 403, "AccessDeniedException", {"Message": "You may not look."}
        if name not in self.deployed:
            return 404, "ResourceNotFoundException", {"Message": "There is none."}
        return 200, "", {"FunctionName": name, "Environment": {"Variables": self.deployed[name]}}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, api: LambdaApi, *connection: Any) -> None:
        self.api = api
        super().__init__(*connection)

    def do_GET(self) -> None:
        status, error, content = self.api.answer(self.path)
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if error:
            self.send_header("x-amzn-errortype", error)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[LambdaApi]:
    found = LambdaApi()
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def service(folder: Path, settings: str) -> Path:
    """A folder with the service, and with `settings` in its file .env."""
    (folder / "serverless.yml").write_text((aws.ROOT / "serverless.yml").read_text())
    (folder / "scripts").symlink_to(aws.ROOT / "scripts")
    (folder / ".env").write_text(settings)
    return folder


def deploy(api: LambdaApi, *arguments: str, **environ: str) -> str:
    """What `osls` says that is told to deploy. It never gets far here: no other API of AWS's is there."""
    command = arguments or ("deploy", "function", "--function", "stream")
    account = {"AWS_ENDPOINT_URL": api.url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = aws.osls(*command, environ=account | environ)
    return done.stdout + done.stderr


@pytest.mark.parametrize("region", WITHOUT_URLS)
def test_a_region_without_function_urls_is_refused(region: str) -> None:
    assert f"Functions have no URLs in {region}" in aws.osls("package", "--region", region).stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        ("--param functions=some", {}, "--param functions=some is not known. Use one of: together, each."),
        ("--param store=redis", {}, "Use one of: dynamodb, none."),
        ("--param runtime=python3.9", {}, "'provider.runtime': must be equal to one of the allowed values"),
        ("--param architecture=arm", {}, "must be equal to one of the allowed values [arm64, x86_64]"),
        ("", {"AWS_REGION": ""}, "AWS_REGION is set, and empty. Remove it, for Tokyo"),
        ("", {"GLM_TOKENS": "x" * 4000}, "bytes, and Lambda takes 4096: about nine tokens."),
    ],
)
def test_what_cannot_be_deployed_is_told_before_it_is(arguments: str, environ: dict[str, str], told: str) -> None:
    done = aws.osls("package", *arguments.split(), environ=environ)
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


def test_functions_may_read_the_tokens_that_a_setting_names_and_nothing_else(tmp_path: Path) -> None:
    folder = service(tmp_path, "GLM_TOKENS=ssm:/glm/tokens,secretsmanager:glm\nGLM_ACCESS_KEYS=k\n")
    printed = json.loads(aws.osls("print", "--format", "json", folder=folder).stdout)
    allowed = {one["Action"][0]: one["Resource"] for one in printed["provider"]["iam"]["role"]["statements"][1:]}
    here = "${AWS::Region}:${AWS::AccountId}"
    assert allowed == {
        "ssm:GetParameter": {"Fn::Sub": f"arn:${{AWS::Partition}}:ssm:{here}:parameter/glm/tokens"},
        "secretsmanager:GetSecretValue": {
            "Fn::Sub": f"arn:${{AWS::Partition}}:secretsmanager:{here}:secret:glm-??????"
        },
    }


def test_a_key_that_a_file_would_cut_is_told(tmp_path: Path) -> None:
    folder = service(tmp_path, "GLM_ACCESS_KEYS=s3cret#1 # mine\n")
    assert "In .env the value of GLM_ACCESS_KEYS would end at its #" in aws.osls("package", folder=folder).stdout


@pytest.mark.parametrize("command", [("deploy",), ("deploy", "function", "--function", "stream")])
def test_tokens_are_not_emptied_by_a_deployment_that_does_not_know_them(
    api: LambdaApi, command: tuple[str, ...]
) -> None:
    api.deployed[STREAM] = {"GLM_TOKENS": "a-secret", "GLM_ACCESS_KEYS": "another"}
    said = deploy(api, *command)
    assert "GLM_TOKENS and GLM_ACCESS_KEYS would be emptied" in said
    assert "secret" not in said


def test_any_function_that_has_them_counts(api: LambdaApi) -> None:
    api.deployed = {STREAM: {"GLM_TOKENS": ""}, INDEX: {"GLM_TOKENS": "t"}}
    assert "GLM_TOKENS would be emptied" in deploy(api, "deploy")


def test_tokens_that_are_set_here_are_deployed(api: LambdaApi) -> None:
    api.deployed[STREAM] = {"GLM_TOKENS": "t", "GLM_ACCESS_KEYS": "k"}
    assert "emptied" not in deploy(api, GLM_TOKENS="new", GLM_ACCESS_KEYS="k")
    assert f"/2015-03-31/functions/{STREAM}/configuration" not in api.asked


def test_who_wants_them_gone_says_so(api: LambdaApi) -> None:
    api.deployed[STREAM] = {"GLM_TOKENS": "t"}
    assert "emptied" not in deploy(api, "deploy", "function", "-f", "stream", "--param", "withoutTokens=yes")


@pytest.mark.parametrize("environment", [None, {}, {"GLM_TOKENS": ""}])
def test_where_there_are_none_nothing_is_lost(api: LambdaApi, environment: dict[str, str] | None) -> None:
    if environment is not None:
        api.deployed[STREAM] = environment
    said = deploy(api)
    assert "emptied" not in said
    assert "could not be found out" not in said


def test_who_may_not_look_is_told(api: LambdaApi) -> None:
    api.down = True
    said = deploy(api)
    assert f"Whether {STREAM} has tokens that are not set here could not be found out" in said
    assert "emptied" not in said


def test_settings_come_from_a_file_too(tmp_path: Path) -> None:
    folder = service(tmp_path, "AWS_REGION=eu-west-3\nGLM_TOKENS=work=t1,t2 # mine\n")
    printed = json.loads(aws.osls("print", "--format", "json", folder=folder).stdout)
    assert printed["provider"]["region"] == "eu-west-3"
    assert printed["provider"]["environment"]["GLM_TOKENS"] == "work=t1,t2"
    assert subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=aws.ROOT).returncode == 0
