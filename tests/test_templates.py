"""Templates that need no osls: SAM's, and that of Lambda Web Functions, with the app behind uvicorn as it is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lib import settings
from tests.bundle import CHECKOUT, serve
from tests.platforms import aws, pypi
from tests.upstream import Account, Answer, Gate, StandIn, Text
from tests.wires.messages import client

TEMPLATE = CHECKOUT / "deploy" / "web-function.yaml"
ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "glm",
    "AWS_LAMBDA_HTTP_ENDPOINT": "127.0.0.1:8080",
    "AWS_REGION": "ap-northeast-1",
}


@pytest.mark.parametrize("template", ["web-function.yaml", "sam.yaml"])
def test_the_template_is_valid_in_tokyo(template: str) -> None:
    cfn_lint = Path(sys.executable).parent / "cfn-lint"
    command = [str(cfn_lint), "--regions", "ap-northeast-1", "--template", str(CHECKOUT / "deploy" / template)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.minutes
def test_sam_validates_and_builds_its_template(tmp_path: Path) -> None:
    sam = str(pypi.need("sam", "sam"))
    environ = {
        "HOME": str(tmp_path),
        "PATH": f"{aws.packing_python().parent}:/usr/bin:/bin",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
    }
    template = ["--template", str(CHECKOUT / "deploy" / "sam.yaml")]
    for command in (["validate", "--lint", *template], ["build", *template, "--build-dir", str(tmp_path / "built")]):
        done = subprocess.run([sam, *command], cwd=CHECKOUT, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    built = tmp_path / "built" / "Stream"
    assert (built / "deploy" / "run.sh").stat().st_mode & 0o111
    assert (built / "uvicorn").is_dir()
    assert (built / "api" / "index.py").is_file()


def test_the_url_of_sams_function_has_both_permissions() -> None:
    permissions = re.findall(r"Action: (lambda:Invoke\w+)", (CHECKOUT / "deploy" / "sam.yaml").read_text())
    assert permissions == ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]


def test_the_template_names_the_app_and_says_how_long_a_request_may_take() -> None:
    text = TEMPLATE.read_text()
    assert "AWS_LAMBDA_PYTHON_ENTRYPOINT: asgi:api.index:app" in text
    assert f"TimeoutSeconds: {settings.MAX_DURATION:.0f}" in text
    assert f'GLM_MAX_DURATION: "{settings.MAX_DURATION:.0f}"' in text


def test_an_answer_comes_while_it_is_written(upstream: StandIn, account: Account) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    with serve({"GLM_CHATGLM_URL": upstream.url, **ENVIRON}) as bundle:
        official = client(bundle.url, account)
        messages = [{"role": "user", "content": "Laugh."}]
        with official, official.messages.stream(model="glm-5.3", max_tokens=9, messages=messages) as events:  # type: ignore[arg-type]
            words = iter(events.text_stream)
            assert next(words) == "ha "
            gate.release()
            assert "".join(words) == "ha haha"
