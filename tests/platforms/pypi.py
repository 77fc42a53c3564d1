"""Python tools in pinned versions that the project's own environment has no need of, installed on first use.

Each folder beside this file that holds a `requirements.txt`, compiled from its `requirements.in`, is one set of tools.
A set is installed once per requirements file, into `pypi/<set>/<hash of the file>` of the downloads.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.platforms.downloads import DOWNLOADS

SETS = Path(__file__).parent
CACHE = DOWNLOADS / "pypi"
INSTALL_SECONDS = 240
"""Installing takes seconds with a warm cache and about a minute without; a test may take 300 s in all."""


class Unavailable(Exception):
    """A set of tools cannot be installed here; the message says why."""


def install(name: str) -> Path:
    """Return the virtual environment that holds the set `name`, making it where that was not done yet.

    Raises Unavailable where the packages cannot be had.
    """
    requirements = SETS / name / "requirements.txt"
    folder = CACHE / name / hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed beside its place and moved there whole, so that an interrupted or a concurrent run leaves no half of it.
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        staging = Path(scratch) / "set"
        uv = [sys.executable, "-m", "uv"]
        _run(name, [*uv, "venv", "--quiet", "--no-project", "--relocatable", "--python", sys.executable, str(staging)])
        install = [*uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(staging)]
        _run(name, [*install, "--requirement", str(requirements)])
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, and its copy is as good
                raise
    return folder


def need(name: str, command: str) -> Path:
    """Return the executable for a test: where it cannot be had, skip the test saying why; on CI, let it fail."""
    try:
        return install(name) / "bin" / command
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"{command} is needed on CI: {reason}")
        pytest.skip(f"{command} is not available: {reason}")


def _run(name: str, command: list[str]) -> None:
    # The environment of the tests is not the one that is made.
    environ = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=environ)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"installing {name} did not end within {INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"installing {name} failed: {error.stderr.strip()[-2000:]}") from None
