"""Runs the small programs of users beside this file, each with the packages that it needs."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bundle import CHECKOUT
from tests.platforms import npm, pypi

PROGRAMS = Path(__file__).parent / "programs"
RUN_SECONDS = 150
"""A program takes seconds, of which most go into its imports; on a busy machine ten times as long."""


def run(name: str, url: str, key: str) -> dict[str, Any]:
    """What came of each case of the program `ask_<name>`. Skips the test where its packages cannot be had."""
    if (program := PROGRAMS / f"ask_{name}.py").exists():
        return _run([str(pypi.need("agents", "python")), str(program)], url, key)
    with TemporaryDirectory() as folder:
        desk = Path(folder)
        (desk / "node_modules").symlink_to(npm.need_set(name) / "node_modules")  # Packages are found beside it alone.
        for program in PROGRAMS.glob("*.mjs"):
            shutil.copy(program, desk)
        return _run(["node", str(desk / f"ask_{name}.mjs")], url, key)


def _run(command: list[str], url: str, key: str) -> dict[str, Any]:
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "URL": url,
            "KEY": key,
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": key,
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
            "LANGSMITH_TRACING": "false",
            "AI_SDK_LOG_WARNINGS": "false",
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
