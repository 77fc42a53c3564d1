"""What a function loads: as little as it can before it is asked, and nothing for features that nobody asked for."""

import subprocess
import sys

import pytest

from tests.bundle import CHECKOUT
from tests.upstream import StandIn

HEAVY = {"httpcore", "httpx", "mangum", "pydantic", "pydantic_core", "redis", "nacl", "PIL"}

LOAD = """
import sys
from {module} import app
print(*sys.modules)
"""
ASK = """
import asyncio, json, sys
from api.index import app

body = json.dumps({body!r}).encode()
scope = {{
    "type": "http", "http_version": "1.1", "scheme": "http", "method": "POST", "root_path": "", "path": "{path}",
    "raw_path": b"{path}", "query_string": b"", "headers": [(b"authorization", b"Bearer {token}")],
}}
received = []

async def receive():
    if body_sent.is_set():
        await asyncio.Event().wait()
    body_sent.set()
    return {{"type": "http.request", "body": body, "more_body": False}}

async def send(message):
    received.append(message)

async def main():
    await app(scope, receive, send)

body_sent = asyncio.Event()
asyncio.run(main())
assert received[0]["status"] == 200, received
print(*sys.modules)
"""


def loaded(code: str, **environ: str) -> set[str]:
    """The modules that a fresh Python has loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, env={"PATH": "", **environ}
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module",
    [
        "api.index",
        "api.openapi",
        "api.ping",
        "api.token.check",
        "api.v1.chat.completions",
        "api.v1.images.generations",
        "api.v1.models",
        "api.v1.videos.generations",
    ],
)
def test_before_it_is_asked_a_function_has_loaded_starlette_and_little_else(module: str) -> None:
    modules = loaded(LOAD.format(module=module))
    assert modules & HEAVY == set()
    assert not [name for name in modules if name.startswith("lib.upstreams.chatglm.")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}], "stream": True}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}),
        ("/v1/images/generations", {"prompt": "a cat"}),
        ("/v1/videos/generations", {"prompt": "a cat"}),
        ("/token/check", {}),
    ],
)
def test_an_answer_needs_neither_httpxs_own_transport_nor_pydantics_models(
    upstream: StandIn, path: str, body: dict[str, object]
) -> None:
    account = upstream.account()
    body = body or {"token": account.refresh_token}
    code = ASK.format(path=path, body=body, token=account.refresh_token)
    modules = loaded(code, GLM_CHATGLM_URL=upstream.url)
    assert modules & HEAVY == {"httpx", "pydantic_core"}
