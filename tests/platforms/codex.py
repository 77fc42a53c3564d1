"""The real Codex, without a terminal: it reaches the bundle under test and nothing else."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from . import npm

PROGRAM = "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"
RUN_SECONDS = 120
"""A run of a few turns takes 2 s; on a busy machine ten times as long."""

CONFIG = """\
model = "{model}"
model_provider = "glm"
check_for_update_on_startup = false

[model_providers.glm]
name = "GLM"
base_url = "{url}/v1"
{key}

[analytics]
enabled = false
"""
KEY_FROM_COMMAND = 'auth = { command = "printenv", args = ["GLM_KEY"] }'
"""The key as a command prints it: so Codex asks for the list of models, too."""
KEY_FROM_ENVIRONMENT = 'env_key = "GLM_KEY"'


class Run(NamedTuple):
    """What came of a prompt."""

    status: int
    said: str
    """Its final answer."""
    errors: str
    """All else that it printed."""


type Codex = Callable[..., Run]


def codex(
    home: Path, folder: Path, url: str, key: str, prompt: str, *, model: str, key_from: str = KEY_FROM_COMMAND
) -> Run:
    """Let it work on `prompt` in `folder`, with a home of its own. Skips the test where it cannot be had."""
    home.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(CONFIG.format(model=model, url=url, key=key_from))
    options = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "GLM_KEY": key,
        # Nothing listens at port 9.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [_program(), "exec", *options, prompt],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout.strip(), done.stderr)


def _program() -> str:
    try:
        program = npm.install("codex") / PROGRAM
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"Codex is needed on CI: {reason}")
        pytest.skip(f"Codex is not available: {reason}")
    return str(program)
