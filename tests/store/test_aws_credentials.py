"""What AWS keeps for a deployment: its tokens, in a parameter or a secret, and the credentials of a container."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from lib.store.aws_api import AwsApi
from tests.bundle import serve
from tests.dynamodb_server import ENVIRON
from tests.upstream import StandIn


class Aws:
    """One address for SSM, Secrets Manager and a container's credentials, which notes who asked for what."""

    def __init__(self) -> None:
        self.value = ""
        self.lifetime = 3600.0
        self.refusal = ""
        self.asked: list[tuple[str, Any, str]] = []
        """Of each call what it asked for, its arguments, and the key that signed it."""
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = 1 + sum(what == "credentials" for what, *_ in aws.asked)
                aws.asked.append(("credentials", self.path, self.headers["Authorization"]))
                until = (datetime.now(UTC) + timedelta(seconds=aws.lifetime)).strftime("%Y-%m-%dT%H:%M:%SZ")
                key = {"AccessKeyId": f"AKID{number}", "SecretAccessKey": "s", "Token": "t", "Expiration": until}
                self.answer(200, key)

            def do_POST(self) -> None:
                arguments = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                signer = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
                aws.asked.append((self.headers["X-Amz-Target"], arguments, signer))
                if aws.refusal:
                    self.answer(400, {"__type": aws.refusal})
                elif "SSM" in self.headers["X-Amz-Target"]:
                    self.answer(200, {"Parameter": {"Value": aws.value}})
                else:
                    self.answer(200, {"SecretString": aws.value})

            def answer(self, status: int, content: object) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    found = Aws()
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def ask(url: str) -> httpx.Response:
    body = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hi"}]}
    return httpx.post(f"{url}/v1/chat/completions", json=body, headers={"Authorization": "Bearer k"}, timeout=30)


@pytest.mark.parametrize(
    ("reference", "target", "arguments"),
    [
        ("ssm:/glm/tokens", "AmazonSSM.GetParameter", {"Name": "/glm/tokens", "WithDecryption": True}),
        ("secretsmanager:glm", "secretsmanager.GetSecretValue", {"SecretId": "glm"}),
    ],
)
def test_tokens_are_read_where_they_are_once_and_again_after_a_refusal(
    aws: Aws, upstream: StandIn, reference: str, target: str, arguments: object
) -> None:
    aws.value = f"work={upstream.account().refresh_token}\n{upstream.account().refresh_token}"
    environ = {**ENVIRON, "AWS_ENDPOINT_URL": aws.url, "GLM_TOKENS": reference, "GLM_ACCESS_KEYS": "k"}
    with serve({"GLM_CHATGLM_URL": upstream.url, **environ}) as bundle:
        assert httpx.get(f"{bundle.url}/ping").headers["x-deployment"] == "access-key"
        assert aws.asked == []
        assert [ask(bundle.url).status_code for _ in range(3)] == [200] * 3
        assert aws.asked == [(target, arguments, ENVIRON["AWS_ACCESS_KEY_ID"])]


def test_what_cannot_be_read_is_told_by_name(aws: Aws, upstream: StandIn) -> None:
    aws.refusal = "ParameterNotFound"
    environ = {**ENVIRON, "AWS_ENDPOINT_URL": aws.url, "GLM_TOKENS": "ssm:/glm/tokens", "GLM_ACCESS_KEYS": "k"}
    with serve({"GLM_CHATGLM_URL": upstream.url, **environ}) as bundle:
        refused = ask(bundle.url)
        assert refused.status_code == 503
        assert "GLM_TOKENS names ssm:/glm/tokens, which cannot be read: ParameterNotFound." in refused.text
        aws.refusal, aws.value = "", upstream.account().refresh_token
        assert ask(bundle.url).status_code == 200


@pytest.mark.anyio
async def test_tokens_are_read_again_after_a_refusal_but_not_with_every_request(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib import settings
    from lib.store import token_source

    monkeypatch.setattr(settings, "held", settings._Held())
    chosen = settings.Settings.read({"GLM_TOKENS": "ssm:/glm/tokens"})
    monkeypatch.setattr(settings, "configured", lambda: chosen)
    environ = {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}
    aws.value = "first-token-of-mine"
    await token_source.load(environ)
    aws.value = "second-token-of-mine"
    settings.held.doubted = True
    await token_source.load(environ)
    assert settings.current().tokens == ("first-token-of-mine",)
    settings.held.read_at = time.monotonic() - token_source.READ_AGAIN_AFTER - 1
    await token_source.load(environ)
    assert settings.current().tokens == ("second-token-of-mine",)
    aws.refusal = "AccessDeniedException"
    settings.held.doubted, settings.held.read_at = True, settings.held.read_at - 1000
    await token_source.load(environ)
    assert settings.current().tokens == ("second-token-of-mine",)


@pytest.mark.anyio
@pytest.mark.parametrize(("lifetime", "keys"), [(3600.0, ["AKID1", "AKID1"]), (200.0, ["AKID1", "AKID2"])])
async def test_a_containers_credentials_are_used_and_renewed_before_they_end(
    aws: Aws, lifetime: float, keys: list[str]
) -> None:
    aws.lifetime = lifetime
    environ = {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.url}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in",
    }
    api = AwsApi("ssm", "AmazonSSM", environ)
    for _ in keys:
        await api.call("GetParameter", {"Name": "x"})
    await api.aclose()
    assert [signer for what, _, signer in aws.asked if what != "credentials"] == keys
    assert ("credentials", "/v1/credentials", "let me in") in aws.asked
