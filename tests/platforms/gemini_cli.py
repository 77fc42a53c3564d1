"""The real Gemini CLI, without a terminal: it reaches the bundle under test and nothing else."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import npm

RUN_SECONDS = 120
"""A run of a few turns takes 5 s; on a busy machine ten times as long."""

_SETTINGS = {
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
}


class Run(NamedTuple):
    """What came of a prompt."""

    status: int
    said: str
    """Its final answer."""
    errors: str
    """All else that it printed."""


type Gemini = Callable[..., Run]


def gemini(home: Path, folder: Path, url: str, key: str, prompt: str, *options: str, model: str = "glm-5.3") -> Run:
    """Let it work on `prompt` in `folder`, with a home of its own. Skips the test where it cannot be had."""
    program = npm.need("gemini", "gemini")
    (home / ".gemini").mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (home / ".gemini" / "settings.json").write_text(json.dumps(_SETTINGS))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GEMINI_API_KEY": key,
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_SANDBOX": "false",
        # Nothing listens at port 9.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "CI": "1",
    }
    done = subprocess.run(
        [str(program), "--model", model, "--yolo", *options, "--prompt", prompt],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout.strip(), done.stderr)
