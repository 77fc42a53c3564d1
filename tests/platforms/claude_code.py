"""The real Claude Code, without a terminal: it reaches the bundle under test and nothing else."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from . import npm

PROGRAM = "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
RUN_SECONDS = 120
"""A run of a few turns takes 2 s; on a busy machine ten times as long."""


class Run(NamedTuple):
    """What came of a prompt."""

    status: int
    said: str
    """Its final answer, or what it says of its failure."""
    errors: str
    session: str
    turns: int


type Claude = Callable[..., Run]


def claude(home: Path, folder: Path, url: str, key: str, prompt: str, *options: str, **environ: str) -> Run:
    """Let it work on `prompt` in `folder`, with a home of its own. Skips the test where it cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    program = _program()
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "IS_SANDBOX": "1",
        # Nothing listens at port 9.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [program, "-p", prompt, "--output-format", "json", "--dangerously-skip-permissions", *options],
        cwd=folder,
        env=settings | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    result = _result(done.stdout)
    return Run(
        done.returncode, result.get("result", ""), done.stderr, result.get("session_id", ""), result.get("num_turns", 0)
    )


def _program() -> str:
    try:
        program = npm.install("claude") / PROGRAM
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"Claude Code is needed on CI: {reason}")
        pytest.skip(f"Claude Code is not available: {reason}")
    return str(program)


def _result(output: str) -> dict[str, Any]:
    """The last line that is a result; what it prints otherwise stands for one."""
    for line in reversed(output.splitlines()):
        if line.startswith("{") and (found := json.loads(line)).get("type") == "result":
            return dict(found)
    return {"result": output}
